/** Imports an export into a new store, or into a copy of the folder's store that then replaces it. */
import type { z } from "zod";
import { OWNER } from "../domain/actor.ts";
import type { Clock } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import type { LogEntry } from "../domain/log_entry.ts";
import { VERSION } from "../domain/migrations/migrations.ts";
import { refusedVariables } from "../domain/refused_variables.ts";
import { type Stored, StoredValueError } from "../domain/stored.ts";
import { idsOf } from "../domain/store_meta.ts";
import type { Execution } from "../domain/task.ts";
import { exists } from "./backup.ts";
import { type Counts, EXPORT_VERSION, ExportLine, HeaderLine, noCounts } from "./export_lines.ts";
import { copyStore } from "./file_copy.ts";
import { noteImported } from "./identity.ts";
import { UsageTakings } from "./import_usage.ts";
import type { KeyValue } from "./kv/kv.ts";
import { addLine, type Chunk, emptyChunk, endSeq, hasRoom } from "./log_chunk.ts";
import { encodeChunk } from "./log_chunk_values.ts";
import { FIRST_NODE } from "./node_lease.ts";
import { lineOf } from "./log_line.ts";
import { endChunk } from "./log_pack.ts";
import type { Store } from "./open.ts";
import type { StoredMessage } from "../domain/message.ts";
import { STORED_MESSAGE, storedMessage, userText } from "./messages.ts";
import { ATTEMPT_OUTPUT } from "./outputs.ts";
import { SCHEDULES, TASKS } from "./record_kinds.ts";
import { NOTED_COMMENTS } from "./reviews.ts";
import { USAGE_ROWS } from "./usage_days.ts";
import { type Replacement, replaceStore, withStore } from "./replace.ts";

/** How many commits may be under way at once. */
const AT_ONCE = 200;

export interface ImportOptions {
  /** The data folder, whose server must be stopped. */
  folder: string;
  clock: Clock;
  /** The export, line by line. */
  lines: AsyncIterable<string>;
  /** Whether the export is added to the folder's store. If not, the folder must have no store yet. */
  merge: boolean;
  /** The refused variables that the configuration lets tasks of an agent set; of any agent, for a task that names none. */
  allowedVariables?(agent: string | undefined): readonly string[];
}

export interface ImportReport extends Replacement {
  imported: Counts;
  /** Ids that already existed. Their records stay as they are. */
  skipped: { schedules: string[]; tasks: string[] };
  /** Entries left out, because entries of another log cannot be inserted into a log that is ordered by time. */
  log_entries_skipped: number;
  /** Days that the store counts already: they stay as they are, since the same tasks may be in both. */
  usage_days_skipped: number;
  /** Tasks of which some use is left out, since it may be in the sums that the store has of tasks that are gone. */
  usage_left_out: string[];
}

/**
 * Imports all of it or nothing: only the last step changes the folder's store. Throws `ApiError`: `INVALID_FIELD_VALUE`
 * if there is a store and `merge` is off; `INVALID_FIELD_FORMAT` with the `line` for a file that is not an export, is
 * truncated or has a newer version; and what `replaceStore` throws.
 */
export async function importStore(
  { folder, clock, lines, merge, allowedVariables }: ImportOptions,
): Promise<ImportReport> {
  let report: Omit<ImportReport, keyof Replacement> | undefined;
  const replacement = await replaceStore({
    folder,
    clock,
    action: "import",
    async allow(store) {
      if (merge || !await exists(store)) return;
      throw new ApiError("INVALID_FIELD_VALUE", `${folder} has a store already; --merge adds to it`, {
        field: "data",
        value: folder,
      });
    },
    async write(draft, store) {
      if (await exists(store)) await copyStore(store, draft);
      else (await Deno.open(draft, { write: true, createNew: true, mode: 0o600 })).close();
      report = await withStore(
        draft,
        clock,
        (target, kv) => importLines(target, kv, lines, allowedVariables),
      );
    },
  });
  return { ...replacement, ...report! };
}

/** Imports the lines into an open store that nobody else writes to. */
export async function importLines(
  store: Store,
  kv: KeyValue,
  lines: AsyncIterable<string>,
  allowedVariables: ImportOptions["allowedVariables"] = () => [],
): Promise<Omit<ImportReport, keyof Replacement>> {
  let target: Target | undefined;
  let number = 0;
  let end: Counts | undefined;
  for await (const text of lines) {
    number++;
    if (end) throw formatError(number, "there is more after its end");
    if (target === undefined) target = await Target.open(store, kv, headerOf(text), allowedVariables);
    else {
      const line = parsed(ExportLine, text, number);
      if (line.kind === "end") end = line;
      else await target.take(line, number);
    }
  }
  const found = target?.found ?? noCounts();
  if (!target || !end || Object.entries(found).some(([name, count]) => end[name as keyof Counts] !== count)) {
    throw formatError(number, end ? "its end counts other lines than there are" : "it is cut short");
  }
  return await target.finished();
}

type Header = z.infer<typeof HeaderLine>;
type Content = Exclude<ExportLine, { kind: "end" }>;
type MessageLine = Extract<ExportLine, { kind: "message" }>;
type Entries = ReturnType<typeof userText>;

class Target {
  /** The version of the values in the lines. */
  readonly #records_version: number;
  /** The lines read so far. */
  readonly found = noCounts();
  readonly #imported = noCounts();
  readonly #skipped = { schedules: [] as string[], tasks: [] as string[] };
  readonly #skippedTasks = new Set<string>();
  readonly #usage: UsageTakings;
  readonly #usageLeftOut: string[] = [];
  readonly #store: Store;
  readonly #kv: KeyValue;
  readonly #allowedVariables: NonNullable<ImportOptions["allowedVariables"]>;
  readonly #takesLog: boolean;
  /** The offset of the imported tasks' `order`: tasks that were here first are older in the queue. */
  readonly #order: number;
  #onTheirWay: Promise<void>[] = [];
  #failure: { error: unknown } | undefined;
  #chunk: Chunk = emptyChunk(FIRST_NODE, 1, 1);

  static async open(
    store: Store,
    kv: KeyValue,
    header: Header,
    allowedVariables: NonNullable<ImportOptions["allowedVariables"]>,
  ): Promise<Target> {
    const { store_id } = header;
    const ids = store_id === undefined ? [] : idsOf({ ...header, id: store_id });
    const usage = await UsageTakings.open(store, kv, ids);
    await noteImported(kv, ids);
    return new Target(store, kv, usage, header.records_version, allowedVariables);
  }

  private constructor(
    store: Store,
    kv: KeyValue,
    usage: UsageTakings,
    records_version: number,
    allowedVariables: NonNullable<ImportOptions["allowedVariables"]>,
  ) {
    this.#usage = usage;
    this.#allowedVariables = allowedVariables;
    this.#records_version = records_version;
    this.#store = store;
    this.#kv = kv;
    this.#takesLog = store.logs.last_seq === 0;
    this.#order = [...store.tasks.values()].reduce((most, { spec }) => Math.max(most, spec.order), 0);
  }

  async take(line: Content, number: number): Promise<void> {
    const read = <T>(part: string, stored: Stored<T>, value: unknown) =>
      readPart(part, stored, value, this.#records_version, number);
    if (line.kind === "schedule") {
      this.found.schedules++;
      if (this.#store.schedules.get(line.id)) this.#skipped.schedules.push(line.id);
      else {
        this.#imported.schedules++;
        const spec = read("spec", SCHEDULES.spec, line.spec);
        this.#requireVariables("spec.task.execution.env", spec.task.execution, number);
        const state = read("state", SCHEDULES.state, line.state);
        await this.#send(
          this.#store.schedules.update(() => ({ creates: [{ id: line.id, spec, state }] }), OWNER),
        );
      }
    } else if (line.kind === "task") {
      this.found.tasks++;
      if (this.#store.tasks.get(line.id)) {
        this.#skipped.tasks.push(line.id);
        this.#skippedTasks.add(line.id);
      } else {
        this.#imported.tasks++;
        const spec = read("spec", TASKS.spec, line.spec);
        this.#requireVariables("spec.execution.env", spec.execution, number);
        const found = read("state", TASKS.state, line.state);
        const state = this.#usage.ofTask(found);
        if (state !== found) this.#usageLeftOut.push(line.id);
        const record = { id: line.id, spec: { ...spec, order: spec.order + this.#order }, state };
        await this.#send(this.#store.tasks.update(() => ({ creates: [record] }), OWNER));
      }
    } else if (line.kind === "output") {
      await this.#ofTask("outputs", line.task_id, () => {
        const output = read("result", ATTEMPT_OUTPUT, line.result);
        return [this.#store.outputs.entry(line.task_id, line.attempt, output)];
      });
    } else if (line.kind === "message") {
      await this.#ofTask(
        "messages",
        line.task_id,
        () => messageOf(line, read("message", STORED_MESSAGE, line.message)),
      );
    } else if (line.kind === "review") {
      await this.#ofTask("reviews", line.task_id, () => {
        const comments = read("comments", NOTED_COMMENTS, line.comments);
        return this.#store.reviews.entries(line.task_id, { comments, viewed: line.viewed }).sets;
      });
    } else if (line.kind === "usage") {
      this.found.usage_days++;
      const rows = read("rows", USAGE_ROWS, line.rows);
      const before = await this.#store.usage.get(line.day);
      const both = this.#usage.ofDay(line.day, before, rows);
      if (both === undefined) return;
      this.#imported.usage_days++;
      await this.#send(this.#kv.commit(this.#store.usage.entry(line.day, before, both)).then(() => {}));
    } else {
      this.found.log_entries++;
      if (!this.#takesLog) return;
      this.#imported.log_entries++;
      await this.#log(line.entry);
    }
  }

  /** Takes what belongs to a task, unless that was skipped. */
  async #ofTask(
    what: "outputs" | "messages" | "reviews",
    task_id: string,
    entries: () => Entries,
  ): Promise<void> {
    this.found[what]++;
    if (this.#skippedTasks.has(task_id)) return;
    const sets = entries();
    this.#imported[what]++;
    await this.#send(this.#kv.commit({ sets }).then(() => {}));
  }

  /** Throws for variables that no client could have set. */
  #requireVariables(field: string, { agent, env = {} }: Execution = {}, line: number): void {
    const [name] = refusedVariables(Object.keys(env), this.#allowedVariables(agent));
    if (name === undefined) return;
    throw formatError(
      line,
      `${field}: a task may not set ${name}. Take it out, or name it in agents.NAME.allow_env of the configuration`,
    );
  }

  async finished(): Promise<Omit<ImportReport, keyof Replacement>> {
    await this.#writeChunk();
    await this.#arrived();
    return {
      imported: this.#imported,
      skipped: this.#skipped,
      log_entries_skipped: this.found.log_entries - this.#imported.log_entries,
      usage_days_skipped: this.found.usage_days - this.#imported.usage_days,
      usage_left_out: this.#usageLeftOut,
    };
  }

  async #send(commit: Promise<void>): Promise<void> {
    const sent = commit.catch((error) => void (this.#failure ??= { error }));
    if (this.#onTheirWay.push(sent) >= AT_ONCE) await this.#arrived();
  }

  async #arrived(): Promise<void> {
    await Promise.all(this.#onTheirWay.splice(0));
    if (this.#failure) throw this.#failure.error;
  }

  async #log(entry: LogEntry): Promise<void> {
    const line = lineOf(entry, entry.time);
    if (!hasRoom(this.#chunk, line)) await this.#writeChunk();
    addLine(this.#chunk, line);
  }

  async #writeChunk(): Promise<void> {
    const { header } = this.#chunk;
    if (header.count === 0) return;
    endChunk(this.#chunk);
    await this.#kv.commit({ sets: encodeChunk(this.#chunk).values });
    this.#chunk = emptyChunk(FIRST_NODE, header.chunk + 1, endSeq(header));
  }
}

/** All that is stored of a message. */
function messageOf({ task_id, number, text }: MessageLine, message: StoredMessage): Entries {
  if (message.role === "agent") return [storedMessage(task_id, number, message, text)];
  const texts = userText(task_id, number, text);
  return [storedMessage(task_id, number, { ...message, parts: texts.length }), ...texts];
}

/** The header, if this program can read what follows it. */
function headerOf(text: string): Header {
  const header = parsed(HeaderLine, text, 1);
  const { version, records_version } = header;
  for (const [found, known] of [[version, EXPORT_VERSION], [records_version, VERSION]] as const) {
    if (found > known) {
      throw formatError(1, `a newer opencode-agents wrote it: version ${found}, this one knows ${known}`);
    }
  }
  return header;
}

/** A stored value of a line, brought to the current version. */
function readPart<T>(part: string, stored: Stored<T>, value: unknown, version: number, line: number): T {
  try {
    return stored.readForeign(value, version);
  } catch (error) {
    if (!(error instanceof StoredValueError)) throw error;
    throw formatError(line, `${part}.${error.message}`);
  }
}

function parsed<T>(schema: { safeParse(value: unknown): Parsed<T> }, text: string, line: number): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw formatError(line, (error as Error).message);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw formatError(line, `${issue!.path.join(".") || "line"}: ${issue!.message}`);
}

type Parsed<T> = { success: true; data: T } | {
  success: false;
  error: { issues: { path: PropertyKey[]; message: string }[] };
};

function formatError(line: number, reason: string): ApiError {
  return new ApiError(
    "INVALID_FIELD_FORMAT",
    `This is no whole export of opencode-agents (line ${line}: ${reason}); nothing was imported`,
    { line, reason },
  );
}
