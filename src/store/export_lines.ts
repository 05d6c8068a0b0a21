/**
 * A store as JSON lines, for people and for other programs: a header, then schedules, tasks, outputs, messages, reviews, the
 * usage of tasks that are gone, and log entries.
 * The last line has the number of each, so that a truncated file is recognized. Fields that this version does not know
 * are kept.
 *
 * The store's own schemas check the shape of stored values. The schemas here check what a file from outside needs in
 * addition: valid ids, valid counts, and times in the form that is compared as text.
 */
import * as z from "zod";
import { LogEntry } from "../domain/log_entry.ts";
import { TaskId } from "../domain/scalars.ts";

/**
 * Version 2 has messages, which version 1 had as outputs of attempts. Version 3 has what tasks that are gone have used.
 *
 * Increases when an older program could no longer read what a newer one exports.
 */
export const EXPORT_VERSION = 3;

const count = z.int().min(0);
/** A time as `isoTime` writes it. */
const Time = z.iso.datetime({ precision: 3 });

export const Counts = z.object({
  schedules: count,
  tasks: count,
  outputs: count,
  messages: count.default(0).describe("Absent in exports of version 1."),
  reviews: count.default(0).describe("Absent in exports of version 1."),
  usage_days: count.default(0).describe("Absent in exports of earlier versions."),
  log_entries: count,
});
export type Counts = z.infer<typeof Counts>;

/** Of nothing so far. */
export function noCounts(): Counts {
  return { schedules: 0, tasks: 0, outputs: 0, messages: 0, reviews: 0, usage_days: 0, log_entries: 0 };
}

export const HeaderLine = z.looseObject({
  kind: z.literal("opencode-agents-export"),
  version: z.int().min(1),
  records_version: z.int().min(1).default(1).describe(
    "The version of the stored values. Absent in early exports.",
  ),
  exported_at: Time,
  store_id: z.string().max(100).optional(),
  earlier_ids: z.array(z.string().max(100)).max(10_000).optional().describe(
    "Of the stores whose data may be in this one. Absent in early exports.",
  ),
});

const ScheduleLine = z.object({
  kind: z.literal("schedule"),
  id: TaskId,
  spec: z.looseObject({ created_at: Time }),
  state: z.looseObject({ runs: count }),
});

const TaskLine = z.object({
  kind: z.literal("task"),
  id: TaskId,
  spec: z.looseObject({ dependencies: z.array(TaskId).optional(), created_at: Time, order: count }),
  state: z.looseObject({
    retry_count: count,
    attempt: count,
    automatic_attempts: count,
    attempts: z.array(z.looseObject({ attempt: count, started_at: Time })),
  }),
});

const OutputLine = z.object({
  kind: z.literal("output"),
  task_id: TaskId,
  attempt: z.int().min(1),
  result: z.looseObject({}),
});

const MessageLine = z.object({
  kind: z.literal("message"),
  task_id: TaskId,
  number: z.int().min(2),
  message: z.looseObject({ role: z.enum(["user", "agent"]), at: Time }),
  text: z.string(),
});

const ReviewLine = z.object({
  kind: z.literal("review"),
  task_id: TaskId,
  comments: z.array(z.looseObject({})),
  viewed: z.array(z.string()),
});

const UsageLine = z.object({
  kind: z.literal("usage"),
  day: z.iso.date(),
  rows: z.array(z.looseObject({})),
});

const LogEntryLine = z.object({ kind: z.literal("log"), entry: LogEntry.extend({ time: Time }) });

const EndLine = Counts.extend({ kind: z.literal("end") });

export const ExportLine = z.discriminatedUnion("kind", [
  ScheduleLine,
  TaskLine,
  OutputLine,
  MessageLine,
  ReviewLine,
  UsageLine,
  LogEntryLine,
  EndLine,
]);
export type ExportLine = z.infer<typeof ExportLine>;
