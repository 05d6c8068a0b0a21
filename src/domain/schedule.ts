/**
 * When a schedule runs. Pure arithmetic in the schedule's time zone: each occurrence is counted from the first
 * one, so that the original day of month is never forgotten and no error adds up.
 */
import { z } from "zod";
import { epochOf } from "../clock/clock.ts";
import { localTimeAfter } from "./time_zones.ts";
import { ADDED_FIELDS, RecurringConfig, REQUESTED_FIELDS } from "./task.ts";

const { id: _id, scheduled_time: _scheduled_time, recurring: _recurring, ...eachRun } = REQUESTED_FIELDS;

const Timetable = z.object({
  scheduled_time: z.string().describe("The first run, ISO 8601."),
  recurring: RecurringConfig.optional(),
});
export type Timetable = z.infer<typeof Timetable>;

/** A schedule as it is kept. */
export const ScheduleSpec = Timetable.extend({
  task: z.object(eachRun).describe("What each run is a task of."),
  created_at: z.string(),
  created_by: ADDED_FIELDS.created_by,
});
export type ScheduleSpec = z.infer<typeof ScheduleSpec>;

export const ScheduleState = z.object({
  runs: z.int().describe("Runs made so far."),
  next_ms: z.number().describe("Epoch milliseconds of the next one."),
  last_run: z.string().optional().describe("The id of the last run's task."),
  last_number: z.int().optional().describe(
    "The number in `last_run`, which is not that of runs whose ids were taken.",
  ),
});
export type ScheduleState = z.infer<typeof ScheduleState>;

export interface ScheduleRecord {
  id: string;
  spec: ScheduleSpec;
  state: ScheduleState;
}

const UNITS = { daily: "days", weekly: "weeks", monthly: "months" } as const;
/** The longest of each, but for an hour when clocks change: a guess at an index is too high by one at most. */
const LONGEST_MS = { daily: 86_400_000, weekly: 7 * 86_400_000, monthly: 31 * 86_400_000 } as const;

/** The `index`-th time (0 is the first) in epoch milliseconds, undefined when `end_time` lies before it. */
export function occurrence({ scheduled_time, recurring }: Timetable, index: number): number | undefined {
  const first_ms = epochOf(scheduled_time);
  if (index === 0) return first_ms;
  if (!recurring) return undefined;
  const at_ms = localTimeAfter(first_ms, index, UNITS[recurring.interval], recurring.timezone ?? "UTC");
  if (recurring.end_time !== undefined && at_ms > epochOf(recurring.end_time)) return undefined;
  return at_ms;
}

/** The first occurrence after `after_ms`: its index and its time. */
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

/** How many runs may still come after so many: a time that was missed or skipped is none. */
function runsLeft({ recurring }: Timetable, runs: number): number {
  return recurring ? (recurring.max_runs ?? Infinity) - runs : 1 - runs;
}

/** The next `count` runs after `after_ms`, in epoch milliseconds, when so many `runs` were made. */
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

/** The id of a schedule's `number`-th run, which says whose it is. Where both do not fit, a digest keeps them apart. */
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
 * The schedule after its time came at `now_ms`: `number` is that of the run that was made; undefined when it was left
 * out, because the one before was still going on. Times missed meanwhile are over. Undefined: it has ended.
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
  return { runs, next_ms: next.at_ms, last_run: runId(id, number), last_number: number };
}
