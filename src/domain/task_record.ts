/** A task as it is stored: its spec (changes only before its first attempt) and its state (small, rewritten at each step). */
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { Cost } from "./cost.ts";
import { Attempt } from "./attempt/stored_attempt.ts";
import type { TaskSession } from "./agent_session.ts";
import { given } from "./given_fields.ts";
import { hidden } from "./hidden_value.ts";
import { shownServer } from "./mcp_server.ts";
import { TurnPrompt, WaitingMessage } from "./message.ts";
import { Lease } from "./lease.ts";
import { LateAnswer, Parked } from "./parked.ts";
import { Patience } from "./retrying.ts";
import {
  ADDED_FIELDS,
  type Execution,
  type NewTask,
  PlanStep,
  REQUESTED_FIELDS,
  STATE_FIELDS,
  type Task,
} from "./task.ts";
import { Accepted, Discarded, Ending } from "./ending.ts";
import { ALLOWED_FROM } from "./task_values.ts";
import { Milestones, PastWork, StoredWorkspace, type Workspace } from "./workspace.ts";
import { pullRequestView, StoredPullRequest } from "./pull_request.ts";
import { TurnEntry, UsageEntry, UsageSums } from "./usage.ts";
import { usageOf } from "./task_usage.ts";

const { id: _id, recurring: _recurring, ...kept } = REQUESTED_FIELDS;

export const TaskSpec = z.object({
  ...kept,
  ...ADDED_FIELDS,
  order: z.int().describe("Increases with every task created. Orders the queue by age."),
  folder: z.string().optional().describe(
    "The folder that the task named, absolute and with symbolic links resolved, as it was when the task was created.",
  ),
});
export type TaskSpec = z.infer<typeof TaskSpec>;

/** How a task was before a message made it go on. */
const Reopened = z.object({
  status: STATE_FIELDS.status,
  progress: STATE_FIELDS.progress,
  progress_details: STATE_FIELDS.progress_details,
  earlier_plan: z.array(PlanStep).optional(),
  started_at: z.string().optional(),
  completed_at: z.string().optional(),
  error: STATE_FIELDS.error,
  failure: STATE_FIELDS.failure,
  failed_dependency: z.string().optional(),
  automatic_attempts: z.int(),
  review: STATE_FIELDS.review,
  archived: STATE_FIELDS.archived,
  keeps_dependents: z.boolean().optional(),
  turn_over: z.boolean().optional(),
  reviewed: Milestones.shape.reviewed,
  waited: z.array(z.int()).describe("The numbers of the messages that waited already."),
});
export type Reopened = z.infer<typeof Reopened>;

const BegunWith = z.array(z.object({
  task_id: z.string(),
  /** The last turn that it had begun. */
  turn: z.int(),
  discarded: z.boolean().optional(),
}));
export type BegunWith = z.infer<typeof BegunWith>;

export const TaskState = z.object({
  ...STATE_FIELDS,
  /** Bounded by `max_attempts`. */
  automatic_attempts: z.int().describe("Attempts started since a person last created or retried the task."),
  attempts: z.array(Attempt).describe("The newest last, at most 20."),
  lease: Lease.optional().describe("Held by the attempt under way."),
  leaving: Lease.optional().describe(
    "That of an attempt that was cancelled or lost, as long as its agent may be at work and its work is not saved. No other " +
      "attempt begins, and the work is not judged, before.",
  ),
  not_before: z.string().optional().describe("ISO 8601; the next attempt waits until then."),
  patience: Patience.optional().describe(
    "How long the turn has waited for a provider that has too much to do, or cannot be reached.",
  ),
  refused_since: z.string().optional().describe(
    "ISO 8601: since when the turn waits for a provider that refuses it, as long as it does not get on.",
  ),
  parked: Parked.optional().describe(
    "What its agent asked before it was ended to give its slot back. The task is not started before it is answered.",
  ),
  late_answers: z.array(LateAnswer).optional().describe(
    "Answers to what was parked that the agent has not had yet.",
  ),
  failed_dependency: z.string().optional().describe(
    "The dependency whose failure failed this task. When it is retried, this task waits again.",
  ),
  paused_from: z.enum(ALLOWED_FROM.pause).optional().describe(
    "The status to which `resume_task` returns. running: the agent is stopped and keeps its slot.",
  ),
  session: z.object({
    agent: z.string(),
    session_id: z.string(),
    working_dir: z.string(),
    node: z.string().optional().describe("The node on whose machine it is kept."),
    opened_at: z.string().optional(),
    cost: Cost.optional().describe("What it had cost at the end of its last turn."),
  }).optional().describe(
    "The agent's session, which the next attempt resumes. It is kept when the task ends.",
  ),
  milestones: Milestones.optional(),
  workspace: StoredWorkspace.optional().describe("Where the task works, from its first attempt on."),
  past_work: PastWork.optional().describe(
    "The work of the last worktree that is gone. It is still compared.",
  ),
  pull_request: StoredPullRequest.optional(),
  accepted: Accepted.optional(),
  discarded: Discarded.optional(),
  begun_with: BegunWith.optional().describe("How the task's dependencies were when it began."),
  ended_from: z.string().optional().describe(
    "The commit from which the work started that was accepted or discarded.",
  ),
  ending: Ending.optional().describe(
    "What is being done with the worktree. Until it is over, the task stays ended.",
  ),
  unresolved: z.array(z.string()).optional().describe(
    "Files with conflicts that the agent was asked to resolve. None is accepted while it has their marks.",
  ),
  refs: z.array(z.string()).optional().describe("References in the repository that go with the record."),
  refs_dir: z.string().optional().describe("git's folder that has them."),
  used: z.array(UsageEntry).optional().describe(
    "What the turns that are over have used, at most 60 entries.",
  ),
  turn_used: TurnEntry.optional().describe("What the last turn has used, until it is over."),
  below_gone: UsageSums.optional().describe(
    "What tasks that its agent has started had used when retention removed them.",
  ),
  budget_told: z.union([z.literal(80), z.literal(100)]).optional().describe(
    "The last share of the task's own bound of which clients were told, in percent.",
  ),
  messages: z.int().optional().describe(
    "The number of the last message of the conversation. Absent before there is one besides the task's prompt.",
  ),
  old_outputs: z.int().optional().describe(
    "How many messages after the first are outputs of attempts as older versions stored them.",
  ),
  waiting: z.array(WaitingMessage).optional().describe("Messages in the order of delivery, at most 20."),
  attached: z.array(z.string()).optional().describe(
    "The ids of the files that came with messages, at most 200.",
  ),
  check_rounds: z.int().optional().describe(
    "How often failed checks have gone back to the agent since a person last wrote to it or retried the task.",
  ),
  prompt: TurnPrompt.optional().describe("What the turn answers; absent: the task's own prompt."),
  prompted_turn: z.int().optional().describe(
    "The last turn of which a session was given the prompt, as far as known.",
  ),
  turn_over: z.boolean().optional().describe(
    "The turn has ended, although the task was not completed: a message begins the next one.",
  ),
  reopened: Reopened.optional().describe(
    "Until an attempt begins: how the task was before a message reopened it.",
  ),
  goes_on: z.boolean().optional().describe(
    "An attempt was lost and another one follows: the task has had what it depends on, and does not wait for it again.",
  ),
  keeps_dependents: z.boolean().optional().describe(
    "A message made the task go on after it had failed: what failed with it stays failed until it is retried.",
  ),
  earlier_plan: z.array(PlanStep).optional().describe(
    "The last plan of earlier attempts whose work starts over. A new session is told.",
  ),
  fresh_from: z.int().optional().describe(
    "The attempt with which a person had the task begin anew. Later ones know nothing of those before it.",
  ),
});
export type TaskState = z.infer<typeof TaskState>;

export interface TaskRecord {
  id: string;
  spec: TaskSpec;
  state: TaskState;
}

/** How many attempts are kept with a task. */
export const ATTEMPTS_KEPT = 20;

/** Whether the task has an agent process now, running or paused. */
export function holdsSlot(state: TaskState): boolean {
  return state.status === "running" || (state.status === "paused" && state.paused_from === "running");
}

/**
 * Whether the task goes on with work that it began when all that it depends on was completed, so that it neither waits for that
 * again nor fails with it: after a message, or after an attempt that was lost. A retry asks for everything anew.
 */
export function isUnderWay({ goes_on, reopened, attempt }: TaskState): boolean {
  return goes_on === true || (reopened !== undefined && attempt > 0);
}

/** What the task itself says. The engine asks its settings, which know the task's project too. */
export function executionOf(record: TaskRecord): Execution {
  return record.spec.execution ?? {};
}

/** The spec of a new task: the fields that the client sets, and those that the server adds. */
export function specOf(
  wanted: NewTask,
  added: Pick<TaskSpec, "created_at" | "created_by" | "order" | "schedule_id" | "folder">,
): TaskSpec {
  const {
    type,
    priority,
    description,
    files_pattern,
    dependencies,
    timeout,
    scheduled_time,
    metadata,
    execution,
  } = wanted;
  return {
    type,
    priority,
    description,
    files_pattern,
    dependencies,
    timeout,
    scheduled_time,
    metadata,
    execution,
    ...added,
  };
}

/** What the task says about its execution, without secrets. */
export function shownExecution(execution: Execution | undefined): Execution | undefined {
  const { env, mcp_servers } = execution ?? {};
  if (env === undefined && mcp_servers === undefined) return execution;
  return given({ ...execution, env: env && hidden(env), mcp_servers: mcp_servers?.map(shownServer) });
}

/** The task as the API document defines it. */
export function taskView(record: TaskRecord): Task {
  const { spec, state } = record;
  return {
    id: record.id,
    type: spec.type,
    priority: spec.priority,
    description: spec.description,
    status: state.status,
    progress: state.progress,
    created_at: spec.created_at,
    created_by: spec.created_by,
    started_at: state.started_at,
    completed_at: state.completed_at,
    error: state.error,
    failure: state.failure,
    progress_details: state.progress_details,
    files_pattern: spec.files_pattern,
    dependencies: spec.dependencies ?? [],
    timeout: spec.timeout,
    scheduled_time: spec.scheduled_time,
    metadata: spec.metadata,
    execution: shownExecution(spec.execution),
    retry_count: state.retry_count,
    attempt: state.attempt,
    // A server that has the store alone gives its leases no end.
    node: state.lease?.until === undefined ? undefined : state.lease.node,
    turn: state.turn,
    queued_messages: state.waiting?.length ?? 0,
    workspace: state.workspace && workspaceView(state.workspace),
    changes: state.changes,
    usage: usageOf(state),
    review: state.review ?? "none",
    pull_request: state.pull_request && pullRequestView(state.pull_request, state.turn),
    accepted: state.accepted,
    discarded: state.discarded,
    unresolved: state.unresolved,
    archived: state.archived,
    schedule_id: spec.schedule_id,
    next_attempt_at: state.not_before,
    agent_session: state.session && sessionView(state.session),
  };
}

function workspaceView(workspace: StoredWorkspace): Workspace {
  const { kind, path, repository, branch, base, base_commit, head_commit } = workspace;
  return { kind, path, repository, branch, base, base_commit, head_commit };
}

function sessionView({ agent, session_id, working_dir }: NonNullable<TaskState["session"]>): TaskSession {
  return { agent, session_id, working_dir };
}

/** Whether the agent's reported progress has changed. */
export function progressDiffers(before: TaskState, after: TaskState): boolean {
  const [a, b] = [before.progress_details, after.progress_details];
  return before.progress !== after.progress || a?.current_step !== b?.current_step ||
    a?.completed_steps !== b?.completed_steps || a?.total_steps !== b?.total_steps ||
    !isDeepStrictEqual(a?.steps, b?.steps);
}
