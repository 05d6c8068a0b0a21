/** What agents answered, by attempt. Kept in the store only; it is asked for one task at a time. */
import { decode, encode } from "./json.ts";
import type { Key, KeyValue } from "./kv.ts";

export class Outputs<Output> {
  readonly #kv: KeyValue;

  constructor(kv: KeyValue) {
    this.#kv = kv;
  }

  /** The key and value that keep an attempt's output, to be committed with its end. */
  entry(task_id: string, attempt: number, output: Output): { key: Key; value: Uint8Array } {
    return { key: ["output", task_id, attempt], value: encode(output) };
  }

  async get(task_id: string, attempt: number): Promise<Output | undefined> {
    const stored = await this.#kv.get(["output", task_id, attempt]);
    return stored && decode(stored.value) as Output;
  }

  /** The keys to delete with a task that had so many attempts. */
  keysOf(task_id: string, attempts: number): Key[] {
    return Array.from({ length: attempts }, (_, i) => ["output", task_id, i + 1]);
  }
}
