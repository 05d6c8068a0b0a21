/** Section 2 of the API document, with the contract's extensions: the life of tasks. */
import * as z from "zod";
import { Actor } from "../domain/actor.ts";
import { FailureKind } from "../domain/failure.ts";
import { NEEDS } from "../domain/needs.ts";
import { exchange, Page, pageRequest, sortBy } from "./exchange.ts";
import { distinct, FilesPattern, oneOrMany, TaskId, text, Timestamp } from "../domain/scalars.ts";
import { AttemptOutput } from "../domain/output.ts";
import { AnswerContent, QuestionAction } from "../domain/question.ts";
import { Execution, Label, NewTask, Priority, Tag, Task, TaskStatus, TaskType } from "../domain/task.ts";
import { TaskEdit } from "../domain/task_edit.ts";
import { TaskState } from "../domain/task_record.ts";
import { WaitingKind } from "../domain/waiting_for.ts";
import { Review } from "../domain/workspace.ts";

const progress = z.number().min(0).max(100);

export const TaskFilter = z.strictObject({
  status: oneOrMany(TaskStatus).optional(),
  type: oneOrMany(TaskType).optional(),
  priority: oneOrMany(Priority).optional(),
  created_after: Timestamp.optional(),
  created_before: Timestamp.optional(),
  has_dependencies: z.boolean().optional(),
  progress_range: z.strictObject({ min: progress.optional(), max: progress.optional() })
    .refine((range) => range.min === undefined || range.max === undefined || range.min <= range.max, {
      error: "min not above max",
    }).optional(),
  description_contains: text(1, 1000).optional(),
  files_pattern: FilesPattern.optional(),
  failure: oneOrMany(FailureKind).optional().describe("Tasks that failed for such a reason."),
  project: oneOrMany(Label).optional().describe(
    "Tasks that belong to a configured project of this name, or have it as their `metadata.project`.",
  ),
  owner: oneOrMany(Label).optional().describe("By `metadata.owner`."),
  agent: oneOrMany(text(1, 100)).optional().describe(
    "Tasks that this agent runs or has run last; before that, that it would run.",
  ),
  review: oneOrMany(Review).optional(),
  waiting_for: oneOrMany(WaitingKind).optional().describe("Tasks that wait for something of this kind."),
  needs: z.union([z.literal("any"), oneOrMany(z.enum(NEEDS))]).optional().describe(
    "Tasks that need a person for one of these, or for anything. What keeps an agent standing still comes first: " +
      "permission, question, approval, budget; then conflict and feedback of a pull request; changes_requested: the " +
      "agent has not gone on with them; review: the task has ended with changes.",
  ),
  tags: oneOrMany(Tag).optional().describe("Tasks with any of these in `metadata.tags`."),
  archived: z.union([z.boolean(), z.literal("any")]).optional().describe(
    'true: only archived tasks. "any": archived ones too. By default they are left out, of the counts too.',
  ),
});
export type TaskFilter = z.infer<typeof TaskFilter>;

export const TASK_SORT_FIELDS = [
  "id",
  "type",
  "priority",
  "description",
  "status",
  "progress",
  "files_pattern",
  "timeout",
  "created_at",
  "started_at",
  "completed_at",
  "error",
  "scheduled_time",
  "retry_count",
  "attempt",
  "schedule_id",
] as const;
export type TaskSortField = typeof TASK_SORT_FIELDS[number];

/** How many tasks one message may archive. */
const ARCHIVED_AT_ONCE = 500;

const done = { task_id: z.string(), timestamp: z.string() };

/** A turn that has ended. One that several attempts worked at is listed for each. */
const Turn = z.object({
  turn: z.int(),
  attempt: z.int(),
  output: z.string(),
  stop_reason: AttemptOutput.shape.stop_reason,
  usage: AttemptOutput.shape.usage,
  checks: AttemptOutput.shape.checks,
  started_at: z.string(),
  ended_at: z.string(),
});

export const TaskResult = AttemptOutput.extend({
  output: z.string().describe("The answer of the last turn that has ended."),
  turns: z.array(Turn).describe("The last 200 turns, the oldest first."),
  attempts: TaskState.shape.attempts,
});
export type TaskResult = z.infer<typeof TaskResult>;

export const taskMessages = {
  start_task: exchange("start_task", { task: NewTask }, "task_started", { task_id: z.string(), task: Task }),
  cancel_task: exchange("cancel_task", { task_id: TaskId }, "task_cancelled", done),
  retry_task: exchange(
    "retry_task",
    {
      task_id: TaskId,
      fresh: z.boolean().optional().describe("Begin a new session, with the first prompt."),
    },
    "task_retried",
    { ...done, retry_count: z.int() },
  ),
  pause_task: exchange("pause_task", { task_id: TaskId }, "task_paused", done),
  resume_task: exchange(
    "resume_task",
    {
      task_id: TaskId,
      max_cost_usd: Execution.shape.max_cost_usd.describe("A higher bound on the task's cost, from now on."),
      max_tokens: Execution.shape.max_tokens.describe("A higher bound on the task's tokens, from now on."),
    },
    "task_resumed",
    done,
  ),
  update_task: exchange(
    "update_task",
    { task_id: TaskId, changes: TaskEdit },
    "task_updated",
    { task_id: z.string(), task: Task, timestamp: z.string() },
  ),
  archive_tasks: exchange(
    "archive_tasks",
    {
      task_ids: distinct(TaskId, 1, ARCHIVED_AT_ONCE),
      archived: z.boolean().optional().describe("false: take them out of the archive. Default: true."),
    },
    "tasks_archived",
    {
      task_ids: z.array(z.string()),
      archived: z.boolean(),
      to_review: z.array(z.string()).optional().describe(
        "Those of them that have been archived with changes that nobody has accepted or discarded. The changes stay where they are.",
      ),
      timestamp: z.string(),
    },
  ),
  get_task_status: exchange("get_task_status", { task_id: TaskId }, "task_status", { task: Task }),
  list_tasks: exchange(
    "list_tasks",
    {
      filter: TaskFilter.optional(),
      sort: sortBy(TASK_SORT_FIELDS).optional(),
      ...pageRequest,
    },
    "task_list",
    {
      tasks: z.array(Task),
      total_count: z.int(),
      filtered_count: z.int(),
      pagination: Page,
    },
  ),
  get_task_result: exchange("get_task_result", { task_id: TaskId }, "task_result", {
    task_id: z.string(),
    status: TaskStatus,
    result: TaskResult,
  }),
  answer_question: exchange(
    "answer_question",
    {
      task_id: TaskId,
      question_id: text(1, 200),
      action: QuestionAction,
      content: AnswerContent.optional().describe("With `accept`: the values of the form's fields."),
    },
    "question_answered",
    { ...done, question_id: z.string(), action: QuestionAction, by: Actor },
  ),
};
