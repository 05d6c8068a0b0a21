/**
 * The agents whose providers refuse them for a time: which tasks wait for that, who goes first when it is over, and to which
 * agent a task falls back meanwhile. Holds are stored, so that a restart and other nodes keep them.
 */
import { isDeepStrictEqual } from "node:util";
import { getLogger } from "@logtape/logtape";
import { type Clock, epochOf, type Timer } from "../clock/clock.ts";
import type { AgentConfig } from "../domain/agent_config.ts";
import { type Actor, SERVER } from "../domain/actor.ts";
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
} from "../domain/hold.ts";
import { heldTo } from "../domain/permission_decision.ts";
import type { Lease } from "../domain/lease.ts";
import type { LimitAction } from "../domain/retrying.ts";
import type { Refusal } from "../domain/run.ts";
import { executionOf, type TaskRecord } from "../domain/task_record.ts";
import type { TaskIndex } from "../read/task_index.ts";
import type { Store } from "../store/open.ts";
import type { EventBus } from "./events.ts";
import type { TaskSettings } from "./projects.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** A changed wall clock is noticed within this time. */
const CLOCK_CHECK_MS = 60_000;
/** A hold that has been over for so long says nothing any more. */
const FORGOTTEN_MS = 86_400_000;

/** What a task of a held agent waits for. */
export interface HeldAgent {
  agent: string;
  /** ISO 8601. In the past while another task goes first. */
  until: string;
  reason: string;
}

/** By which agent a task would run now. */
export interface AgentPlace {
  agent: string;
  /** Why it may not. */
  held?: HeldAgent;
  /** The ids of the holds that are over, but that no task has tried yet: it would be the first. */
  untried: readonly string[];
}

export interface AgentHoldsOptions {
  clock: Clock;
  store: Pick<Store, "holds" | "node" | "changes">;
  index: Pick<TaskIndex, "find">;
  bus: Pick<EventBus, "publish">;
  /** Whether the agent can be held to `ask` and `deny`. */
  canHold(agent: AgentConfig): boolean;
  settings: Pick<TaskSettings, "agentFor" | "executionOf"> & {
    agents: Readonly<Record<string, AgentConfig>>;
    provider_limit: { action?: LimitAction };
  };
}

export class AgentHolds {
  readonly #options: AgentHoldsOptions;
  /** The tasks that this node has let go first, until their attempts are over. */
  readonly #going = new Set<string>();
  #changed: () => void = () => {};
  #alarm: Timer | undefined;
  #isOpen = false;

  constructor(options: AgentHoldsOptions) {
    this.#options = options;
    options.store.changes.subscribe("hold", (changes) => {
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
    const ends = [...this.#held()].map(({ until }) => epochOf(until) - clock.now());
    const delay_ms = Math.max(0, Math.min(CLOCK_CHECK_MS, ...ends));
    this.#alarm = clock.after(delay_ms, () => {
      this.#setAlarm();
      this.#changed();
    });
  }

  // ---- what waits

  /** By which agent the task would run: its own, unless that one is held and another may take its place. */
  placeOf(task: TaskRecord): AgentPlace {
    const chain = this.#chainOf(task);
    const places = chain.map((agent) => this.#placeAt(task, agent));
    const free = places.find((place) => place.held === undefined);
    if (free) return free;
    return places.reduce((a, b) => epochOf(b.held!.until) < epochOf(a.held!.until) ? b : a);
  }

  /** Whether the task may not start with this agent now. */
  isHeld(task: TaskRecord, agent: string): boolean {
    return this.#placeAt(task, agent).held !== undefined;
  }

  /** The agents that may run the task. */
  mayRun(task: TaskRecord): readonly string[] {
    return this.#chainOf(task);
  }

  /** What the task shares with those that wait for the same. */
  laneOf(task: TaskRecord): readonly (string | undefined)[] {
    const chain = this.#chainOf(task);
    return [...chain, this.#modelOf(task, chain[0]!), this.#ownModel(task)];
  }

  /** The hold of this agent with all its models, if there is one. */
  heldOf(agent: string): Hold | undefined {
    return [...this.#held()].find((one) => one.agent === agent && one.model === undefined);
  }

  /** The names of the agents that are held with all their models. */
  get heldAgents(): string[] {
    return [...this.#held()].filter(({ model }) => model === undefined).map(({ agent }) => agent);
  }

  /** The models of this agent that are held, while the agent is not. */
  heldModelsOf(agent: string): Hold[] {
    return [...this.#held()].filter((one) => one.agent === agent && one.model !== undefined);
  }

  #placeAt(task: TaskRecord, agent: string): AgentPlace {
    const untried: string[] = [];
    let held: HeldAgent | undefined;
    for (const { id, state: hold } of this.#options.store.holds.values()) {
      if (hold.is_open || !concerns(hold, agent, this.#modelOf(task, agent))) continue;
      const one = this.#whyHeld(hold, task.id);
      if (one === undefined) untried.push(id);
      else if (held === undefined || one.until > held.until) held = one;
    }
    return { agent, held, untried };
  }

  #whyHeld(hold: Hold, task_id: string): HeldAgent | undefined {
    const { agent, until, reason, first } = hold;
    if (isHeld(hold, this.#options.clock.now())) return { agent, until, reason };
    if (first === undefined || first.task_id === task_id || !this.#isGoing(first)) return undefined;
    return {
      agent,
      until,
      reason: `${reason}. Task '${first.task_id}' goes first, to see whether that is over`,
    };
  }

  /** Whether a task that was let go first still is on its way. */
  #isGoing({ task_id, lease }: NonNullable<Hold["first"]>): boolean {
    const { store: { node }, index } = this.#options;
    if (node.isOwn(lease) ? !this.#going.has(task_id) : node.isVoid(lease)) return false;
    const state = index.find(task_id)?.state;
    if (state === undefined) return false;
    return state.attempt < lease.attempt
      ? state.status === "queued"
      : state.attempt === lease.attempt && state.status === "running";
  }

  /** The agents that may run the task, in the order in which they are asked. */
  #chainOf(task: TaskRecord): string[] {
    const { settings } = this.#options;
    const own = settings.agentFor(task);
    const { action = "fallback" } = settings.provider_limit;
    const { fallback = [] } = settings.agents[own] ?? {};
    // A session that was taken up from elsewhere is known to its agent only.
    if (action !== "fallback" || fallback.length === 0 || executionOf(task).session !== undefined) {
      return [own];
    }
    const others = fallback.filter((name) => name !== own && this.#mayRun(name, task));
    const chain = [own, ...others];
    // It stays where its session is.
    const { agent: last } = task.state.session ?? {};
    return last !== undefined && others.includes(last)
      ? [last, ...chain.filter((name) => name !== last)]
      : chain;
  }

  /** Whether an agent can take the place of a task's own: it keeps to the task's permissions and can be told its turn. */
  #mayRun(name: string, task: TaskRecord): boolean {
    const { settings, canHold } = this.#options;
    const agent = settings.agents[name];
    if (agent === undefined) return false;
    if (agent.protocol === "command" && task.state.prompt?.message !== undefined) return false;
    const { permissions = "allow", permission_rules = [] } = settings.executionOf(task);
    return heldTo(permissions, permission_rules, name) === "allow" || canHold(agent);
  }

  #modelOf(task: TaskRecord, agent: string): string | undefined {
    const { settings } = this.#options;
    const own = agent === settings.agentFor(task) ? this.#ownModel(task) : undefined;
    return own ?? settings.agents[agent]?.model;
  }

  #ownModel(task: TaskRecord): string | undefined {
    return this.#options.settings.executionOf(task).model;
  }

  *#held(): Iterable<Hold> {
    const now = this.#options.clock.now();
    for (const { state } of this.#options.store.holds.values()) if (isHeld(state, now)) yield state;
  }

  // ---- what happens

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
      isFirst = holds.every(({ state }) => this.#whyHeld(state, id) === undefined);
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
    const model = this.#modelOf(task, agent);
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
    const model = this.#modelOf(task, agent);
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
