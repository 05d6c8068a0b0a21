/**
 * Records in memory over the store: reads never wait, writes are acknowledged after the commit. A record is a
 * `spec` that never changes, written once, and a small `state`, rewritten at each change.
 *
 * Every change is optimistic: planned from what is in memory, committed under the versions it read, and planned
 * again when another came first.
 */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../clock/clock.ts";
import { type Actor, SERVER } from "../domain/actor.ts";
import { ApiError } from "../domain/errors.ts";
import type { GroupCommit } from "./group_commit.ts";
import type { Commit, Key, KeyValue } from "./kv/kv.ts";
import type { RecordKind } from "./record_kinds.ts";
import { damaged, decodeStored, encodeStored, readAll } from "./stored_values.ts";
import { joined, parted } from "./value_parts.ts";

const log = getLogger(["opencode-agents", "store"]);

export interface StoredRecord<Spec, State> {
  id: string;
  spec: Spec;
  state: State;
}

export interface View<Spec, State> {
  get(id: string): StoredRecord<Spec, State> | undefined;
  values(): Iterable<StoredRecord<Spec, State>>;
  readonly size: number;
}

export interface Plan<Spec, State> {
  creates?: StoredRecord<Spec, State>[];
  updates?: { id: string; state: State }[];
  removes?: string[];
  /** Records that the plan depends on without changing them: it is made again when one of them changes first. */
  reads?: string[];
  /** Other keys that belong to the same change. */
  sets?: { key: Key; value: Uint8Array }[];
  deletes?: Key[];
}

export interface Change<Spec, State> {
  before?: StoredRecord<Spec, State>;
  after?: StoredRecord<Spec, State>;
  /** Who asked for it. */
  by: Actor;
}

interface Held<Spec, State> {
  record: StoredRecord<Spec, State>;
  versionstamp: string;
  /** Keys over which they are spread. */
  spec_parts: number;
  state_parts: number;
}

/** A record as it was read, or only its version. */
type Found<Spec, State> = Held<Spec, State> | { versionstamp: string; record?: undefined };

/** What was read, while memory held the version `known`. */
interface Reading<Spec, State> {
  known: string | undefined;
  found: Found<Spec, State> | undefined;
}

/** A plan as the store takes it, and what memory holds once it is committed. */
interface Prepared<Spec, State> {
  commit: Required<Commit>;
  after: { id: string; held?: Omit<Held<Spec, State>, "versionstamp"> }[];
  /** The versions it was planned from; undefined where there was no such record. */
  versions: Map<string, string | undefined>;
}

/** A change that loses the race this often has met a bug, not a rival. */
const TRIES_MAX = 100;
/** While the store cannot be read either. */
const LEARN_AGAIN_MS = 5_000;
/** Records read side by side. */
const READ_AT_ONCE = 20;
/** Above every part's number: where a range over one record's parts ends. */
const PART_END = 1e6;

export class RecordStore<Spec, State> implements View<Spec, State> {
  readonly #kind: RecordKind<Spec, State>;
  readonly #kv: KeyValue;
  readonly #commits: GroupCommit;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held<Spec, State>>();
  /** Records whose change is on its way. */
  readonly #changing = new Map<string, Promise<void>>();
  /** Records that a change on its way has read: those that are removed meanwhile would be missed. */
  readonly #reading = new Map<string, Set<Promise<void>>>();
  /** Records that a commit of unknown outcome may have changed, and who asked for it. */
  readonly #doubtful = new Map<string, Actor>();
  #learning = false;
  #learnAgain: Timer | undefined;
  #closed = false;
  readonly #publish: (changes: Change<Spec, State>[]) => unknown;

  /** `publish` is called with the changes of each commit, in the order of the commits; it does not throw. */
  constructor(
    kind: RecordKind<Spec, State>,
    kv: KeyValue,
    commits: GroupCommit,
    clock: Clock,
    publish: (changes: Change<Spec, State>[]) => unknown,
  ) {
    this.#publish = publish;
    this.#clock = clock;
    this.#kind = kind;
    this.#kv = kv;
    this.#commits = commits;
  }

  get #name(): string {
    return this.#kind.name;
  }

  /**
   * Reads everything into memory; once, before anything else. Throws `DATABASE_ERROR` that names all records that
   * cannot be read.
   */
  async load(): Promise<void> {
    const specs = new Map<string, Uint8Array[]>();
    for await (const { key, value } of this.#kv.list({ prefix: [this.#name, "spec"] })) {
      const parts = specs.get(key[2] as string);
      if (parts) parts.push(value);
      else specs.set(key[2] as string, [value]);
    }
    const states = new Map<string, { parts: Uint8Array[]; versionstamp: string }>();
    for await (const { key, value, versionstamp } of this.#kv.list({ prefix: [this.#name, "state"] })) {
      const known = states.get(key[2] as string);
      if (known) known.parts.push(value);
      else states.set(key[2] as string, { parts: [value], versionstamp });
    }
    await readAll(
      states.entries().map(([id, { parts, versionstamp }]) => () => {
        this.#held.set(id, this.#heldOf(id, specs.get(id), parts, versionstamp));
      }),
    );
  }

  /** Looks no more for what became of failed changes: the next to load the records will see. */
  close(): void {
    this.#closed = true;
    this.#learnAgain?.cancel();
  }

  /** Whether it is not known yet what became of some change. */
  get isDoubtful(): boolean {
    return this.#doubtful.size > 0 || this.#learning;
  }

  get size(): number {
    return this.#held.size;
  }

  get(id: string): StoredRecord<Spec, State> | undefined {
    return this.#held.get(id)?.record;
  }

  *values(): Generator<StoredRecord<Spec, State>> {
    for (const { record } of this.#held.values()) yield record;
  }

  /**
   * Commits what `plan` answers for the records as they stand; it is asked again when another commit came first,
   * so it must only read. What it throws is thrown here. Resolves after the commit, with memory up to date. `by`: who
   * asks for the change.
   */
  async update(plan: (view: View<Spec, State>) => Plan<Spec, State>, by: Actor): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX;) {
      const prepared = this.#prepare(plan(this));
      const { commit } = prepared;
      if (commit.sets.length === 0 && commit.deletes.length === 0) return;
      const rival = this.#rivalOf(prepared);
      if (rival) {
        await rival;
        continue;
      }
      tries++;
      if (await this.#send(prepared, by)) return;
    }
    throw new ApiError("DATABASE_ERROR", "A change was overtaken by others again and again", {
      tries: TRIES_MAX,
    });
  }

  /** The change on its way that would overtake one of these. */
  #rivalOf({ versions, after }: Prepared<Spec, State>): Promise<void> | undefined {
    for (const id of versions.keys()) {
      const rival = this.#changing.get(id);
      if (rival) return rival;
    }
    for (const { id, held } of after) {
      const [reader] = held ? [] : this.#reading.get(id) ?? [];
      if (reader) return reader;
    }
  }

  /** Whether it was committed; if not, memory is up to date again. */
  async #send({ commit, after, versions }: Prepared<Spec, State>, by: Actor): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const read = [...versions.keys()].filter((id) => !after.some((one) => one.id === id));
    for (const { id } of after) this.#changing.set(id, promise);
    for (const id of read) this.#reading.set(id, (this.#reading.get(id) ?? new Set()).add(promise));
    try {
      const changed = after.map(({ id }) => [this.#name, id, by] as const);
      const result = await this.#commits.commit(commit, changed);
      if (result.ok) this.#apply(after, result.versionstamp, by);
      else await this.#refresh(versions, SERVER);
      return result.ok;
    } catch (error) {
      for (const { id } of after) this.#doubtful.set(id, by);
      throw error;
    } finally {
      for (const { id } of after) this.#changing.delete(id);
      for (const id of read) {
        const readers = this.#reading.get(id)!;
        readers.delete(promise);
        if (readers.size === 0) this.#reading.delete(id);
      }
      resolve();
      if (this.#doubtful.size > 0) void this.#learn();
    }
  }

  /**
   * Reads what a failed commit may have changed all the same, until that is known: nobody else would come across a
   * record that was created, or queued, without anybody knowing.
   */
  async #learn(): Promise<void> {
    if (this.#learning || this.#closed) return;
    this.#learning = true;
    this.#learnAgain?.cancel();
    try {
      for (const [id, by] of this.#doubtful) {
        // First, since another change of it may become doubtful meanwhile.
        this.#doubtful.delete(id);
        await this.#refresh(new Map([[id, this.#held.get(id)?.versionstamp]]), by, true).catch((error) => {
          this.#doubtful.set(id, by);
          throw error;
        });
      }
    } catch (error) {
      log.warn("What became of a failed change of {name} is not known yet: {error}", {
        name: this.#name,
        error,
      });
      if (!this.#closed) this.#learnAgain = this.#clock.after(LEARN_AGAIN_MS, () => void this.#learn());
    }
    this.#learning = false;
  }

  #stateKey(id: string, part: number): Key {
    return part === 0 ? [this.#name, "state", id] : [this.#name, "state", id, part];
  }

  #specKey(id: string, part: number): Key {
    return [this.#name, "spec", id, part];
  }

  #prepare(plan: Plan<Spec, State>): Prepared<Spec, State> {
    const { creates = [], updates = [], removes = [], reads = [], sets = [], deletes = [] } = plan;
    const commit: Required<Commit> = { checks: [], sets: [...sets], deletes: [...deletes] };
    const versions = new Map<string, string | undefined>();
    const after: Prepared<Spec, State>["after"] = [];
    const check = (id: string, versionstamp: string | undefined) => {
      if (versions.has(id)) return;
      versions.set(id, versionstamp);
      commit.checks.push({ key: this.#stateKey(id, 0), versionstamp: versionstamp ?? null });
    };
    const setState = (id: string, state: State) => {
      const parts = parted(encodeStored(state));
      for (const [i, value] of parts.entries()) commit.sets.push({ key: this.#stateKey(id, i), value });
      return parts.length;
    };
    for (const record of creates) {
      check(record.id, undefined);
      const state_parts = setState(record.id, record.state);
      const parts = parted(encodeStored(record.spec));
      for (const [i, value] of parts.entries()) commit.sets.push({ key: this.#specKey(record.id, i), value });
      after.push({ id: record.id, held: { record, state_parts, spec_parts: parts.length } });
    }
    for (const { id, state } of updates) {
      const held = this.#expect(id);
      check(id, held.versionstamp);
      const state_parts = setState(id, state);
      for (let i = state_parts; i < held.state_parts; i++) commit.deletes.push(this.#stateKey(id, i));
      const record = { ...held.record, state };
      after.push({ id, held: { record, state_parts, spec_parts: held.spec_parts } });
    }
    for (const id of removes) {
      const held = this.#expect(id);
      check(id, held.versionstamp);
      for (let i = 0; i < held.state_parts; i++) commit.deletes.push(this.#stateKey(id, i));
      for (let i = 0; i < held.spec_parts; i++) commit.deletes.push(this.#specKey(id, i));
      after.push({ id });
    }
    for (const id of reads) check(id, this.#held.get(id)?.versionstamp);
    return { commit, after, versions };
  }

  #expect(id: string): Held<Spec, State> {
    const held = this.#held.get(id);
    if (!held) throw new Error(`${this.#name} '${id}' is planned to change, but is not there`);
    return held;
  }

  #apply(after: Prepared<Spec, State>["after"], versionstamp: string, by: Actor): void {
    const changes: Change<Spec, State>[] = [];
    for (const { id, held } of after) {
      const known = this.#held.get(id);
      // Another node's change may have been read before the answer to ours came.
      if (held ? known && known.versionstamp >= versionstamp : !known) continue;
      if (held) this.#held.set(id, { ...held, versionstamp });
      else this.#held.delete(id);
      changes.push({ before: known?.record, after: held?.record, by });
    }
    if (changes.length > 0) this.#publish(changes);
  }

  /**
   * Reads again what a failed check says has changed, where memory knows of no change: a commit that was given
   * up as too late may have reached the store all the same. `by`: who asked for it, as far as that is known.
   */
  async #refresh(
    versions: Map<string, string | undefined>,
    by: Actor,
    yields = false,
  ): Promise<void> {
    // With `yields`, a change on its way is not overtaken: it finds out by its own check.
    const isKnown = (id: string, versionstamp: string | undefined) =>
      this.#held.get(id)?.versionstamp !== versionstamp || (yields && this.#changing.has(id));
    for (const [id, versionstamp] of versions) {
      if (isKnown(id, versionstamp)) continue;
      const found = await this.#read(id, versionstamp);
      if (isKnown(id, versionstamp) || found?.versionstamp === versionstamp) continue;
      log.debug("{name} '{id}' had changed in the store unnoticed", { name: this.#name, id });
      this.#learned(id, found, by);
    }
  }

  /** Reads these records again, since another node has changed them. Listeners hear of what is new. */
  async refresh(ids: ReadonlyMap<string, Actor>): Promise<void> {
    const all = [...ids];
    for (let at = 0; at < all.length; at += READ_AT_ONCE) {
      const some = all.slice(at, at + READ_AT_ONCE).map(([id, by]) => ({ id, by, read: this.#readNow(id) }));
      // All settle before the first is looked at, so that a failure leaves none unheard.
      await Promise.all(some.map(({ read }) => read));
      for (const { id, by, read } of some) await this.#learnInTurn(id, await read, by);
    }
  }

  /** The same for all records, those that memory does not know yet included. */
  async refreshAll(): Promise<void> {
    const ids = new Set(this.#held.keys());
    for await (const { key } of this.#kv.list({ prefix: [this.#name, "state"] })) ids.add(key[2] as string);
    // Who asked for a change is gone with its entry in the feed.
    await this.refresh(new Map([...ids].map((id) => [id, SERVER])));
  }

  async #readNow(id: string): Promise<Reading<Spec, State>> {
    // What becomes of our own change is known when its answer has come.
    await this.#changing.get(id);
    const known = this.#held.get(id)?.versionstamp;
    return { known, found: await this.#read(id, known) };
  }

  async #learnInTurn(id: string, read: Reading<Spec, State>, by: Actor): Promise<void> {
    // Read before a change of our own, it says nothing about what came after.
    while (this.#changing.has(id) || this.#held.get(id)?.versionstamp !== read.known) {
      read = await this.#readNow(id);
    }
    if (read.found?.versionstamp !== read.known) this.#learned(id, read.found, by);
  }

  /** The record as the store holds it now; of one that is as old as `known` only the version. */
  async #read(
    id: string,
    known: string | undefined,
  ): Promise<Found<Spec, State> | undefined> {
    for (;;) {
      const parts: Uint8Array[] = [];
      let versionstamp = "";
      const start = this.#stateKey(id, 0);
      for await (
        const entry of this.#kv.list({ prefix: [this.#name, "state"], start, end: [...start, PART_END] })
      ) {
        if (parts.push(entry.value) === 1) versionstamp = entry.versionstamp;
      }
      if (parts.length === 0) return undefined;
      if (versionstamp === known) return { versionstamp };
      const spec: Uint8Array[] = [];
      for await (const entry of this.#kv.list({ prefix: [this.#name, "spec", id] })) spec.push(entry.value);
      // Removed by another node between the two.
      const isGone = spec.length === 0 && (await this.#kv.get(start))?.versionstamp !== versionstamp;
      if (!isGone) return this.#heldOf(id, spec, parts, versionstamp);
    }
  }

  #learned(id: string, found: Found<Spec, State> | undefined, by: Actor): void {
    if (!found) this.#apply([{ id }], "", by);
    else if (found.record) this.#apply([{ id, held: found }], found.versionstamp, by);
  }

  #heldOf(
    id: string,
    spec: Uint8Array[] | undefined,
    state: Uint8Array[],
    versionstamp: string,
  ): Held<Spec, State> {
    const name = `${this.#name} '${id}'`;
    if (!spec?.length) throw damaged([{ record: name, reason: "its specification is missing" }]);
    const record = {
      id,
      spec: decodeStored(this.#kind.spec, name, joined(spec)),
      state: decodeStored(this.#kind.state, name, joined(state)),
    };
    return { record, versionstamp, spec_parts: spec.length, state_parts: state.length };
  }
}
