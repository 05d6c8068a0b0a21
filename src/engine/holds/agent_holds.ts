/**
 * The agents whose providers refuse them for a time: how a hold begins, who tries first when its time is over, and how it ends.
 * Holds are stored, so that a restart and other nodes keep them.
 */
import { isDeepStrictEqual } from "node:util";
import { getLogger } from "@logtape/logtape";
import { type Clock, epochOf, type Timer } from "../../clock/clock.ts";
import { type Actor, SERVER } from "../../domain/actor.ts";
import {
  afterGoodTurn,
  concerns,
  heldAfter,
  type Hold,
  holdId,
  isHeld,
  opened,
  type Refused,
  released,
} from "../../domain/hold.ts";
import type { Lease } from "../../domain/lease.ts";
import type { Refusal } from "../../domain/run.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import type { TaskIndex } from "../../read/task_index.ts";
import type { Store } from "../../store/open.ts";
import type { EventBus } from "../events.ts";
import { AgentChains, type AgentChainsOptions } from "./agent_chains.ts";
import { type AgentPlace, AgentPlaces } from "./agent_places.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** A changed wall clock is noticed within this time. */
const CLOCK_CHECK_MS = 60_000;
/** A hold that has been over for so long says nothing any more. */
const FORGOTTEN_MS = 86_400_000;

export interface AgentHoldsOptions extends AgentChainsOptions {
  clock: Clock;
  store: Pick<Store, "holds" | "node" | "changes">;
  index: Pick<TaskIndex, "find">;
  bus: Pick<EventBus, "publish">;
}

export class AgentHolds {
  /** Which tasks wait for whom. */
  readonly places: AgentPlaces;
  readonly #options: AgentHoldsOptions;
  readonly #chains: AgentChains;
  /** The tasks that this node has let go first, until their attempts are over. */
  readonly #going = new Set<string>();
  #changed: () => void = () => {};
  #alarm: Timer | undefined;
  #isOpen = false;

  constructor(options: AgentHoldsOptions) {
    this.#options = options;
    const { clock, store, index } = options;
    this.#chains = new AgentChains(options);
    this.places = new AgentPlaces({
      clock,
      store,
      index,
      chains: this.#chains,
      isGoing: (task_id) => this.#going.has(task_id),
    });
    store.changes.subscribe("hold", (changes) => {
      for (const { before, after } of changes) {
        const hold = after?.state;
        const is_new = hold !== undefined && hold.began_at !== before?.state.began_at;
        const agent = (hold ?? before?.state)?.agent;
        if (is_new) sayHeld(hold);
        if (agent !== undefined) options.bus.publish({ kind: "agent.hold_changed", agent, hold, is_new });
      }
      this.#setAlarm();
      this.#changed();
    });
  }

  /** Begins to end holds when their time is over. */
  open(): void {
    this.#isOpen = true;
    this.#setAlarm();
  }

  close(): void {
    this.#isOpen = false;
    this.#alarm?.cancel();
  }

  /** `changed` is called when tasks that wait may have to wait no longer, or others may have to. */
  listen(changed: () => void): void {
    this.#changed = changed;
  }

  /** Forgets holds of agents that are no longer configured, and those that are long over. */
  async clear(): Promise<void> {
    await this.#options.store.holds.update(() => ({ removes: this.#forgotten() }), SERVER);
  }

  #setAlarm(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    const { clock, store } = this.#options;
    // One that is over may be so no longer, if the clock is set back.
    if (!this.#isOpen || ![...store.holds.values()].some(({ state }) => !state.is_open)) return;
    const ends = [...this.places.held()].map(({ until }) => epochOf(until) - clock.now());
    const delay_ms = Math.max(0, Math.min(CLOCK_CHECK_MS, ...ends));
    this.#alarm = clock.after(delay_ms, () => {
      this.#setAlarm();
      this.#changed();
    });
  }

  /**
   * Before the task's attempt begins: if its agent's hold is over and untried, it goes first. Returns whether the attempt may
   * begin; not if another node was faster. Throws what the store throws.
   */
  async enter({ id }: TaskRecord, { untried }: AgentPlace, lease: Lease): Promise<boolean> {
    if (untried.length === 0) return true;
    this.#going.add(id);
    let isFirst = true;
    await this.#options.store.holds.update((view) => {
      const holds = untried.flatMap((hold_id) => view.get(hold_id) ?? []).filter(({ state }) =>
        !state.is_open
      );
      isFirst = holds.every(({ state }) => this.places.whyHeld(state, id) === undefined);
      if (!isFirst) return {};
      const first = { task_id: id, lease };
      return { updates: holds.map((hold) => ({ id: hold.id, state: { ...hold.state, first } })) };
    }, SERVER);
    return isFirst;
  }

  /** The task's agent has said or done something. If it went first, the others follow. */
  noteOutput(task_id: string): void {
    if (!this.#going.has(task_id)) return;
    void this.#amend("opened", (hold) => hold.first?.task_id === task_id ? opened(hold) : hold);
  }

  /** Nothing of the task's attempt is left. If it went first, and that told nothing, another one does. */
  leave(task_id: string): void {
    if (!this.#going.delete(task_id)) return;
    void this.#amend("left", (hold) => {
      if (hold.first?.task_id !== task_id) return hold;
      const { first: _, ...left } = hold;
      return left;
    });
    this.#changed();
  }

  /** The provider has refused a turn of the task. Resolves when the agent is held. Throws what the store throws. */
  async refused(task: TaskRecord, agent: string, refusal: Refusal): Promise<void> {
    const { clock, store } = this.#options;
    const about = this.#about(task, agent, refusal);
    const id = holdId(about);
    const chance = clock.random();
    await store.holds.update((view) => {
      const before = view.get(id)?.state;
      const state = heldAfter(before, about, refusal, clock.now(), chance);
      if (before && isDeepStrictEqual(before, state)) return {};
      const removes = this.#forgotten().filter((one) => one !== id);
      return before ? { updates: [{ id, state }], removes } : { creates: [{ id, spec: {}, state }], removes };
    }, SERVER);
  }

  /** A turn of the task has ended well: its provider refuses the agent no longer. */
  noteGoodTurn(task: TaskRecord, agent: string): void {
    const { clock, store } = this.#options;
    if (store.holds.size === 0) return;
    const model = this.#chains.modelOf(task, agent);
    const now = clock.now();
    void this.#amend("removed", (hold) => concerns(hold, agent, model) ? afterGoodTurn(hold, now) : hold);
  }

  /** A person says that the agent need not wait any longer. Returns whether it did. Throws what the store throws. */
  async release(agent: string, by: Actor): Promise<boolean> {
    const { clock, store } = this.#options;
    let wasHeld = false;
    await store.holds.update((view) => {
      const now = clock.now();
      const held = [...view.values()].filter(({ state }) => state.agent === agent && isHeld(state, now));
      wasHeld = held.length > 0;
      return { updates: held.map(({ id, state }) => ({ id, state: released(state, now) })) };
    }, by);
    return wasHeld;
  }

  /** What a refusal is about: the model alone if it names one, by the name that the task calls it by. */
  #about(task: TaskRecord, agent: string, { model: named }: Refusal): Refused {
    if (named === undefined) return { agent };
    const model = this.#chains.modelOf(task, agent);
    return model === undefined ? { agent, model: named, unnamed: true } : { agent, model };
  }

  /** Changes each hold for which `change` returns another one, and removes those for which it returns nothing. */
  async #amend(what: string, change: (hold: Hold) => Hold | undefined): Promise<void> {
    try {
      await this.#options.store.holds.update((view) => {
        const updates: { id: string; state: Hold }[] = [];
        const removes: string[] = [];
        for (const { id, state } of view.values()) {
          const next = change(state);
          if (next === undefined) removes.push(id);
          else if (next !== state) updates.push({ id, state: next });
        }
        return { updates, removes };
      }, SERVER);
    } catch (error) {
      // The next turn of the agent makes up for it.
      log.warn("The hold of an agent could not be {what}: {error}", { what, error });
    }
  }

  #forgotten(): string[] {
    const { store, clock, settings } = this.#options;
    const until_ms = clock.now() - FORGOTTEN_MS;
    return [...store.holds.values()]
      .filter(({ state }) => !Object.hasOwn(settings.agents, state.agent) || epochOf(state.until) < until_ms)
      .map(({ id }) => id);
  }
}

function sayHeld({ agent, model, until, reason }: Hold): void {
  const what = model === undefined ? "" : ` with the model '${model}'`;
  log.warn("Tasks of agent '{agent}'{what} wait until {until}: {reason}", { agent, what, until, reason });
}
