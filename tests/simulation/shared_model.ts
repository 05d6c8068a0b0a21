/** What several nodes on one store promise together, besides what the model says of every change. */
import type { Lease } from "../../src/domain/lease.ts";
import type { TaskState } from "../../src/domain/task_record.ts";
import { decode } from "../../src/store/json.ts";
import type { Commit } from "../../src/store/kv/kv.ts";
import type { Store } from "../../src/store/open.ts";
import type { Model } from "./model.ts";
import { storedValue } from "./stored_value.ts";
import type { SimMachine, SimProcess } from "./sim_agents.ts";

/** What one life of a node has been told of. */
interface Heard {
  store: Store;
  tasks: Map<string, string>;
  /** The last entry of each node. */
  log: Map<string, number>;
}

export class SharedModel {
  readonly #model: Model;
  /** Commits that changed anything but the lease of a node. */
  changes = 0;
  readonly #epochs = new Map<string, number>();
  /** Nodes whose lease another has taken away, until they begin anew. */
  readonly #fenced = new Set<string>();
  readonly #leases = new Map<string, Lease>();
  readonly #heard = new Map<string, Heard>();
  /** Everything that was told of the log, by node and number. */
  readonly #log = new Map<string, string>();

  constructor(model: Model) {
    this.#model = model;
  }

  // ---- the disk

  committed({ sets = [] }: Commit, by: string): void {
    let isEpoch = false;
    for (const { key, value } of sets) {
      if (key[0] !== "epoch") continue;
      isEpoch = true;
      const node = key[1] as string;
      this.#epochs.set(node, decode(value) as number);
      if (node === by) this.#fenced.delete(node);
      else this.#fenced.add(node);
    }
    // Nobody but the feed's own upkeep comes without a check.
    const isRecord = sets.some(({ key }) =>
      ["task", "schedule", "output", "log", "node"].includes(String(key[0]))
    );
    if (isRecord) this.changes += sets.some(({ key }) => key[0] !== "node") ? 1 : 0;
    if (!isEpoch && isRecord && this.#fenced.has(by)) {
      this.#model.fail(`${by} has committed something, although its lease is gone`);
    }
    for (const { key, value } of sets) {
      if (key[0] === "task" && key[1] === "state" && key.length === 3) {
        this.#changed(String(key[2]), storedValue(value) as TaskState, by);
      }
    }
  }

  #changed(id: string, { lease, status }: TaskState, by: string): void {
    const before = this.#leases.get(id);
    if (lease) this.#leases.set(id, lease);
    else this.#leases.delete(id);
    if (lease && lease.fencing !== this.#epochs.get(lease.node) && !before) {
      this.#model.fail(`task ${id} was claimed under a lease that is void`);
    }
    const isTaken = before && !(lease?.node === before.node && lease.fencing === before.fencing);
    if (!isTaken || by === before.node || status === "cancelled") return;
    if (this.#epochs.get(before.node) === before.fencing) {
      this.#model.fail(`${by} has taken task ${id} from ${before.node}, which holds it`);
    }
  }

  // ---- the agents

  processStarts({ task_id, attempt }: SimProcess, machine: SimMachine, all: readonly SimMachine[]): void {
    for (const { processes } of all) {
      for (const other of processes) {
        if (other.task_id === task_id) this.#model.fail(`two attempts of task ${task_id} run at once`);
      }
    }
    const beside = [...machine.processes].map((other) => other.task_id);
    const wrong = this.#model.folders.wrongWith(task_id, beside);
    if (wrong !== undefined) this.#model.fail(wrong);
    const known = this.#model.tasks.get(task_id);
    // An agent that is slow to start may be overtaken; it is ended at once.
    if (!known || known.state.attempt < attempt) {
      this.#model.fail(`task ${task_id}: attempt ${attempt} was not committed`);
    }
  }

  // ---- what a node hears

  loaded(store: Store, node: string): void {
    const tasks = new Map([...store.tasks.values()].map(({ id, state }) => [id, JSON.stringify(state)]));
    const heard: Heard = { store, tasks, log: new Map(store.logs.mark()) };
    this.#heard.set(node, heard);
    store.changes.subscribe("task", (changes) => {
      for (const { before, after } of changes) {
        const id = (after ?? before)!.id;
        if (heard.tasks.get(id) !== (before && JSON.stringify(before.state))) {
          this.#model.fail(`${node} was told of a change of ${id} that does not follow the one before`);
        }
        if (after) heard.tasks.set(id, JSON.stringify(after.state));
        else heard.tasks.delete(id);
      }
    });
    store.changes.subscribe("log", (entries) => {
      for (const { node: from, seq, entry } of entries) {
        const last = heard.log.get(from) ?? 0;
        if (seq !== last + 1) this.#model.fail(`${node} was told of entry ${seq} of ${from} after ${last}`);
        heard.log.set(from, seq);
        const text = `${entry.time} ${entry.agent} ${entry.message}`;
        const known = this.#log.get(`${from} ${seq}`);
        if (known !== undefined && known !== text) this.#model.fail(`entry ${seq} of ${from} has changed`);
        this.#log.set(`${from} ${seq}`, text);
      }
    });
  }

  gone(node: string): void {
    this.#heard.delete(node);
  }

  /** At rest: what the node was told of is what is on the disk. */
  compare(node: string): void {
    const heard = this.#heard.get(node);
    if (!heard) return;
    for (const [id, { json }] of this.#model.tasks) {
      if (heard.tasks.get(id) !== json) this.#model.fail(`${node} has not heard how ${id} stands`);
    }
    if (heard.tasks.size !== this.#model.tasks.size) this.#model.fail(`${node} knows of tasks that are gone`);
  }

  /** At rest: each entry that anybody was told of is read, once. */
  compareLog(read: readonly string[]): void {
    const told = [...this.#log.values()].sort();
    const found = new Map<string, number>();
    for (const line of read) found.set(line, (found.get(line) ?? 0) + 1);
    for (const line of told) {
      const left = found.get(line) ?? 0;
      if (left === 0) return this.#model.fail(`log entry "${line}" is lost`);
      found.set(line, left - 1);
    }
    const times = read.map((line) => line.slice(0, line.indexOf(" ")));
    if (times.some((time, i) => i > 0 && time < times[i - 1]!)) this.#model.fail("the log is not in order");
  }
}
