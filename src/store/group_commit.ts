/**
 * Groups many small commits into few large ones, because a commit costs the disk the same for one change as for a
 * hundred. While a group is under way, new commits are collected for the next one.
 */
import type { Actor } from "../domain/actor.ts";
import type { AuditDraft } from "../domain/audit/audit_entry.ts";
import { ApiError } from "../domain/errors.ts";
import { utf8Length } from "../domain/scalars.ts";
import {
  ATOMIC_BYTES_MAX,
  ATOMIC_CHECKS_MAX,
  ATOMIC_KEY_BYTES_MAX,
  ATOMIC_MUTATIONS_MAX,
  type Commit,
  type CommitResult,
  type Key,
  type KeyValue,
  VALUE_BYTES_MAX,
} from "./kv/kv.ts";

/** The most bytes of one commit, keys and values together. A little below the store's own limit. */
export const COMMIT_BYTES_MAX = ATOMIC_BYTES_MAX - (20 << 10);
const KEY_BYTES_MAX = ATOMIC_KEY_BYTES_MAX - (4 << 10);
/** The most commits that may wait. Beyond that, the store is too slow for the load. */
const WAITING_MAX = 10_000;

interface Size {
  checks: number;
  mutations: number;
  bytes: number;
  key_bytes: number;
}

/** A record that a commit changes: the name of its kind, its id, and who asked for the change. */
export type Changed = readonly [kind: string, id: string, by: Actor];

/** The part that a node adds to each of its commits. */
export interface Stamp {
  /** The part for a commit that changes these records. */
  of(changed: readonly Changed[]): Required<Commit>;
  /** Why no commit of this node can succeed any more; undefined if that is not why a check failed. */
  refusal(): Promise<ApiError | undefined>;
}

/** What commits leave in the audit log besides what they change. */
export interface Ledger {
  /** The part of a commit that stores these after all earlier ones. Rejects with the store's error. */
  next(drafts: readonly AuditDraft[]): Promise<LedgerPart>;
}

export interface LedgerPart {
  commit: Required<Commit>;
  /** The commit was carried out, as this version. */
  stored(versionstamp: string): void;
  /** It is not known whether the commit was carried out. */
  doubtful(): void;
  /** Whether a check failed because entries of this node were stored that it did not know of: it is to be made again. */
  wasOvertaken(): Promise<boolean>;
}

/** The most that a ledger adds to a commit, besides the drafts themselves. */
const LEDGER: Size = { checks: 1, mutations: 20, bytes: 4 << 10, key_bytes: 2 << 10 };
/** What an entry has besides its draft, in bytes. */
const ENTRY_BYTES = 400;
/** How often a commit is sent again because entries were stored that the ledger did not know of. */
const OVERTAKEN_MAX = 10;

/** The most that `Stamp.of` may add. */
const STAMP: Size = { checks: 1, mutations: 4, bytes: 40 << 10, key_bytes: 2 << 10 };

/** How much more fits into a commit. */
export interface Room {
  mutations: number;
  /** Of keys and values together. */
  bytes: number;
  key_bytes: number;
}

interface Waiting {
  commit: Commit;
  size: Size;
  changed: readonly Changed[];
  /** What the audit log says of it. */
  entry: AuditDraft | undefined;
  /** The names of the keys that the commit checks, and of those that it writes. One that it writes need not be in `checked`. */
  checked: readonly string[];
  written: readonly string[];
  resolve(result: CommitResult): void;
  reject(error: unknown): void;
}

export class GroupCommit {
  readonly #kv: KeyValue;
  readonly #stamp: Stamp | undefined;
  /** The room for the stamp and the audit log in each commit. */
  readonly #room: Size;
  #ledger: Ledger | undefined;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(kv: KeyValue, stamp?: Stamp) {
    this.#kv = kv;
    this.#stamp = stamp;
    this.#room = { checks: 0, mutations: 0, bytes: 0, key_bytes: 0 };
    if (stamp) add(this.#room, STAMP);
  }

  /** From now on commits may have entries of the audit log. */
  keepAudit(ledger: Ledger): void {
    this.#ledger = ledger;
    add(this.#room, LEDGER);
  }

  /**
   * Commits atomically, after earlier requests. Returns `ok: false` if a check fails. `changed`: the records whose
   * change is announced to other nodes. `entry`: what the audit log says of it. Throws `ApiError`: `INVALID_FIELD_VALUE` for a
   * change that is too large for any commit, `SERVER_OVERLOAD` if too many wait. Rejects with the store's error. The change
   * may then have been committed or not.
   */
  commit(commit: Commit, changed: readonly Changed[] = [], entry?: AuditDraft): Promise<CommitResult> {
    const size = sizeOf(commit);
    if (entry) size.bytes += utf8Length(JSON.stringify(entry)) + ENTRY_BYTES;
    refuseTooLarge(commit, size, this.#room);
    if (this.#waiting.length >= WAITING_MAX) {
      throw new ApiError("SERVER_OVERLOAD", "Too many changes wait for the store", {
        waiting: WAITING_MAX,
        retry_after_seconds: 1,
      });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit, changed, entry, size, ...keysOf(commit), resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** How much more may be added to the commit. */
  roomIn(commit: Commit): Room {
    const { mutations, bytes, key_bytes } = sizeOf(commit);
    return {
      mutations: ATOMIC_MUTATIONS_MAX - this.#room.mutations - mutations,
      bytes: COMMIT_BYTES_MAX - this.#room.bytes - bytes,
      key_bytes: KEY_BYTES_MAX - this.#room.key_bytes - key_bytes,
    };
  }

  /** Resolves when no commit waits. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // A microtask later, so that commits requested in the same turn go together.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#send(this.#nextGroup());
    // In the same turn as the last check, so that no commit can arrive in between and be left waiting.
    this.#running = undefined;
  }

  /** The next commits in order, as many as fit. If one of them writes a key, no other in the group uses that key. */
  #nextGroup(): Waiting[] {
    const group: Waiting[] = [];
    const left: Waiting[] = [];
    const checked = new Set<string>();
    const written = new Set<string>();
    const size = { ...this.#room };
    let full = false;
    for (const one of this.#waiting) {
      // Alone, a commit may have more checks than those that share one.
      full ||= group.length > 0 && !fit(size, one.size, this.#kv.checks_max);
      const isFree = !full && !hasAny(written, one.checked) && !hasAny(written, one.written) &&
        !hasAny(checked, one.written);
      // Commits that are left for later also reserve their keys, so that changes of one key keep their order.
      for (const key of one.checked) checked.add(key);
      for (const key of one.written) written.add(key);
      if (isFree) {
        group.push(one);
        add(size, one.size);
      } else left.push(one);
    }
    this.#waiting = left;
    return group;
  }

  /** Sends a group. If a check fails, the group is split in halves until the commits with a failed check are found. */
  async #send(group: Waiting[]): Promise<void> {
    let result: CommitResult;
    try {
      result = await this.#sendTogether(group);
      const refusal = result.ok ? undefined : await this.#stamp?.refusal();
      if (refusal) throw refusal;
    } catch (error) {
      for (const one of group) one.reject(error);
      return;
    }
    if (result.ok || group.length === 1) {
      for (const one of group) one.resolve(result);
      return;
    }
    const middle = group.length >> 1;
    await this.#send(group.slice(0, middle));
    await this.#send(group.slice(middle));
  }

  async #sendTogether(group: readonly Waiting[]): Promise<CommitResult> {
    const entries = this.#ledger ? group.flatMap(({ entry }) => entry ?? []) : [];
    if (entries.length === 0) return await this.#commitOf(group);
    for (let tries = 1;; tries++) {
      // Made anew for each commit, since the chain may have gone on with the first half of a group.
      const part = await this.#ledger!.next(entries);
      try {
        const result = await this.#commitOf(group, part.commit);
        if (result.ok) part.stored(result.versionstamp);
        else if (tries < OVERTAKEN_MAX && await part.wasOvertaken()) continue;
        return result;
      } catch (error) {
        part.doubtful();
        throw error;
      }
    }
  }

  #commitOf(group: readonly Waiting[], more?: Required<Commit>): Promise<CommitResult> {
    const commits = group.map(({ commit }) => commit);
    if (more) commits.push(more);
    if (this.#stamp) commits.push(this.#stamp.of(group.flatMap(({ changed }) => changed)));
    return this.#kv.commit({
      checks: commits.flatMap(({ checks = [] }) => checks),
      sets: commits.flatMap(({ sets = [] }) => sets),
      deletes: commits.flatMap(({ deletes = [] }) => deletes),
    });
  }
}

/** As many of the sets, from the first on, as there is room for. */
export function fitting<T extends NonNullable<Commit["sets"]>[number]>(sets: readonly T[], room: Room): T[] {
  let { mutations, bytes, key_bytes } = room;
  const end = sets.findIndex((set) => {
    const size = sizeOf({ sets: [set] });
    mutations -= size.mutations;
    bytes -= size.bytes;
    key_bytes -= size.key_bytes;
    return Math.min(mutations, bytes, key_bytes) < 0;
  });
  return end < 0 ? [...sets] : sets.slice(0, end);
}

/** Whether both fit into one commit with at most `checks` checks. */
function fit(a: Size, b: Size, checks = ATOMIC_CHECKS_MAX): boolean {
  return a.checks + b.checks <= checks && a.mutations + b.mutations <= ATOMIC_MUTATIONS_MAX &&
    a.bytes + b.bytes <= COMMIT_BYTES_MAX && a.key_bytes + b.key_bytes <= KEY_BYTES_MAX;
}

function add(size: Size, more: Size): void {
  size.checks += more.checks;
  size.mutations += more.mutations;
  size.bytes += more.bytes;
  size.key_bytes += more.key_bytes;
}

function hasAny(names: ReadonlySet<string>, some: readonly string[]): boolean {
  for (let i = 0; i < some.length; i++) if (names.has(some[i]!)) return true;
  return false;
}

function sizeOf({ checks = [], sets = [], deletes = [] }: Commit): Size {
  let key_bytes = 0;
  let bytes = 0;
  for (let i = 0; i < checks.length; i++) key_bytes += keyBytes(checks[i]!.key);
  for (let i = 0; i < sets.length; i++) {
    key_bytes += keyBytes(sets[i]!.key);
    bytes += sets[i]!.value.length;
  }
  for (let i = 0; i < deletes.length; i++) key_bytes += keyBytes(deletes[i]!);
  return {
    checks: checks.length,
    mutations: sets.length + deletes.length,
    bytes: bytes + key_bytes,
    key_bytes,
  };
}

const NO_NAMES: readonly string[] = [];

function keysOf({ checks = [], sets = [], deletes = [] }: Commit): Pick<Waiting, "checked" | "written"> {
  const checked = checks.map(nameOfOne);
  let written = sets.map(nameOfOne);
  if (deletes.length > 0) written = written.concat(deletes.map(nameOf));
  // Most commits check the one key that they write.
  if (checked.length === 1 && checked[0] === written[0]) return { checked: NO_NAMES, written };
  return { checked, written };
}

function nameOfOne({ key }: { key: Key }): string {
  return nameOf(key);
}

/**
 * Tells keys apart. Two keys with the same name would only not share a commit, so the id at the end of a record's key will do:
 * a new text would have to be hashed.
 */
function nameOf(key: Key): string {
  const last = key.at(-1);
  if (typeof last === "string") return last;
  let name = "";
  for (let i = 0; i < key.length; i++) name += `\0${key[i]}`;
  return name;
}

/** The size of a key in the store, in bytes. */
function keyBytes(key: Key): number {
  let size = 0;
  for (let i = 0; i < key.length; i++) {
    const part = key[i]!;
    size += typeof part === "string" ? utf8Length(part) + 2 : 10;
  }
  return size;
}

function refuseTooLarge({ sets = [] }: Commit, size: Size, room: Size): void {
  if (fit(size, room) && sets.every(({ value }) => value.length <= VALUE_BYTES_MAX)) return;
  throw new ApiError("INVALID_FIELD_VALUE", "This is too large to be stored at once", {
    bytes: size.bytes + room.bytes,
    maximum_bytes: COMMIT_BYTES_MAX,
    records: size.checks + room.checks,
    maximum_records: ATOMIC_CHECKS_MAX,
    mutations: size.mutations + room.mutations,
    maximum_mutations: ATOMIC_MUTATIONS_MAX,
  });
}
