/**
 * When a schedule runs, computed in the schedule's time zone. Each occurrence is counted from the first one, so the
 * original day of the month is kept and errors do not add up. Pure.
 */
import * as z from "zod";
import { epochOf } from "../clock/clock.ts";
import { standingOf } from "./dependencies.ts";
import type { TaskRecord } from "./task_record.ts";
import { localTimeAfter } from "./time_zones.ts";
import { ADDED_FIELDS, RecurringConfig, REQUESTED_FIELDS } from "./task.ts";

const { id: _id, scheduled_time: _scheduled_time, recurring: _recurring, ...eachRun } = REQUESTED_FIELDS;

const RunFields = z.object(eachRun);
type RunFields = z.infer<typeof RunFields>;

/** Keeps the fields of a task that each run gets, and drops the others, such as the read-only ones. */
export function runFields(task: RunFields): RunFields {
  const kept = Object.entries(task).filter(([name]) => Object.hasOwn(eachRun, name));
  return Object.fromEntries(kept) as RunFields;
}

const Timetable = z.object({
  scheduled_time: z.string().describe("The first run, ISO 8601."),
  recurring: RecurringConfig.optional(),
});
export type Timetable = z.infer<typeof Timetable>;

/** A schedule as it is stored. */
export const ScheduleSpec = Timetable.extend({
  task: RunFields.describe("The fields of each run's task."),
  created_at: z.string(),
  created_by: ADDED_FIELDS.created_by,
});
export type ScheduleSpec = z.infer<typeof ScheduleSpec>;

export const ScheduleState = z.object({
  runs: z.int().describe("Runs made so far."),
  next_ms: z.number().describe("Epoch milliseconds of the next run."),
  last_run: z.string().optional().describe("The id of the last run's task."),
  last_number: z.int().optional().describe(
    "The number in `last_run`. It differs from `runs` if ids of runs were already taken.",
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

const UNITS = { daily: "days", weekly: "weeks", monthly: "months" } as const;
/** The longest intervals, apart from the hour of a clock change. So an estimated index is too high by at most one. */
const LONGEST_MS = { daily: 86_400_000, weekly: 7 * 86_400_000, monthly: 31 * 86_400_000 } as const;

/** The time of occurrence `index` (0 is the first) in epoch milliseconds; undefined if it is after `end_time`. */
export function occurrence({ scheduled_time, recurring }: Timetable, index: number): number | undefined {
  const first_ms = epochOf(scheduled_time);
  if (index === 0) return first_ms;
  if (!recurring) return undefined;
  const at_ms = localTimeAfter(first_ms, index, UNITS[recurring.interval], recurring.timezone ?? "UTC");
  if (recurring.end_time !== undefined && at_ms > epochOf(recurring.end_time)) return undefined;
  return at_ms;
}

/** The first occurrence after `after_ms`; undefined if there is none. */
export function nextOccurrence(
  timetable: Timetable,
  after_ms: number,
): { index: number; at_ms: number } | undefined {
  const first_ms = epochOf(timetable.scheduled_time);
  if (first_ms > after_ms) return { index: 0, at_ms: first_ms };
  if (!timetable.recurring) return undefined;
  const guess = Math.floor((after_ms - first_ms) / LONGEST_MS[timetable.recurring.interval]);
  for (let index = Math.max(1, guess - 1);; index++) {
    const at_ms = occurrence(timetable, index);
    if (at_ms === undefined) return undefined;
    if (at_ms > after_ms) return { index, at_ms };
  }
}

/** How many runs are left after `runs` of them. Missed or skipped times are not runs. */
function runsLeft({ recurring }: Timetable, runs: number): number {
  return recurring ? (recurring.max_runs ?? Infinity) - runs : 1 - runs;
}

/** The times of the next `count` runs after `after_ms`, in epoch milliseconds. `runs`: how many were made so far. */
export function upcoming(timetable: Timetable, after_ms: number, count: number, runs = 0): number[] {
  const times: number[] = [];
  const most = Math.min(count, runsLeft(timetable, runs));
  let next = nextOccurrence(timetable, after_ms);
  while (next && times.length < most) {
    times.push(next.at_ms);
    const at_ms = occurrence(timetable, next.index + 1);
    next = at_ms === undefined ? undefined : { index: next.index + 1, at_ms };
  }
  return times;
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

/**
 * The schedule's next state after it came due. `number`: the number of the run; undefined if the run was skipped because
 * the one before it was still going on. Times missed before `now_ms` are dropped. Returns undefined if it has ended.
 */
export function advanced(
  { id, spec, state }: ScheduleRecord,
  now_ms: number,
  number: number | undefined,
): ScheduleState | undefined {
  const runs = number === undefined ? state.runs : state.runs + 1;
  if (runsLeft(spec, runs) <= 0) return undefined;
  const next = nextOccurrence(spec, Math.max(now_ms, state.next_ms));
  if (!next) return undefined;
  if (number === undefined) return { ...state, next_ms: next.at_ms };
  return { ...state, runs, next_ms: next.at_ms, last_run: runId(id, number), last_number: number };
}
