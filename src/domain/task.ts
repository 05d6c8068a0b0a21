/** The task as clients send it and as the server shows it. */
import * as z from "zod";
import { Actor } from "./actor.ts";
import { cronProblem } from "./cron.ts";
import { CHECK_ROUNDS, CheckRounds, Checks } from "./check.ts";
import { DESCRIPTION_MAX } from "./description.ts";
import { Failure } from "./failure.ts";
import { Attachment, AttachmentIds } from "./attachment.ts";
import { TaskSession } from "./agent_session.ts";
import { McpServers } from "./mcp_server.ts";
import { PermissionRequest } from "./permission_request.ts";
import { PermissionRules } from "./permission_rule.ts";
import { Question } from "./question.ts";
import {
  bytes,
  distinct,
  FilesPattern,
  name,
  NewTaskId,
  TaskId,
  text,
  Timestamp,
  TimeZone,
  utf8Length,
} from "./scalars.ts";
import { TASK_TYPES, TASK_TYPES_TEXT } from "./task_types.ts";
import { alwaysSent } from "./published.ts";
import { PRIORITIES, TASK_STATUSES } from "./task_values.ts";
import { RuntimeStatus } from "./attempt/runtime_status.ts";
import { WaitingFor } from "./waiting_for.ts";
import { Accepted, Discarded } from "./ending.ts";
import { PullRequest } from "./pull_request.ts";
import { UsageSums } from "./usage.ts";
import { ChangeCounts, Review, Workspace } from "./workspace.ts";

export const TaskType = z.enum(TASK_TYPES).describe(TASK_TYPES_TEXT);
export type TaskType = z.infer<typeof TaskType>;

export const Priority = z.enum(PRIORITIES);
export type Priority = z.infer<typeof Priority>;

export const TaskStatus = z.enum(TASK_STATUSES);
export type TaskStatus = z.infer<typeof TaskStatus>;

/** How an agent's permission requests are met: a person is asked, all are denied, or all within the task's folders allowed. */
export const PermissionPolicy = z.enum(["ask", "allow", "deny"]);
export type PermissionPolicy = z.infer<typeof PermissionPolicy>;

/** What becomes of a permission request that nobody answers. */
export const TimeoutAction = z.enum(["deny", "fail", "wait"]);
export type TimeoutAction = z.infer<typeof TimeoutAction>;

/** Where a task works: in the folder itself, or in a git worktree of its own. */
export const Isolation = z.enum(["none", "worktree"]);
export type Isolation = z.infer<typeof Isolation>;

/** What a task takes over from those that it depends on. */
export const Inherit = z.enum(["changes", "results", "none"]);
export type Inherit = z.infer<typeof Inherit>;

/** When a dependency counts as done. */
export const After = z.enum(["completed", "accepted"]);
export type After = z.infer<typeof After>;

const CRON_MAX = 200;

export const RecurringConfig = z.strictObject({
  interval: z.enum(["daily", "weekly", "monthly", "hourly", "cron"]),
  end_time: Timestamp.optional(),
  max_runs: z.int().min(1).max(1000).optional(),
  timezone: TimeZone.optional(),
  allow_overlap: z.boolean().optional().describe("Run also while the run before is still going on."),
  cron: text(1, CRON_MAX).optional().superRefine((cron, context) => {
    const problem = cron === undefined ? undefined : cronProblem(cron);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem, input: cron });
  }).describe(
    "With interval cron: minute, hour, day of the month, month, day of the week, in `timezone`. If both days are " +
      "restricted, either is enough.",
  ),
  pause_after_failures: z.int().min(0).max(100).optional().describe(
    "Pause the schedule after so many failed runs in a row. Default: 0, never.",
  ),
}).superRefine(({ interval, cron }, context) => {
  if ((interval === "cron") === (cron !== undefined)) return;
  const message = interval === "cron" ? "a cron expression" : "no 'cron' unless the interval is cron";
  context.addIssue({ code: "custom", path: ["cron"], message, input: cron });
});
export type RecurringConfig = z.infer<typeof RecurringConfig>;

/** The most UTF-8 bytes of `metadata` as JSON: a task must fit into one commit of the store. */
const METADATA_MAX_BYTES = 262_144;

export const Tag = text(1, 50);
/** The name of an owner or of a project, which need not be known to the server. */
export const Label = text(0, 100);

const TaskMetadata = z.looseObject({
  estimated_duration: z.number().min(0).optional(),
  complexity: z.enum(["low", "medium", "high"]).optional(),
  tags: distinct(Tag, 0, 10).optional(),
  owner: Label.optional(),
  project: Label.optional(),
  environment: z.string().optional(),
}).refine((value) => utf8Length(JSON.stringify(value)) <= METADATA_MAX_BYTES, {
  error: `at most ${METADATA_MAX_BYTES} bytes as JSON`,
});

/** Of what an agent offers. It may become an argument of a program, which would take one with a dash for an option. */
const choice = text(1, 200).regex(/^(?!-)/, { error: "a name that does not begin with '-'" });

export const Execution = z.strictObject({
  agent: text(1, 100).optional(),
  prompt: bytes(65_536).optional().describe("The agent's prompt. By default it is the description."),
  working_dir: text(1, 4096).optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), text(0, 32_768)).optional(),
  model: choice.optional().describe("One of the models that the agent offers: see `list_agents`."),
  effort: choice.optional().describe(
    "How much the model thinks: one of the efforts that the agent offers for it.",
  ),
  mode: choice.optional().describe(
    "One of the agent's session modes. A mode that asks less than `permissions` requires is refused.",
  ),
  isolation: Isolation.optional(),
  base: name(255).optional().describe(
    'The branch, tag or commit from which the worktree of `isolation: "worktree"` starts. By default HEAD.',
  ),
  inherit: Inherit.optional().describe(
    "What the task takes over from its dependencies. changes (default): its worktree starts from their work, and its agent is " +
      "told their answers and which files they changed. results: it is only told. none: neither.",
  ),
  after: After.optional().describe(
    "When a dependency counts as done. completed (default): when its task is. accepted: when its changes have been accepted " +
      "too, or it has none.",
  ),
  permissions: PermissionPolicy.optional(),
  permission_rules: PermissionRules.optional().describe(
    "Rules that answer permission requests: the first that matches decides, before those of the project and of the server. " +
      "If none matches, `permissions` does.",
  ),
  max_attempts: z.int().min(1).max(100).optional(),
  priority_boost: z.int().min(-100).max(100).optional(),
  max_cost_usd: z.number().positive().max(1_000_000).optional().describe(
    "What all turns of the task may cost. Then the turn is ended and the task paused until `resume_task` raises it. Needs an " +
      "agent that tells its cost, or a model that `pricing` has.",
  ),
  max_tokens: z.int().min(1).optional().describe(
    "How many tokens all turns of the task may use, those from the provider's cache included.",
  ),
  wait_for_background_ms: z.int().min(0).max(86_400_000).optional().describe(
    "How long to wait for processes that a turn leaves at work before they are ended with the agent. By default not at all.",
  ),
  attachments: AttachmentIds.optional().describe(
    "Ids of files, from `POST /attachments`. The agent gets them with its prompt.",
  ),
  session: text(1, 200).optional().describe(
    "The id of a session of the agent in this folder, which the task goes on with. Needs `admin`; see " +
      "`list_agent_sessions`. If the session cannot be had, the task fails.",
  ),
  delegate: z.boolean().optional().describe(
    "Whether the agent gets this server's own tools, by which it starts tasks for other agents and waits for them.",
  ),
  mcp_servers: McpServers.optional().describe(
    "Servers of the Model Context Protocol for the agent's session, besides those of its configuration. One with the " +
      "same name replaces it. One with a `command` needs `tasks.client_commands`.",
  ),
  checks: Checks.optional().describe(
    "Checks of the work, run after a turn that would complete the task: names of the configuration's `checks`, or programs with " +
      "their arguments, which need `tasks.client_commands`. Default: the project's. [] for none.",
  ),
  check_rounds: CheckRounds.optional().describe(
    `How often failed checks go back to the agent before the task fails. Default: the project's, else ${CHECK_ROUNDS}.`,
  ),
});
export type Execution = z.infer<typeof Execution>;

export const MAX_DEPENDENCIES = 20;

/** The fields that a client sends, in the order of the API document. Errors are reported in this order. */
export const REQUESTED_FIELDS = {
  id: NewTaskId,
  type: TaskType,
  priority: Priority,
  description: text(1, DESCRIPTION_MAX),
  files_pattern: FilesPattern.optional(),
  dependencies: distinct(TaskId, 0, MAX_DEPENDENCIES).optional(),
  timeout: z.int().min(1000).max(86_400_000).optional(),
  scheduled_time: Timestamp.optional(),
  recurring: RecurringConfig.optional(),
  metadata: TaskMetadata.optional(),
  execution: Execution.optional(),
};

/** A step of the agent's own plan or todo list. */
export const PlanStep = z.object({
  title: z.string(),
  status: z.enum(["pending", "in_progress", "completed"]),
});
export type PlanStep = z.infer<typeof PlanStep>;

export const ProgressDetails = z.object({
  current_step: z.string().optional(),
  total_steps: z.int().optional(),
  completed_steps: z.int().optional(),
  /** Milliseconds. */
  estimated_time_remaining: z.number().optional(),
  steps: z.array(PlanStep).optional().describe("The first steps of the agent's plan, if it reports one."),
});
export type ProgressDetails = z.infer<typeof ProgressDetails>;

/** What the server adds when the task is created. */
export const ADDED_FIELDS = {
  created_at: alwaysSent(z.string()),
  created_by: Actor.optional(),
  schedule_id: z.string().optional().describe("The schedule whose run this is."),
};

/** The part of a task's state that clients see. */
export const STATE_FIELDS = {
  status: alwaysSent(TaskStatus),
  progress: alwaysSent(z.int().min(0).max(100)),
  started_at: z.string().optional(),
  completed_at: z.string().optional(),
  error: text(0, 1000).optional(),
  failure: Failure.optional().describe("Why the task failed, with the text of `error`."),
  progress_details: ProgressDetails.optional(),
  retry_count: alwaysSent(
    z.int().describe("How often the task was restarted: by `retry_task`, or after a lost attempt."),
  ),
  attempt: alwaysSent(
    z.int().describe("Attempts started so far, which is the number of the running one."),
  ),
  turn: z.int().optional().describe(
    "The number of the current or last turn, counted from 1 through all attempts. Absent before the first turn.",
  ),
  changes: ChangeCounts.optional().describe(
    "What the task has changed, as of the end of its last turn. Absent if that is not known, such as outside a repository.",
  ),
  review: Review.optional().describe("Whether a person has to look at the task's changes. Default: none."),
  archived: z.boolean().optional().describe(
    "true: lists and counts leave the finished task out unless they are asked for archived ones.",
  ),
};

/** Fields that the server sets. They are ignored if a client sends them. */
const readOnly = {
  ...STATE_FIELDS,
  ...ADDED_FIELDS,
  runtime_status: RuntimeStatus.optional(),
  pending_permissions: z.array(PermissionRequest).optional(),
  pending_questions: z.array(Question).optional(),
  tenant: z.string().optional().describe("Whose it is: only for those of all tenants, where there are any."),
  node: z.string().optional().describe(
    "The server that runs the task, if several share the store.",
  ),
  next_attempt_at: z.string().optional(),
  next_run: z.string().optional().describe("Of a schedule: when it runs next."),
  agent_session: TaskSession.optional().describe(
    "The agent's session, in which the task goes on when it is tried again.",
  ),
  waiting_for: WaitingFor.optional().describe("What the task is waiting for."),
  project: z.string().optional().describe(
    "The configured project that the task belongs to, whether it names it or works in its folder.",
  ),
  queued_messages: z.int().optional().describe("How many messages wait for the agent."),
  usage: UsageSums.optional().describe("What all turns have used. Absent before the first one has ended."),
  delegated_usage: UsageSums.optional().describe(
    "What the tasks that its agent has started have used, directly or through others. It counts against the task's bounds.",
  ),
  workspace: Workspace.optional().describe("Where the task works. Absent before its first attempt."),
  accepted: Accepted.optional().describe("What became of the changes, once they have been accepted."),
  discarded: Discarded.optional().describe("Where the changes are kept, once they have been discarded."),
  stale: z.boolean().optional().describe(
    "true: a dependency has gone on or was discarded since this task began, so that it builds on what is out of date.",
  ),
  pull_request: PullRequest.optional().describe(
    "The task's last pull request, which is looked at every minute while it is open.",
  ),
  unresolved: z.array(z.string()).optional().describe(
    "Files with marks of conflicts that came with the base. The changes are not accepted while they have them.",
  ),
  attached_files: z.array(Attachment).optional().describe("The files of `execution.attachments`."),
};

const READ_ONLY_TASK_FIELDS: readonly string[] = Object.keys(readOnly);

/** A task in `start_task` and `schedule_task`. Unknown fields are refused, read-only ones ignored. */
export const NewTask = z.strictObject(
  {
    ...REQUESTED_FIELDS,
    ...Object.fromEntries(READ_ONLY_TASK_FIELDS.map((name) => [name, z.unknown().optional()])),
  } as typeof REQUESTED_FIELDS,
);
export type NewTask = z.infer<typeof NewTask>;

/** A task as the server shows it. */
export const Task = z.object({ ...REQUESTED_FIELDS, id: z.string(), description: z.string(), ...readOnly });
export type Task = z.infer<typeof Task>;
