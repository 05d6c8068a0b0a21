/**
 * Groups many small commits into few large ones, because a commit costs the disk the same for one change as for a
 * hundred. While a group is under way, new commits are collected for the next one.
 */
import type { Actor } from "../domain/actor.ts";
import { ApiError } from "../domain/errors.ts";
import { byteLength } from "./json.ts";
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

/** The most that `Stamp.of` may add. */
const STAMP: Size = { checks: 1, mutations: 4, bytes: 40 << 10, key_bytes: 2 << 10 };

interface Waiting extends Size {
  commit: Commit;
  changed: readonly Changed[];
  /** The names of the keys that the commit only checks, and of those that it writes. */
  checked: string[];
  written: string[];
  resolve(result: CommitResult): void;
  reject(error: unknown): void;
}

export class GroupCommit {
  readonly #kv: KeyValue;
  readonly #stamp: Stamp | undefined;
  /** The room for the stamp in each commit. */
  readonly #room: Size;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(kv: KeyValue, stamp?: Stamp) {
    this.#kv = kv;
    this.#stamp = stamp;
    this.#room = stamp ? STAMP : { checks: 0, mutations: 0, bytes: 0, key_bytes: 0 };
  }

  /**
   * Commits atomically, after earlier requests. Returns `ok: false` if a check fails. `changed`: the records whose
   * change is announced to other nodes. Throws `ApiError`: `INVALID_FIELD_VALUE` for a change that is too large for any
   * commit, `SERVER_OVERLOAD` if too many wait. Rejects with the store's error. The change may then have been committed
   * or not.
   */
  commit(commit: Commit, changed: readonly Changed[] = []): Promise<CommitResult> {
    const measured = measure(commit);
    refuseTooLarge(commit, sum(this.#room, measured));
    if (this.#waiting.length >= WAITING_MAX) {
      throw new ApiError("SERVER_OVERLOAD", "Too many changes wait for the store", {
        waiting: WAITING_MAX,
        retry_after_seconds: 1,
      });
    }
    const { promise, resolve, reject } = Promise.withResolvers<CommitResult>();
    this.#waiting.push({ commit, changed, ...measured, resolve, reject });
    this.#running ??= this.#run();
    return promise;
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
      full ||= !fits(sum(size, one));
      const isFree = !full && !one.checked.some((key) => written.has(key)) &&
        !one.written.some((key) => written.has(key) || checked.has(key));
      // Commits that are left for later also reserve their keys, so that changes of one key keep their order.
      for (const key of one.checked) checked.add(key);
      for (const key of one.written) written.add(key);
      if (isFree) {
        group.push(one);
        Object.assign(size, sum(size, one));
      } else left.push(one);
    }
    this.#waiting = left;
    return group;
  }

  /** Sends a group. If a check fails, the group is split in halves until the commits with a failed check are found. */
  async #send(group: Waiting[]): Promise<void> {
    let result: CommitResult;
    try {
      const commits = group.map(({ commit }) => commit);
      if (this.#stamp) commits.push(this.#stamp.of(group.flatMap(({ changed }) => changed)));
      result = await this.#kv.commit({
        checks: commits.flatMap(({ checks = [] }) => checks),
        sets: commits.flatMap(({ sets = [] }) => sets),
        deletes: commits.flatMap(({ deletes = [] }) => deletes),
      });
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
}

function fits({ checks, mutations, bytes, key_bytes }: Size): boolean {
  return checks <= ATOMIC_CHECKS_MAX && mutations <= ATOMIC_MUTATIONS_MAX && bytes <= COMMIT_BYTES_MAX &&
    key_bytes <= KEY_BYTES_MAX;
}

function sum(a: Size, b: Size): Size {
  return {
    checks: a.checks + b.checks,
    mutations: a.mutations + b.mutations,
    bytes: a.bytes + b.bytes,
    key_bytes: a.key_bytes + b.key_bytes,
  };
}

function measure({ checks = [], sets = [], deletes = [] }: Commit) {
  const written: string[] = [];
  const checked: string[] = [];
  let key_bytes = 0;
  let bytes = 0;
  const add = (key: Key, names: string[]) => {
    names.push(nameOf(key));
    key_bytes += sizeOf(key);
  };
  for (const { key } of checks) add(key, checked);
  for (const { key, value } of sets) {
    add(key, written);
    bytes += value.length;
  }
  for (const key of deletes) add(key, written);
  return {
    checked,
    written,
    checks: checks.length,
    mutations: sets.length + deletes.length,
    bytes: bytes + key_bytes,
    key_bytes,
  };
}

/** Tells keys apart. Two keys with the same name would only not share a commit. */
function nameOf(key: Key): string {
  return key.join("\0");
}

/** The size of a key in the store, in bytes. */
function sizeOf(key: Key): number {
  let size = 0;
  for (const part of key) size += typeof part === "string" ? byteLength(part) + 2 : 10;
  return size;
}

function refuseTooLarge({ sets = [] }: Commit, size: Size): void {
  const value_bytes = sets.reduce((most, { value }) => Math.max(most, value.length), 0);
  if (fits(size) && value_bytes <= VALUE_BYTES_MAX) return;
  throw new ApiError("INVALID_FIELD_VALUE", "This is too large to be stored at once", {
    bytes: size.bytes,
    maximum_bytes: COMMIT_BYTES_MAX,
    records: size.checks,
    maximum_records: ATOMIC_CHECKS_MAX,
    mutations: size.mutations,
    maximum_mutations: ATOMIC_MUTATIONS_MAX,
  });
}
