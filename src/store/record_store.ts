/**
 * Records in memory over the store: reads never wait, and writes are acknowledged after the commit. A record has a
 * `spec`, which seldom changes, and a small `state`, which is rewritten at each change.
 *
 * Every change is optimistic: planned from memory, committed under the versions it read, and planned again when another
 * change came first.
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../clock/clock.ts";
import { type Actor, SERVER } from "../domain/actor.ts";
import { ApiError } from "../domain/errors.ts";
import { actionUnderWay } from "./audit/audited_action.ts";
import { ChangesUnderWay } from "./changes_under_way.ts";
import { DoubtfulChanges } from "./doubtful_changes.ts";
import type { GroupCommit, Room } from "./group_commit.ts";
import type { KeyValue } from "./kv/kv.ts";
import type { Rows } from "./kv/kv_rows.ts";
import type { RecordKind } from "./record_kinds.ts";
import { type Change, type Held, RecordMemory, type StoredRecord, type View } from "./record_memory.ts";
import { type Plan, prepare, type Prepared } from "./record_plan.ts";
import { type Found, RecordReader } from "./record_reader.ts";

const log = getLogger(["opencode-agents", "store"]);

/** A read, and the version that memory held before it. */
interface Reading<Spec, State> {
  known: string | undefined;
  found: Found<Spec, State> | undefined;
}

/** What else a commit stores with the changes of its records, and who is told how that went. */
export interface Alongside {
  sets: Plan<unknown, unknown>["sets"];
  stored(): void;
  /** The store did not answer: it may have been stored, or not. */
  doubtful(): void;
}

/** `room`: what it stores may not be more, or the change could not be stored. */
type AlongsideOf<Spec, State> = (
  changes: Omit<Change<Spec, State>, "by">[],
  room: Room,
) => Alongside | undefined;

/** A change that other commits overtake this often indicates a bug. */
const TRIES_MAX = 100;
/** How many records are read in parallel. */
const READ_AT_ONCE = 20;

export class RecordStore<Spec, State> implements View<Spec, State> {
  readonly #kind: string;
  readonly #commits: GroupCommit;
  readonly #memory: RecordMemory<Spec, State>;
  readonly #reader: RecordReader<Spec, State>;
  readonly #doubtful: DoubtfulChanges;
  readonly #underWay = new ChangesUnderWay();
  #alongside: AlongsideOf<Spec, State> | undefined;

  /** `publish` is called with the changes of each commit, in the order of the commits. It must not throw. */
  constructor(
    kind: RecordKind<Spec, State>,
    kv: KeyValue,
    commits: GroupCommit,
    clock: Clock,
    publish: (changes: Change<Spec, State>[]) => unknown,
  ) {
    this.#kind = kind.name;
    this.#commits = commits;
    this.#memory = new RecordMemory(publish);
    this.#reader = new RecordReader(kind, kv);
    // A change under way finds out by its own check.
    this.#doubtful = new DoubtfulChanges(
      kind.name,
      clock,
      (id, by) => this.#refreshUnless(id, this.#memory.versionOf(id), by, () => this.#underWay.changes(id)),
    );
  }

  /**
   * Reads everything into memory; once, before anything else. Throws `DATABASE_ERROR` that names all records that
   * cannot be read. `rows`: a faster way to read them, if this node is the only one.
   */
  async load(rows?: Rows): Promise<void> {
    const found = (held: Held<Spec, State>) => this.#memory.put(held);
    await (rows ? this.#reader.allOf(rows, found) : this.#reader.all(found));
  }

  /** Stops looking for the outcome of failed changes: the next server finds it when it loads the records. */
  close(): void {
    this.#doubtful.close();
  }

  /** Whether the outcome of some change is not known yet. */
  get isDoubtful(): boolean {
    return !this.#doubtful.isSettled;
  }

  get size(): number {
    return this.#memory.size;
  }

  get(id: string): StoredRecord<Spec, State> | undefined {
    return this.#memory.get(id);
  }

  values(): Iterable<StoredRecord<Spec, State>> {
    return this.#memory.values();
  }

  // ---- this node's changes

  /**
   * From now on each commit stores, with the changes that it makes, what `of` returns for them. `of` is called again when the
   * change is planned again, so it must only read.
   */
  alongside(of: AlongsideOf<Spec, State>): void {
    this.#alongside = of;
  }

  /**
   * Commits the plan that `plan` makes for the records as they are now. It is called again when another commit came
   * first, so it must only read. What it throws is thrown here. Resolves after the commit, with memory up to date.
   * `by`: who asks for the change.
   */
  async update(plan: (view: View<Spec, State>) => Plan<Spec, State>, by: Actor): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX;) {
      const prepared = prepare(this.#kind, this.#memory, plan(this));
      const { commit } = prepared;
      if (commit.sets.length === 0 && commit.deletes.length === 0) return;
      const rival = this.#underWay.rivalOf(prepared);
      if (rival) {
        await rival.over;
        continue;
      }
      tries++;
      const more = this.#alongside?.(this.#changesOf(prepared), this.#commits.roomIn(commit));
      if (more?.sets) commit.sets.push(...more.sets);
      if (!await this.#send(prepared, by, more)) continue;
      more?.stored();
      return;
    }
    throw new ApiError("DATABASE_ERROR", "A change was overtaken by others again and again", {
      tries: TRIES_MAX,
    });
  }

  #changesOf({ after }: Prepared<Spec, State>) {
    return after.map(({ id, held }) => ({ before: this.#memory.get(id), after: held?.record }));
  }

  /** Returns whether it was committed; if not, memory is up to date again. */
  async #send(prepared: Prepared<Spec, State>, by: Actor, more: Alongside | undefined): Promise<boolean> {
    const { commit, after } = prepared;
    const change = this.#underWay.begin(prepared);
    const riding = actionUnderWay()?.ride(this.#commits, after[0]?.id, by);
    let isStored: boolean | undefined;
    try {
      const changed = after.map(({ id }) => [this.#kind, id, by] as const);
      const result = await this.#commits.commit(commit, changed, riding?.entry);
      isStored = result.ok;
      if (result.ok) this.#memory.apply(after, result.versionstamp, by);
      else await this.#refreshAfter(prepared);
      return result.ok;
    } catch (error) {
      this.#doubt(prepared, by);
      more?.doubtful();
      throw error;
    } finally {
      riding?.ended(isStored);
      this.#underWay.end(prepared, change);
      if (this.isDoubtful) void this.#doubtful.learn();
    }
  }

  async #refreshAfter({ versions }: Prepared<Spec, State>): Promise<void> {
    for (const [id, version] of versions) await this.#refreshUnless(id, version, SERVER, () => false);
  }

  #doubt({ after }: Prepared<Spec, State>, by: Actor): void {
    for (const { id } of after) this.#doubtful.add(id, by);
  }

  /**
   * Reads a record again if the store may have a newer version than the known one: a commit that timed out may still
   * have reached the store. Does nothing if memory has learned of a change meanwhile, or if `isLeft`. `by`: who asked
   * for the change, if known.
   */
  async #refreshUnless(
    id: string,
    version: string | undefined,
    by: Actor,
    isLeft: () => boolean,
  ): Promise<void> {
    const isKnown = () => this.#memory.versionOf(id) !== version || isLeft();
    if (isKnown()) return;
    const found = await this.#reader.one(id, version);
    if (isKnown() || found?.versionstamp === version) return;
    log.debug("{name} '{id}' had changed in the store unnoticed", { name: this.#kind, id });
    this.#learned(id, found, by);
  }

  // ---- the changes of other nodes

  /**
   * Reads these records again, because another node has changed them, and publishes what is new. Rejects while the
   * outcome of a change of this node is in doubt.
   */
  async refresh(ids: ReadonlyMap<string, Actor>): Promise<void> {
    await this.#outcomesKnown(ids);
    const doubtful = this.#doubtful.take(ids.keys());
    try {
      await this.#readInOrder([...ids]);
    } catch (error) {
      for (const [id, by] of doubtful) this.#doubtful.add(id, by);
      throw error;
    }
  }

  async #readInOrder(all: readonly (readonly [string, Actor])[]): Promise<void> {
    for (let at = 0; at < all.length; at += READ_AT_ONCE) {
      const some = all.slice(at, at + READ_AT_ONCE).map(([id, by]) => ({ id, by, read: this.#readNow(id) }));
      // All settle before the first is looked at, so that a failure leaves none unheard.
      await Promise.all(some.map(({ read }) => read));
      for (const { id, by, read } of some) await this.#learnInTurn(id, await read, by);
    }
  }

  /** Reads all records again, also those that memory does not know yet. */
  async refreshAll(): Promise<void> {
    const ids = new Set(this.#memory.ids());
    for await (const id of this.#reader.ids()) ids.add(id);
    // The feed entry that named who asked for a change is gone.
    await this.refresh(new Map([...ids].map((id) => [id, SERVER])));
  }

  /** Other nodes may build on this node's changes before it knows of them itself. So their outcome is learned first. */
  async #outcomesKnown(ids: ReadonlyMap<string, Actor>): Promise<void> {
    await this.#underWay.all();
    // The records of `ids` are read in their order, also those in doubt: another node may have changed them.
    await this.#doubtful.learn(ids);
    if (this.#doubtful.hasOtherThan(ids)) {
      throw new ApiError(
        "DATABASE_CONNECTION_ERROR",
        "The outcome of a change of this node is not known yet",
      );
    }
  }

  async #readNow(id: string): Promise<Reading<Spec, State>> {
    // The outcome of our own change is known when its answer has come.
    await this.#underWay.changeOf(id)?.over;
    const known = this.#memory.versionOf(id);
    return { known, found: await this.#reader.one(id, known) };
  }

  async #learnInTurn(id: string, read: Reading<Spec, State>, by: Actor): Promise<void> {
    // A record that was read before a change of our own is out of date.
    while (this.#underWay.changes(id) || this.#memory.versionOf(id) !== read.known) {
      read = await this.#readNow(id);
    }
    if (read.found?.versionstamp !== read.known) this.#learned(id, read.found, by, true);
  }

  #learned(id: string, found: Found<Spec, State> | undefined, by: Actor, elsewhere?: boolean): void {
    if (!found) this.#memory.apply([{ id }], "", by, elsewhere);
    else if (found.record) this.#memory.apply([{ id, held: found }], found.versionstamp, by, elsewhere);
  }
}
