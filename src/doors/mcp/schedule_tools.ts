/** The tools that plan work for later, and tell what the last day has brought. */
import * as z from "zod";
import { TaskId, Timestamp, TimeZone } from "../../domain/scalars.ts";
import { RecurringConfig } from "../../domain/task.ts";
import { Schedule } from "../../protocol/schedule_messages.ts";
import { reportMessages } from "../../protocol/report_messages.ts";
import { newId, newTask, workInput } from "./delegate_tools.ts";
import { tool } from "./tool.ts";

const scheduleId = TaskId.describe("The id of a schedule, as schedule_task or list_schedules gave it");

const { id, next_run, runs, last_run, recurring, paused, skipped } = Schedule.shape;
const plan = {
  schedule_id: id,
  description: z.string(),
  recurring,
  next_run,
  runs,
  last_run,
  paused,
  skipped: skipped.describe("The last times that made no run, with the reason"),
};

function planOf({ id, task, recurring, next_run, runs, last_run, paused, skipped }: Schedule) {
  return {
    schedule_id: id,
    description: task.description,
    recurring,
    next_run,
    runs,
    last_run,
    paused,
    skipped,
  };
}

export const scheduleTask = tool({
  name: "schedule_task",
  title: "Plan a task for later",
  description:
    "Have another coding agent do a piece of work at a time, once, or again and again with `recurring` (hourly, daily, weekly, " +
    "monthly, or cron with five fields in `timezone`). Each run is a task of its own. The agents of tasks may not use it.",
  input: {
    ...workInput,
    scheduled_time: Timestamp.describe("ISO 8601. With cron: the earliest moment"),
    recurring: RecurringConfig.optional(),
  },
  output: { schedule_id: z.string(), next_run: z.string() },
  hints: { readOnlyHint: false },
  async run({ scheduled_time, recurring, ...work }, call) {
    const task = newTask({ ...work, task_id: work.task_id ?? newId(call) }, undefined);
    const reply = await call.backend.request("schedule_task", {
      task: { ...task, scheduled_time, recurring },
    });
    return { schedule_id: reply.task_id, next_run: reply.next_run };
  },
});

export const listSchedules = tool({
  name: "list_schedules",
  title: "List what is planned",
  description:
    "The schedules and the tasks that wait for their time: when each runs next, how often it ran, what was left out.",
  input: {},
  output: { schedules: z.array(z.object(plan)) },
  hints: { readOnlyHint: true },
  async run(_input, { backend, signal }) {
    const { schedules } = await backend.request("list_schedules", { upcoming: 0 }, { signal });
    return { schedules: schedules.map(planOf) };
  },
});

const ACTIONS = {
  pause: "pause_schedule",
  resume: "resume_schedule",
  run_now: "run_schedule",
  remove: "unschedule_task",
} as const;
type Action = keyof typeof ACTIONS;

export const controlSchedule = tool({
  name: "control_schedule",
  title: "Pause, resume, run or remove a schedule",
  description:
    "pause: its times come and go without a run; resume ends that. run_now makes a run at once. remove ends the schedule; its " +
    "runs stay. The agents of tasks may not use it.",
  input: {
    schedule_id: scheduleId,
    action: z.enum(Object.keys(ACTIONS) as [Action, ...Action[]]),
  },
  output: {
    schedule_id: z.string(),
    run_id: z.string().optional().describe("The task that run_now has started: see wait_for_task"),
  },
  hints: { readOnlyHint: false, destructiveHint: true },
  async run({ schedule_id, action }, { backend }) {
    const reply = await backend.request(ACTIONS[action], { task_id: schedule_id });
    return { schedule_id, run_id: "run_id" in reply ? reply.run_id : undefined };
  },
});

export const getReport = tool({
  name: "get_report",
  title: "Read the daily report",
  description:
    "What the last 24 hours have brought, as Markdown: what needs a person, failed and why, was done, waits until when, and what " +
    "it cost, by project.",
  input: {
    project: reportMessages.create_report.request.shape.project,
    timezone: TimeZone.optional().describe("The IANA time zone of its times; left out: the server's"),
  },
  output: { report: z.string() },
  hints: { readOnlyHint: true },
  async run({ project, timezone }, { backend, signal }) {
    const { content } = await backend.request("create_report", { kind: "daily", project, timezone }, {
      signal,
    });
    return { report: content };
  },
});
