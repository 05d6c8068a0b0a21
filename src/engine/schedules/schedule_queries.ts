/** Answers what clients ask about schedules. */
import { epochOf, isoTime } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { countedRuns, runFields, type ScheduleRecord } from "../../domain/schedule.ts";
import type { Task } from "../../domain/task.ts";
import { shownExecution, type TaskRecord } from "../../domain/task_record.ts";
import { upcoming } from "../../domain/timetable.ts";
import type { Schedule } from "../../protocol/schedule_messages.ts";
import { isOneOff } from "./one_offs.ts";
import type { ScheduleContext } from "./schedule_context.ts";

/** How many of its next runs a schedule shows alone. */
const SHOWN_RUNS = 5;

export class ScheduleQueries {
  readonly #context: Pick<ScheduleContext, "schedules" | "index" | "clock">;

  constructor(context: ScheduleContext) {
    this.#context = context;
  }

  has(id: string): boolean {
    return this.#context.schedules.get(id) !== undefined;
  }

  /** All schedules and one-off tasks with their next `count` runs, the soonest first. */
  list(count: number): Schedule[] {
    const { schedules, index, clock } = this.#context;
    const now = clock.now();
    const tasks = [...index.all()].filter((task) => isOneOff(task, now));
    return [
      ...[...schedules.values()].map((one) => shown(one, count)),
      ...tasks.map((one) => once(one, count)),
    ]
      .sort((a, b) => compare(a.next_run ?? "", b.next_run ?? "") || compare(a.id, b.id));
  }

  /** One of them. Throws `TASK_NOT_FOUND`. */
  get(id: string, count = SHOWN_RUNS): Schedule {
    const { schedules, index, clock } = this.#context;
    const schedule = schedules.get(id);
    if (schedule) return shown(schedule, count);
    const task = index.find(id);
    if (task && isOneOff(task, clock.now())) return once(task, count);
    throw noSchedule(id);
  }

  /** The schedule in the shape of a task that waits for its time; undefined if there is none with this id. */
  asTask(id: string): Task | undefined {
    const schedule = this.#context.schedules.get(id);
    if (!schedule) return undefined;
    const { spec, state } = schedule;
    const next_run = isoTime(state.next_ms);
    const fields = runFields(spec.task);
    return {
      ...fields,
      id,
      status: state.paused ? "paused" : "pending",
      progress: 0,
      created_at: spec.created_at,
      created_by: spec.created_by,
      dependencies: fields.dependencies ?? [],
      execution: shownExecution(fields.execution),
      scheduled_time: spec.scheduled_time,
      recurring: spec.recurring,
      next_run,
      retry_count: 0,
      attempt: 0,
      queued_messages: 0,
      review: "none",
      waiting_for: state.paused ? { kind: "paused" } : { kind: "time", until: next_run },
    };
  }
}

export function noSchedule(id: string): ApiError {
  return new ApiError("TASK_NOT_FOUND", `There is no schedule '${id}'`, { task_id: id, schedule_id: id });
}

function shown({ id, spec, state }: ScheduleRecord, count: number): Schedule {
  return {
    id,
    // An earlier version also stored the read-only fields that a client had sent.
    task: { id, ...runFields(spec.task), execution: shownExecution(spec.task.execution) },
    scheduled_time: spec.scheduled_time,
    recurring: spec.recurring,
    created_by: spec.created_by,
    paused: state.paused,
    next_run: isoTime(state.next_ms),
    runs: state.runs,
    last_run: state.last_run,
    skipped: state.skipped ?? [],
    upcoming: upcoming(spec, state.next_ms - 1, count, countedRuns(state)).map(isoTime),
  };
}

function once({ id, spec, state }: TaskRecord, count: number): Schedule {
  const { scheduled_time = spec.created_at, created_at, created_by } = spec;
  const next_run = isoTime(epochOf(scheduled_time));
  return {
    id,
    task: { id, ...runFields(spec), execution: shownExecution(spec.execution) },
    scheduled_time: next_run,
    created_by,
    paused: state.status === "paused" ? { at: created_at, reason: "request" } : undefined,
    next_run,
    runs: 0,
    skipped: [],
    upcoming: count > 0 ? [next_run] : [],
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
