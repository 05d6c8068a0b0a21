/** The rule for scheduled times: at least a minute, less two seconds on the way, and at most a year ahead. */
import { epochOf, isoTime } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import type { NewTask } from "../domain/task.ts";

const MINIMUM_DELAY_SECONDS = 60;
/** A message that says exactly a minute is on its way for a moment. */
const TRANSIT_SECONDS = 2;
const MAXIMUM_DELAY_DAYS = 366;
const DAY_SECONDS = 86_400;

/** Throws `INVALID_SCHEDULE_TIME` for a well-formed time that is too near or too far ahead. */
export function checkScheduledTime(
  scheduled_time: string,
  now_ms: number,
  field = "task.scheduled_time",
): void {
  const ahead_seconds = (epochOf(scheduled_time) - now_ms) / 1000;
  const tooFar = ahead_seconds > MAXIMUM_DELAY_DAYS * DAY_SECONDS;
  if (ahead_seconds >= MINIMUM_DELAY_SECONDS - TRANSIT_SECONDS && !tooFar) return;
  const message = tooFar
    ? "Scheduled time cannot be more than 1 year in the future"
    : ahead_seconds <= 0
    ? "Scheduled time must be in the future"
    : `Scheduled time must be at least ${MINIMUM_DELAY_SECONDS} seconds in the future`;
  throw new ApiError("INVALID_SCHEDULE_TIME", message, {
    field,
    value: scheduled_time,
    expected: `${MINIMUM_DELAY_SECONDS} seconds to 1 year ahead`,
    current_time: isoTime(now_ms),
    minimum_delay_seconds: MINIMUM_DELAY_SECONDS,
  });
}

/** Refuses `recurring` in a single task: `schedule_task` is for that. */
export function refuseRecurring(task: NewTask): void {
  if (task.recurring === undefined) return;
  throw fieldProblem(
    "INVALID_RECURRING_CONFIG",
    "task.recurring",
    task.recurring,
    "no 'recurring' in start_task",
    "A recurring task is started with schedule_task",
  );
}
