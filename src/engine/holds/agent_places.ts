/** Which tasks wait because their agent is held, and who goes first when that is over. */
import { type Clock, epochOf } from "../../clock/clock.ts";
import { concerns, type Hold, isHeld } from "../../domain/hold.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import { tenantOf } from "../../domain/tenant_id.ts";
import type { TaskIndex } from "../../read/task_index.ts";
import type { Store } from "../../store/open.ts";
import type { AgentChains } from "./agent_chains.ts";

/** What a task of a held agent waits for. */
export interface HeldAgent {
  agent: string;
  /** ISO 8601. In the past while another task goes first. */
  until: string;
  reason: string;
  /** The task that goes first. */
  first?: string;
}

/** By which agent a task would run now. */
export interface AgentPlace {
  agent: string;
  /** Why it may not. */
  held?: HeldAgent;
  /** The ids of the holds that are over, but that no task has tried yet: it would be the first. */
  untried: readonly string[];
}

export interface AgentPlacesOptions {
  clock: Clock;
  store: Pick<Store, "holds" | "node">;
  index: Pick<TaskIndex, "find">;
  chains: AgentChains;
  /** Whether this node has let the task go first, and its attempt is not over. */
  isGoing(task_id: string): boolean;
}

export class AgentPlaces {
  readonly #options: AgentPlacesOptions;

  constructor(options: AgentPlacesOptions) {
    this.#options = options;
  }

  /** By which agent the task would run: its own, unless that one is held and another may take its place. */
  of(task: TaskRecord): AgentPlace {
    const chain = this.#options.chains.of(task);
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
    return this.#options.chains.of(task);
  }

  /** What the task shares with those that wait for the same. */
  laneOf(task: TaskRecord): readonly (string | undefined)[] {
    const chain = this.#options.chains.of(task);
    return [...chain, this.#options.chains.modelOf(task, chain[0]!), this.#options.chains.ownModel(task)];
  }

  /** The hold of this agent with all its models, if there is one. */
  heldOf(agent: string): Hold | undefined {
    return [...this.held()].find((one) => one.agent === agent && one.model === undefined);
  }

  /** The names of the agents that are held with all their models. */
  get heldAgents(): string[] {
    return [...this.held()].filter(({ model }) => model === undefined).map(({ agent }) => agent);
  }

  /** The models of this agent that are held, while the agent is not. */
  heldModelsOf(agent: string): Hold[] {
    return [...this.held()].filter((one) => one.agent === agent && one.model !== undefined);
  }

  #placeAt(task: TaskRecord, agent: string): AgentPlace {
    const untried: string[] = [];
    let held: HeldAgent | undefined;
    for (const { id, state: hold } of this.#options.store.holds.values()) {
      if (hold.is_open || !concerns(hold, agent, this.#options.chains.modelOf(task, agent))) continue;
      const one = this.whyHeld(hold, task.id);
      if (one === undefined) untried.push(id);
      else if (held === undefined || one.until > held.until) held = one;
    }
    return { agent, held, untried };
  }

  /** Why the task may not start while there is this hold; undefined if it may. */
  whyHeld(hold: Hold, task_id: string): HeldAgent | undefined {
    const { agent, until, reason, first } = hold;
    if (isHeld(hold, this.#options.clock.now())) return { agent, until, reason };
    if (first === undefined || first.task_id === task_id || !this.#isGoing(first)) return undefined;
    // A hold is shared by tenants, the ids of their tasks are not.
    const isKnown = tenantOf(first.task_id) === tenantOf(task_id);
    const who = isKnown ? `Task '${first.task_id}'` : "Another task";
    return {
      agent,
      until,
      ...isKnown && { first: first.task_id },
      reason: `${reason}. ${who} goes first, to see whether that is over`,
    };
  }

  /** Whether a task that was let go first still is on its way. */
  #isGoing({ task_id, lease }: NonNullable<Hold["first"]>): boolean {
    const { store: { node }, index, isGoing } = this.#options;
    if (node.isOwn(lease) ? !isGoing(task_id) : node.isVoid(lease)) return false;
    const state = index.find(task_id)?.state;
    if (state === undefined) return false;
    return state.attempt < lease.attempt
      ? state.status === "queued"
      : state.attempt === lease.attempt && state.status === "running";
  }

  /** The holds that are not over. */
  *held(): Iterable<Hold> {
    const now = this.#options.clock.now();
    for (const { state } of this.#options.store.holds.values()) if (isHeld(state, now)) yield state;
  }
}
