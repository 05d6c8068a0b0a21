/** The agents' outputs by attempt, as versions before the conversation stored them. They stay readable. */
import { AttemptOutput } from "../domain/output.ts";
import { stored } from "../domain/stored.ts";
import type { Key, KeyValue } from "./kv/kv.ts";
import { decodeStored } from "./stored_values.ts";
import { textValue, valueOfText } from "./text_value.ts";

export const OUTPUTS: Key = ["output"];

export const ATTEMPT_OUTPUT = stored("output", AttemptOutput);
/** All but the text. */
const HEAD = stored("output", AttemptOutput.omit({ output: true }));

export class Outputs {
  readonly #kv: KeyValue;

  constructor(kv: KeyValue) {
    this.#kv = kv;
  }

  /** The key and value of an attempt's output, for an import. Fields of more than 16 KiB in total are left out. */
  entry(task_id: string, attempt: number, output: AttemptOutput): { key: Key; value: Uint8Array } {
    const { output: text, ...rest } = output;
    return { key: [...OUTPUTS, task_id, attempt], value: textValue(rest, {}, text) };
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
  const { head, text } = valueOfText(value);
  return { ...decodeStored(HEAD, record, head), output: text };
}
