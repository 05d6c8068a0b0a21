/**
 * The key-value port in memory, for tests: the same order of keys, versions and limits as Deno KV, but no disk. The
 * data survives `close`, so that a test can end a server and open its store again.
 */
import { ApiError } from "../../domain/errors.ts";
import {
  ATOMIC_BYTES_MAX,
  ATOMIC_CHECKS_MAX,
  ATOMIC_MUTATIONS_MAX,
  type Commit,
  type CommitResult,
  type Entry,
  type Key,
  type KeyValue,
  type Range,
  VALUE_BYTES_MAX,
} from "./kv.ts";

export class MemoryKeyValue implements KeyValue {
  readonly checks_max: number;
  /** In key order. */
  #entries: Entry[] = [];
  #version = 0;
  #closed = false;
  readonly #watches = new Set<{ key: Key; changed: () => void }>();

  /** `checks_max`: fewer, as a remote store has. */
  constructor(checks_max = ATOMIC_CHECKS_MAX) {
    this.checks_max = checks_max;
  }

  /** The same data, opened again. */
  reopened(): MemoryKeyValue {
    const copy = new MemoryKeyValue(this.checks_max);
    copy.#entries = [...this.#entries];
    copy.#version = this.#version;
    return copy;
  }

  // deno-lint-ignore require-await -- its failures are rejections, as those of the other implementation
  async get(key: Key): Promise<Entry | undefined> {
    this.#refuseClosed("get");
    const at = this.#placeOf(key);
    const entry = this.#entries[at];
    return entry && compareKeys(entry.key, key) === 0 ? entry : undefined;
  }

  async *list({ prefix, start, end, reverse, limit = Infinity }: Range): AsyncGenerator<Entry> {
    this.#refuseClosed("list");
    const from = this.#placeOf(start ?? prefix);
    let to = from;
    const isWithin = ({ key }: Entry) =>
      end ? compareKeys(key, end) < 0 : prefix.every((part, i) => key[i] === part);
    while (to < this.#entries.length && isWithin(this.#entries[to]!)) to++;
    const found = this.#entries.slice(from, to).filter(({ key }) => start || key.length > prefix.length);
    if (reverse) found.reverse();
    yield* found.slice(0, limit);
  }

  // deno-lint-ignore require-await -- its failures are rejections, as those of the other implementation
  async commit({ checks = [], sets = [], deletes = [] }: Commit): Promise<CommitResult> {
    this.#refuseClosed("commit");
    this.#refuseTooLarge({ checks, sets, deletes });
    const holds = checks.every(({ key, versionstamp }) => {
      const entry = this.#entries[this.#placeOf(key)];
      const found = entry && compareKeys(entry.key, key) === 0 ? entry.versionstamp : null;
      return found === versionstamp;
    });
    if (!holds) return { ok: false };
    const versionstamp = (++this.#version).toString(16).padStart(16, "0") + "0000";
    for (const { key, value } of sets) this.#put({ key: [...key], value: value.slice(), versionstamp });
    for (const key of deletes) this.#drop(key);
    this.#tell([...sets.map(({ key }) => key), ...deletes]);
    return { ok: true, versionstamp };
  }

  watch(key: Key, changed: () => void): () => void {
    const watch = { key, changed };
    this.#watches.add(watch);
    return () => this.#watches.delete(watch);
  }

  close(): void {
    this.#closed = true;
    this.#watches.clear();
  }

  #tell(keys: readonly Key[]): void {
    if (this.#watches.size === 0) return;
    for (const { key, changed } of this.#watches) {
      if (keys.some((one) => compareKeys(one, key) === 0)) queueMicrotask(changed);
    }
  }

  #put(entry: Entry): void {
    const at = this.#placeOf(entry.key);
    const isThere = at < this.#entries.length && compareKeys(this.#entries[at]!.key, entry.key) === 0;
    this.#entries.splice(at, isThere ? 1 : 0, entry);
  }

  #drop(key: Key): void {
    const at = this.#placeOf(key);
    const entry = this.#entries[at];
    if (entry && compareKeys(entry.key, key) === 0) this.#entries.splice(at, 1);
  }

  /** The index of the first entry whose key is not before `key`. */
  #placeOf(key: Key): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareKeys(this.#entries[middle]!.key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #refuseTooLarge({ checks, sets, deletes }: Required<Commit>): void {
    const bytes = sets.reduce((sum, { value }) => sum + value.length, 0);
    if (
      sets.some(({ value }) => value.length > VALUE_BYTES_MAX) || bytes > ATOMIC_BYTES_MAX ||
      checks.length > this.checks_max || sets.length + deletes.length > ATOMIC_MUTATIONS_MAX
    ) {
      throw new ApiError("DATABASE_ERROR", "The commit is too large", { operation: "commit", bytes });
    }
  }

  #refuseClosed(operation: string): void {
    if (this.#closed) throw new ApiError("DATABASE_ERROR", "The store is closed", { operation });
  }
}

/** Strings by code point, then numbers by value. A key comes before longer keys that begin with it. */
function compareKeys(a: Key, b: Key): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareParts(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareParts(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "number") return 1;
  if (typeof b === "number") return -1;
  if (a === b) return 0;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  // Goes back to the start of a surrogate pair, because code units from U+D800 on are not in code point order.
  if (i > 0 && (a.charCodeAt(i - 1) & 0xfc00) === 0xd800) i--;
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
}
