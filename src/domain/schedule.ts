/** A schedule as it is stored, and what becomes of it when it is due. Pure. */
import * as z from "zod";
import { isoTime } from "../clock/clock.ts";
import { Actor } from "./actor.ts";
import { standingOf } from "./dependencies.ts";
import { ADDED_FIELDS, RecurringConfig, REQUESTED_FIELDS } from "./task.ts";
import type { TaskRecord } from "./task_record.ts";
import { nextOccurrence, runsLeft } from "./timetable.ts";

const { id: _id, scheduled_time: _scheduled_time, recurring: _recurring, ...eachRun } = REQUESTED_FIELDS;

const RunFields = z.object(eachRun);
type RunFields = z.infer<typeof RunFields>;

/** Keeps the fields of a task that each run gets, and drops the others, such as the read-only ones. */
export function runFields(task: RunFields): RunFields {
  const kept = Object.entries(task).filter(([name]) => Object.hasOwn(eachRun, name));
  return Object.fromEntries(kept) as RunFields;
}

/** A schedule as it is stored. */
export const ScheduleSpec = z.object({
  scheduled_time: z.string().describe("The first run, ISO 8601; with cron, the earliest moment of one."),
  recurring: RecurringConfig.optional(),
  task: RunFields.describe("The fields of each run's task."),
  created_at: z.string(),
  created_by: ADDED_FIELDS.created_by,
});
export type ScheduleSpec = z.infer<typeof ScheduleSpec>;

/** Why a time made no run. */
export const SkipReason = z.enum(["overlap", "held_agent", "no_node", "paused", "failed"]).describe(
  "overlap: the run before was still going on; held_agent and no_node: it was still waiting for its agent to be " +
    "released or for a node; paused: the schedule was; failed: the run could not be made.",
);
export type SkipReason = z.infer<typeof SkipReason>;

export const Skipped = z.object({
  time: z.string(),
  reason: SkipReason,
  message: z.string().optional(),
});
export type Skipped = z.infer<typeof Skipped>;

const SKIPPED_KEPT = 10;

export const Paused = z.object({
  at: z.string(),
  by: Actor,
  reason: z.enum(["request", "failures"]).describe(
    "request: somebody paused it; failures: `recurring.pause_after_failures`.",
  ),
});
export type Paused = z.infer<typeof Paused>;

export const ScheduleState = z.object({
  runs: z.int().describe("Runs made so far."),
  by_hand: z.int().optional().describe(
    "How many of them were started by hand. They do not count for `max_runs`.",
  ),
  next_ms: z.number().describe("Epoch milliseconds of the next run."),
  last_run: z.string().optional().describe("The id of the last run's task."),
  last_number: z.int().optional().describe(
    "The number in `last_run`. It differs from `runs` if ids of runs were already taken.",
  ),
  paused: Paused.optional(),
  skipped: z.array(Skipped).optional().describe("The last times that made no run, the newest last."),
  failures_after: z.int().optional().describe(
    "The number of the last run when the schedule was resumed. Only later failures count for `pause_after_failures`.",
  ),
  met: z.array(z.string()).optional().describe(
    "Dependencies that are done. They still count as done when retention has removed them.",
  ),
});
export type ScheduleState = z.infer<typeof ScheduleState>;

export interface ScheduleRecord {
  id: string;
  spec: ScheduleSpec;
  state: ScheduleState;
}

/** The schedule's state once these tasks are known to be done, as far as they are; the same object if that is not new. */
export function withMet(
  { spec, state }: Pick<ScheduleRecord, "spec" | "state">,
  tasks: readonly Pick<TaskRecord, "id" | "state">[],
) {
  const { met = [] } = state;
  const done = tasks.filter((task) => isDone(spec, task)).map(({ id }) => id);
  const more = (spec.task.dependencies ?? []).filter((id) => done.includes(id) && !met.includes(id));
  return more.length === 0 ? state : { ...state, met: [...met, ...more] };
}

/**
 * The dependencies of the next run: without those that completed and are gone. One that is there again, under the same
 * id, counts as it is.
 */
export function runDependencies(
  { spec, state }: ScheduleRecord,
  isThere: (id: string) => boolean,
): string[] | undefined {
  return spec.task.dependencies?.filter((id) => isThere(id) || !state.met?.includes(id));
}

/**
 * Whether a finished task must stay because the schedule depends on it, and without the task would not know that it
 * is done, or that it is not.
 */
export function needs({ spec, state }: ScheduleRecord, task: Pick<TaskRecord, "id" | "state">): boolean {
  if (!spec.task.dependencies?.includes(task.id)) return false;
  return !isDone(spec, task) || !state.met?.includes(task.id);
}

function isDone({ task }: ScheduleSpec, { state }: Pick<TaskRecord, "state">): boolean {
  return standingOf(state, task.execution?.after) === "done";
}

const ID_MAX = 100;
const DIGEST_CHARS = 8;

/** The id of run `number` of a schedule. A schedule's id that is too long is cut, and a digest keeps the result unique. */
export function runId(schedule_id: string, number: number): string {
  const suffix = `_run_${number}`;
  if (schedule_id.length + suffix.length <= ID_MAX) return schedule_id + suffix;
  const kept = schedule_id.slice(0, ID_MAX - suffix.length - DIGEST_CHARS - 1);
  return `${kept}_${digest(schedule_id)}${suffix}`;
}

/** FNV-1a of 32 bits, in hexadecimal digits. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(16).padStart(DIGEST_CHARS, "0");
}

/** How many runs count for `max_runs`. */
export function countedRuns({ runs, by_hand = 0 }: ScheduleState): number {
  return runs - by_hand;
}

/**
 * The schedule's next state after it came due, with the number of its run, or why there was none. Times missed before
 * `now_ms` are dropped. Returns undefined if it has ended.
 */
export function advanced(
  { id, spec, state }: ScheduleRecord,
  now_ms: number,
  came: { number: number } | Omit<Skipped, "time">,
): ScheduleState | undefined {
  const after = "number" in came ? ran({ id, state }, came.number) : withSkipped(state, came);
  if (runsLeft(spec, countedRuns(after)) <= 0) return undefined;
  const next_ms = nextOccurrence(spec, Math.max(now_ms, state.next_ms));
  return next_ms === undefined ? undefined : { ...after, next_ms };
}

/** The state after a run that somebody started by hand. */
export function ranByHand(schedule: ScheduleRecord, number: number): ScheduleState {
  return { ...ran(schedule, number), by_hand: (schedule.state.by_hand ?? 0) + 1 };
}

/** The state after this run, apart from its next time. */
export function ran({ id, state }: Pick<ScheduleRecord, "id" | "state">, number: number): ScheduleState {
  return {
    ...state,
    runs: state.runs + 1,
    last_run: runId(id, number),
    last_number: Math.max(number, state.last_number ?? 0),
  };
}

function withSkipped(state: ScheduleState, skipped: Omit<Skipped, "time">): ScheduleState {
  const now = { time: isoTime(state.next_ms), ...skipped };
  return { ...state, skipped: [...state.skipped ?? [], now].slice(-SKIPPED_KEPT) };
}

/** The number of a run, from its id. */
export function runNumber(run_id: string): number {
  return Number(/_run_(\d+)$/.exec(run_id)?.[1] ?? 0);
}

/** Whether a task is a run that the schedule made itself, not one that was started by hand. */
export function isOwnRun({ spec }: Pick<TaskRecord, "spec">, schedule_id: string): boolean {
  // A run of an earlier version does not say who made it.
  return spec.schedule_id === schedule_id && (spec.created_by ?? { kind: "schedule" }).kind === "schedule";
}

/** How many runs have failed in a row, the newest first. One that was cancelled or goes on says nothing. */
export function failuresInARow(
  { id, state }: ScheduleRecord,
  runs: Iterable<Pick<TaskRecord, "id" | "spec" | "state">>,
): number {
  const after = state.failures_after ?? 0;
  const ended = [...runs]
    .filter(({ spec, state }) => spec.schedule_id === id && ["completed", "failed"].includes(state.status))
    .map((run) => ({ number: runNumber(run.id), failed: run.state.status === "failed" }))
    .filter(({ number }) => number > after)
    .sort((a, b) => b.number - a.number);
  const first = ended.findIndex(({ failed }) => !failed);
  return first === -1 ? ended.length : first;
}
