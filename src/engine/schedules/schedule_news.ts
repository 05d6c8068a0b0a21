/** What somebody has changed about a schedule, as an entry of the log. Pure. */
import { isDeepStrictEqual } from "node:util";
import { type Actor, actorName } from "../../domain/actor.ts";
import type { ScheduleRecord } from "../../domain/schedule.ts";
import type { NewEntry } from "../../store/log_line.ts";
import { scheduleEntry } from "./schedule_context.ts";

/** Undefined for what the server and the schedule do themselves: each run is a task, and what fails has an entry. */
export function entryOfSchedule(
  before: ScheduleRecord | undefined,
  after: ScheduleRecord | undefined,
  by: Actor,
): NewEntry | undefined {
  const id = (after ?? before)?.id;
  const what = changeOf(before, after);
  if (id === undefined || what === undefined || by.kind === "server" || by.kind === "schedule") {
    return undefined;
  }
  return scheduleEntry("info", id, `Schedule was ${what} by ${actorName(by)}`, { change: what, by });
}

function changeOf(before: ScheduleRecord | undefined, after: ScheduleRecord | undefined): string | undefined {
  if (before === undefined) return "made";
  if (after === undefined) return "removed";
  const [was, is] = [before.state.paused !== undefined, after.state.paused !== undefined];
  if (was !== is) return is ? "paused" : "resumed";
  return isDeepStrictEqual(before.spec, after.spec) ? undefined : "changed";
}
