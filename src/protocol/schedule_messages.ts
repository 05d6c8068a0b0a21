/** Tasks that run at a given time, once or repeatedly. */
import * as z from "zod";
import { exchange } from "./exchange.ts";
import { Actor } from "../domain/actor.ts";
import { TaskId, Timestamp } from "../domain/scalars.ts";
import { Paused, ScheduleSpec, Skipped } from "../domain/schedule.ts";
import { NewTask, RecurringConfig } from "../domain/task.ts";

const done = { task_id: z.string(), timestamp: z.string() };

const UPCOMING_MAX = 20;

export const Schedule = z.object({
  id: z.string(),
  task: ScheduleSpec.shape.task.extend({ id: z.string() }),
  scheduled_time: z.string(),
  recurring: RecurringConfig.optional(),
  created_by: Actor.optional(),
  paused: Paused.partial({ by: true }).optional().describe("Its times come and go without a run."),
  next_run: z.string().optional(),
  runs: z.int(),
  last_run: z.string().optional().describe("The id of the last run's task."),
  skipped: z.array(Skipped).describe("The last ten times that made no run, the newest last."),
  upcoming: z.array(z.string()),
});
export type Schedule = z.infer<typeof Schedule>;

/** What `update_schedule` changes. */
const ScheduleEdit = {
  task: z.strictObject(ScheduleSpec.shape.task.partial().shape).optional().describe(
    "The fields that later runs get; the others stay as they are.",
  ),
  recurring: RecurringConfig.optional().describe("Replaces the old one."),
  scheduled_time: Timestamp.optional(),
};
export type ScheduleEdit = z.infer<z.ZodObject<typeof ScheduleEdit>>;

const changed = { ...done, schedule: Schedule };

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
  update_schedule: exchange(
    "update_schedule",
    { task_id: TaskId, ...ScheduleEdit },
    "schedule_updated",
    changed,
  ),
  pause_schedule: exchange("pause_schedule", { task_id: TaskId }, "schedule_paused", changed),
  resume_schedule: exchange("resume_schedule", { task_id: TaskId }, "schedule_resumed", changed),
  run_schedule: exchange("run_schedule", { task_id: TaskId }, "schedule_run", {
    ...done,
    run_id: z.string().describe("The task of the run."),
  }),
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
