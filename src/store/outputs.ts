/** The agents' outputs by attempt. Kept only in the store, because they are requested for one task at a time. */
import { AttemptOutput } from "../domain/output.ts";
import { stored } from "../domain/stored.ts";
import type { Key, KeyValue } from "./kv/kv.ts";
import { decodeStored, encodeStored } from "./stored_values.ts";

/**
 * The most bytes besides the text. The text has at most 32 KiB, so that both fit into a value. It is not written as
 * JSON, in which an output with colors could grow sixfold.
 */
const REST_BYTES_MAX = 16 << 10;
const TEXT_BYTES_MAX = 40 << 10;
const LINE_FEED = 10;

export const OUTPUTS: Key = ["output"];

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export const ATTEMPT_OUTPUT = stored("output", AttemptOutput);
/** All but the text. */
const HEAD = stored("output", AttemptOutput.omit({ output: true }));

export class Outputs {
  readonly #kv: KeyValue;

  constructor(kv: KeyValue) {
    this.#kv = kv;
  }

  /**
   * The key and value of an attempt's output, to be committed with its end. The value always fits: a text of more than
   * 40 KiB loses its beginning, and other fields of more than 16 KiB in total are left out.
   */
  entry(task_id: string, attempt: number, output: AttemptOutput): { key: Key; value: Uint8Array } {
    const { output: text, ...rest } = output;
    const head = encodeStored(rest);
    const kept = head.length <= REST_BYTES_MAX ? head : encodeStored({});
    const body = tail(encoder.encode(text));
    const value = new Uint8Array(kept.length + 1 + body.length);
    value.set(kept);
    // JSON on one line contains no line feed, so the first line feed ends it.
    value[kept.length] = LINE_FEED;
    value.set(body, kept.length + 1);
    return { key: [...OUTPUTS, task_id, attempt], value };
  }

  async get(task_id: string, attempt: number): Promise<AttemptOutput | undefined> {
    const found = await this.#kv.get([...OUTPUTS, task_id, attempt]);
    return found && decodeOutput(task_id, attempt, found.value);
  }

  /** The keys of the outputs of a task with this many attempts. */
  keysOf(task_id: string, attempts: number): Key[] {
    return Array.from({ length: attempts }, (_, i) => [...OUTPUTS, task_id, i + 1]);
  }
}

/** Reads what `entry` has written. Throws `DATABASE_ERROR` for any other value. */
export function decodeOutput(task_id: string, attempt: number, value: Uint8Array): AttemptOutput {
  const record = `output of task '${task_id}', attempt ${attempt}`;
  const end = value.indexOf(LINE_FEED);
  const head = decodeStored(HEAD, record, value.subarray(0, Math.max(0, end)));
  return { ...head, output: decoder.decode(value.subarray(end + 1)) };
}

/** The last bytes that fit, beginning with a whole character. */
function tail(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= TEXT_BYTES_MAX) return bytes;
  let start = bytes.length - TEXT_BYTES_MAX;
  while ((bytes[start]! & 0xc0) === 0x80) start++;
  return bytes.subarray(start);
}
