/**
 * A store as JSON lines, for people and for other programs: a header, then schedules, tasks, outputs and log entries,
 * and at the end how many of each there are, so that a file cut short is known for one. Fields that this version does
 * not know are kept.
 */
import { z } from "zod";
import { LogEntry } from "../domain/log_entry.ts";
import { TaskId } from "../domain/scalars.ts";
import { Priority, RecurringConfig, TaskStatus, TaskType } from "../domain/task.ts";

/** Rises when an older program could no longer read what a newer one exports. */
export const EXPORT_VERSION = 1;

const count = z.int().min(0);
/** As our own clock writes it. */
const Time = z.iso.datetime({ precision: 3 });

export const Counts = z.object({ schedules: count, tasks: count, outputs: count, log_entries: count });
export type Counts = z.infer<typeof Counts>;

export const HeaderLine = z.looseObject({
  kind: z.literal("opencode-agents-export"),
  version: z.int().min(1),
  exported_at: Time,
});

const ScheduleLine = z.object({
  kind: z.literal("schedule"),
  id: TaskId,
  spec: z.looseObject({
    scheduled_time: z.string(),
    recurring: RecurringConfig.optional(),
    task: z.looseObject({ type: TaskType, priority: Priority }),
    created_at: Time,
  }),
  state: z.looseObject({ runs: count, next_ms: z.number() }),
});

const TaskLine = z.object({
  kind: z.literal("task"),
  id: TaskId,
  spec: z.looseObject({
    type: TaskType,
    priority: Priority,
    description: z.string(),
    dependencies: z.array(TaskId).optional(),
    created_at: Time,
    order: count,
  }),
  state: z.looseObject({
    status: TaskStatus,
    progress: z.number(),
    retry_count: count,
    attempt: count,
    automatic_attempts: count,
    attempts: z.array(z.looseObject({ attempt: count, agent: z.string(), started_at: Time })),
  }),
});

const OutputLine = z.object({
  kind: z.literal("output"),
  task_id: TaskId,
  attempt: z.int().min(1),
  result: z.looseObject({ output: z.string() }),
});

const LogEntryLine = z.object({ kind: z.literal("log"), entry: LogEntry.extend({ time: Time }) });

const EndLine = Counts.extend({ kind: z.literal("end") });

export const ExportLine = z.discriminatedUnion("kind", [
  ScheduleLine,
  TaskLine,
  OutputLine,
  LogEntryLine,
  EndLine,
]);
export type ExportLine = z.infer<typeof ExportLine>;
