/** Tasks that run at a given time, once or repeatedly. */
import * as z from "zod";
import { exchange } from "./exchange.ts";
import { Actor } from "../domain/actor.ts";
import { TaskId, Timestamp } from "../domain/scalars.ts";
import { ScheduleSpec } from "../domain/schedule.ts";
import { NewTask, RecurringConfig } from "../domain/task.ts";

const done = { task_id: z.string(), timestamp: z.string() };

const UPCOMING_MAX = 20;

export const Schedule = z.object({
  id: z.string(),
  task: ScheduleSpec.shape.task.extend({ id: z.string() }),
  scheduled_time: z.string(),
  recurring: RecurringConfig.optional(),
  created_by: Actor.optional(),
  next_run: z.string().optional(),
  runs: z.int(),
  upcoming: z.array(z.string()),
});
export type Schedule = z.infer<typeof Schedule>;

export const scheduleMessages = {
  schedule_task: exchange(
    "schedule_task",
    { task: NewTask.extend({ scheduled_time: Timestamp }) },
    "task_scheduled",
    {
      ...done,
      scheduled_time: z.string(),
      next_run: z.string(),
      recurring: RecurringConfig.optional(),
    },
  ),
  unschedule_task: exchange("unschedule_task", { task_id: TaskId }, "task_unscheduled", done),
  list_schedules: exchange(
    "list_schedules",
    { upcoming: z.int().min(0).max(UPCOMING_MAX).default(5) },
    "schedule_list",
    {
      schedules: z.array(Schedule),
      timestamp: z.string(),
    },
  ),
};
