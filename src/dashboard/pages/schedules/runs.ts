/** The runs of schedules: past ones, which are tasks, and upcoming ones. */
import { epochOf } from "../../../clock/clock.ts";
import type { Schedule } from "../../../protocol/schedule_messages.ts";
import type { Task } from "../../../domain/task.ts";
import { dayIn } from "../../ui/zone.ts";

/** How many upcoming runs the API returns per schedule. */
export const UPCOMING = 20;

export interface Run {
  schedule_id: string;
  at_ms: number;
  /** The run's task, if the run has happened. */
  task?: Task;
}

/** Past runs by schedule, the newest first. */
export function runsBySchedule(tasks: readonly Task[]): Map<string, Task[]> {
  const runs = new Map<string, Task[]>();
  for (const task of tasks) {
    if (task.schedule_id === undefined) continue;
    const own = runs.get(task.schedule_id);
    if (own) own.push(task);
    else runs.set(task.schedule_id, [task]);
  }
  return runs;
}

/** All runs by day in this time zone, the earliest first. */
export function runsByDay(
  schedules: readonly Schedule[],
  past: ReadonlyMap<string, readonly Task[]>,
  zone: string,
): Map<string, Run[]> {
  const runs: Run[] = [];
  for (const [schedule_id, tasks] of past) {
    for (const task of tasks) runs.push({ schedule_id, at_ms: epochOf(task.created_at), task });
  }
  for (const { id, upcoming } of schedules) {
    for (const iso of upcoming) runs.push({ schedule_id: id, at_ms: epochOf(iso) });
  }
  const days = new Map<string, Run[]>();
  for (const run of runs.sort((a, b) => a.at_ms - b.at_ms)) {
    const day = dayIn(run.at_ms, zone);
    const own = days.get(day);
    if (own) own.push(run);
    else days.set(day, [run]);
  }
  return days;
}

/** Schedules with more runs up to the end of this month (`2026-03`) than the API returns. */
export function toldInPart(schedules: readonly Schedule[], month: string, zone: string): Schedule[] {
  return schedules.filter(({ upcoming }) =>
    upcoming.length === UPCOMING && dayIn(epochOf(upcoming.at(-1)!), zone).slice(0, 7) <= month
  );
}
