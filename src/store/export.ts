/** Exports a store as JSON lines, read from a copy of one moment. Memory does not grow with the store. */
import { join } from "node:path";
import { type Clock, isoTime } from "../clock/clock.ts";
import { joinedBytes } from "../domain/bytes.ts";
import { VERSION } from "../domain/migrations/migrations.ts";
import type { Execution } from "../domain/task.ts";
import { shownExecution } from "../domain/task_record.ts";
import { requireStore } from "./backup.ts";
import { type Counts, EXPORT_VERSION, type ExportLine, noCounts } from "./export_lines.ts";
import { copyStore } from "./file_copy.ts";
import { FORMAT, identify, knownIds } from "./identity.ts";
import { denoKeyValue, type Key, type KeyValue } from "./kv/kv.ts";
import { logEntries } from "./log_merge.ts";
import { decodeMessage, MESSAGES, Messages } from "./messages.ts";
import { STORE_FILE } from "./open.ts";
import { decodeOutput, OUTPUTS } from "./outputs.ts";
import { Reviews } from "./reviews.ts";
import { specsOf, statesOf } from "./record_keys.ts";
import { type RecordKind, SCHEDULES, TASKS } from "./record_kinds.ts";
import { decodeRecord, withoutSpec } from "./stored_record.ts";
import { UsageDays } from "./usage_days.ts";

/** Entries per read. Values have up to 60 KB each. */
const BATCH = 20;

export interface ExportOptions {
  /** The data folder. A server may use it meanwhile. */
  folder: string;
  clock: Clock;
  /** Whether the values of variables and headers that tasks set are written too. Otherwise they are masked. */
  secrets?: boolean;
  /** Called with each line, including its line feed. */
  write(line: string): Promise<void> | void;
}

/**
 * Returns how many of each were written. Throws `ApiError`: `FILE_NOT_FOUND` without a store, and what `copyStore`
 * throws.
 */
export async function exportStore({ folder, clock, write, secrets = false }: ExportOptions): Promise<Counts> {
  const store = join(folder, STORE_FILE);
  await requireStore(store, folder);
  // In the data folder, which has room for a copy and is private to the owner.
  const draft = await Deno.makeTempDir({ dir: folder, prefix: "export-" });
  try {
    const copy = join(draft, STORE_FILE);
    await copyStore(store, copy);
    const kv = denoKeyValue(await Deno.openKv(copy), clock);
    try {
      const line = (value: ExportLine | Record<string, unknown>) => write(`${JSON.stringify(value)}\n`);
      await line({
        kind: "opencode-agents-export",
        version: EXPORT_VERSION,
        store_id: await identify(kv),
        earlier_ids: (await knownIds(kv)).slice(0, -1),
        records_version: VERSION,
        store_format: FORMAT,
        exported_at: isoTime(clock.now()),
      });
      return await exportLines(kv, line, secrets);
    } finally {
      kv.close();
    }
  } finally {
    await Deno.remove(draft, { recursive: true });
  }
}

/** All lines after the header. */
export async function exportLines(
  kv: KeyValue,
  line: (value: ExportLine) => Promise<void> | void,
  secrets: boolean,
): Promise<Counts> {
  const counts = noCounts();
  const shown = <Fields extends { execution?: Execution }>(fields: Fields): Fields =>
    secrets || fields.execution === undefined
      ? fields
      : { ...fields, execution: shownExecution(fields.execution) };
  for await (const { id, spec, state } of records(kv, SCHEDULES)) {
    await line({ kind: "schedule", id, spec: { ...spec, task: shown(spec.task) }, state } as ExportLine);
    counts.schedules++;
  }
  for await (const { id, spec, state } of records(kv, TASKS)) {
    await line({ kind: "task", id, spec: shown(spec), state } as ExportLine);
    counts.tasks++;
  }
  for await (const { key, value } of kv.list({ prefix: OUTPUTS, batch: BATCH })) {
    const [, task_id, attempt] = key as [string, string, number];
    await line({ kind: "output", task_id, attempt, result: decodeOutput(task_id, attempt, value) });
    counts.outputs++;
  }
  const messages = new Messages(kv);
  for await (const { key, value } of kv.list({ prefix: MESSAGES, batch: BATCH })) {
    const [, task_id, number] = key as [string, string, number];
    const { text, ...message } = decodeMessage(task_id, number, value);
    const { parts } = message;
    const said = parts === undefined ? text : await messages.text(task_id, { number, parts });
    await line({ kind: "message", task_id, number, message, text: said });
    counts.messages++;
  }
  for await (const { task_id, comments, viewed } of new Reviews(kv).all()) {
    await line({ kind: "review", task_id, comments, viewed });
    counts.reviews++;
  }
  for await (const { day, rows } of new UsageDays(kv).list()) {
    await line({ kind: "usage", day, rows });
    counts.usage_days++;
  }
  for await (const entry of logEntries(kv)) {
    await line({ kind: "log", entry });
    counts.log_entries++;
  }
  await line({ kind: "end", ...counts });
  return counts;
}

/** Records in the order of their ids. Specs that are stored apart are in the same order. */
async function* records<Spec, State>(kv: KeyValue, kind: RecordKind<Spec, State>) {
  const specs = values(kv, specsOf(kind.name));
  let apart = (await specs.next()).value;
  for await (const { id, bytes } of values(kv, statesOf(kind.name))) {
    const record = decodeRecord(kind, id, bytes, apart?.id === id ? apart.bytes : undefined);
    if (!record) throw withoutSpec(kind.name, id);
    if (apart?.id === id) apart = (await specs.next()).value;
    yield record;
  }
}

/** Values of any length, joined from their parts. */
async function* values(kv: KeyValue, prefix: Key) {
  let id: string | undefined;
  let parts: Uint8Array[] = [];
  for await (const { key, value } of kv.list({ prefix, batch: BATCH })) {
    if (key[2] !== id) {
      if (id !== undefined) yield { id, bytes: joinedBytes(parts) };
      id = key[2] as string;
      parts = [];
    }
    parts.push(value);
  }
  if (id !== undefined) yield { id, bytes: joinedBytes(parts) };
}
