/**
 * Many small commits as few large ones. While one is on its way, what arrives is collected and goes into the
 * next: a commit costs the disk the same whether it carries one change or a hundred.
 */
import { ApiError } from "../protocol/errors.ts";
import type { Commit, CommitResult, Key, KeyValue } from "./kv.ts";

/** Limits of Deno KV for one atomic operation, with room for what it adds itself. */
const CHECKS_MAX = 100;
const MUTATIONS_MAX = 900;
const BYTES_MAX = 700 << 10;
/** What waits may be this much; beyond it the store is too slow for what is asked of it. */
const WAITING_MAX = 10_000;

interface Waiting {
  commit: Commit;
  keys: string[];
  checks: number;
  mutations: number;
  bytes: number;
  resolve(result: CommitResult): void;
  reject(error: unknown): void;
}

export class GroupCommit {
  readonly #kv: KeyValue;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(kv: KeyValue) {
    this.#kv = kv;
  }

  /** Commits atomically, after those asked for earlier; `ok: false` when a check does not hold. */
  commit(commit: Commit): Promise<CommitResult> {
    const measured = measure(commit);
    if (measured.bytes > BYTES_MAX || measured.mutations > MUTATIONS_MAX || measured.checks > CHECKS_MAX) {
      throw new ApiError("DATABASE_ERROR", "A change is too large for one commit", {
        bytes: measured.bytes,
        maximum_bytes: BYTES_MAX,
        mutations: measured.mutations,
      });
    }
    if (this.#waiting.length >= WAITING_MAX) {
      throw new ApiError("SERVER_OVERLOAD", "Too many changes wait for the store", {
        waiting: WAITING_MAX,
        retry_after_seconds: 1,
      });
    }
    const { promise, resolve, reject } = Promise.withResolvers<CommitResult>();
    this.#waiting.push({ commit, ...measured, resolve, reject });
    this.#running ??= this.#run();
    return promise;
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // A tick later, so that what is asked for in the same turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#send(this.#nextGroup());
    // In the same turn as the last look, so that nothing can arrive in between and be left waiting.
    this.#running = undefined;
  }

  /** As many as fit, in order; two that touch the same key never go together. */
  #nextGroup(): Waiting[] {
    const group: Waiting[] = [];
    const left: Waiting[] = [];
    const taken = new Set<string>();
    let checks = 0;
    let mutations = 0;
    let bytes = 0;
    let full = false;
    for (const one of this.#waiting) {
      full ||= checks + one.checks > CHECKS_MAX || mutations + one.mutations > MUTATIONS_MAX ||
        bytes + one.bytes > BYTES_MAX;
      const free = !full && !one.keys.some((key) => taken.has(key));
      // Also those left behind hold their keys, so that changes of one key keep their order.
      for (const key of one.keys) taken.add(key);
      if (!free) {
        left.push(one);
        continue;
      }
      group.push(one);
      checks += one.checks;
      mutations += one.mutations;
      bytes += one.bytes;
    }
    this.#waiting = left;
    return group;
  }

  /** A group that a failed check has stopped is halved, until only those whose own check fails are left. */
  async #send(group: Waiting[]): Promise<void> {
    let result: CommitResult;
    try {
      result = await this.#kv.commit({
        checks: group.flatMap(({ commit }) => commit.checks ?? []),
        sets: group.flatMap(({ commit }) => commit.sets ?? []),
        deletes: group.flatMap(({ commit }) => commit.deletes ?? []),
      });
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

function measure({ checks = [], sets = [], deletes = [] }: Commit) {
  const keys = new Set<string>();
  let bytes = 0;
  const add = (key: Key, size: number) => {
    const name = keyName(key);
    keys.add(name);
    bytes += name.length + size;
  };
  for (const { key } of checks) add(key, 20);
  for (const { key, value } of sets) add(key, value.length);
  for (const key of deletes) add(key, 0);
  return { keys: [...keys], checks: checks.length, mutations: sets.length + deletes.length, bytes };
}

/** A key as a string that no other key has. */
export function keyName(key: Key): string {
  return key.length === 2 && typeof key[1] === "string" ? `${key[0]}\u0000${key[1]}` : JSON.stringify(key);
}
