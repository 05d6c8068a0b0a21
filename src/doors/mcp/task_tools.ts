/** The tools that look at tasks and steer them. */
import * as z from "zod";
import { Agent, type ListedAgent } from "../../protocol/basic_messages.ts";
import { ProjectView } from "../../protocol/project_messages.ts";
import { NEEDS } from "../../domain/needs.ts";
import { Priority, Task, TaskStatus, TaskType } from "../../domain/task.ts";
import { text } from "../../domain/scalars.ts";
import { TaskResult } from "../../protocol/task_messages.ts";
import { Attempt } from "../../domain/attempt/stored_attempt.ts";
import { brief, briefOf, taskId, tool } from "./tool.ts";

export const getTask = tool({
  name: "get_task",
  title: "Look at a task",
  description:
    "Everything about one task as it stands now: status, progress, plan, error, times. Does not wait.",
  input: { task_id: taskId },
  output: { task: z.looseObject(Task.shape) },
  hints: { readOnlyHint: true },
  run: async ({ task_id }, { backend, signal }) => ({
    task: (await backend.request("get_task_status", { task_id }, { signal })).task,
  }),
});

export const getTaskResult = tool({
  name: "get_task_result",
  title: "Read a task's result",
  description:
    "The agent's answer, exit code or stop reason, token usage and the history of attempts of one task.",
  input: { task_id: taskId },
  output: {
    task_id: z.string(),
    status: TaskStatus,
    output: z.string(),
    exit_code: z.int().optional(),
    stop_reason: z.string().optional(),
    usage: z.record(z.string(), z.unknown()).optional(),
    attempts: z.array(z.looseObject(Attempt.shape)),
    turns: z.array(z.looseObject(TaskResult.shape.turns.element.shape)),
  },
  hints: { readOnlyHint: true },
  async run({ task_id }, { backend, signal }) {
    const { status, result } = await backend.request("get_task_result", { task_id }, { signal });
    return { task_id, status, ...result };
  },
});

export const listTasks = tool({
  name: "list_tasks",
  title: "List tasks",
  description:
    "The newest tasks first, in few words each; narrowed by status, type, priority, project, text or what they need somebody for.",
  input: {
    status: z.array(TaskStatus).min(1).optional().describe("Only tasks in one of these states"),
    type: z.array(TaskType).min(1).optional(),
    priority: z.array(Priority).min(1).optional(),
    project: text(1, 100).optional().describe("Only tasks of this project"),
    needs: z.array(z.enum(NEEDS)).min(1).optional().describe(
      "Only tasks that need somebody for one of these, such as review",
    ),
    contains: text(1, 1000).optional().describe("Text that the description contains"),
    limit: z.int().min(1).max(100).default(20),
    offset: z.int().min(0).default(0),
  },
  output: {
    tasks: z.array(z.object(brief)),
    total: z.int().describe("How many match, on all pages"),
    next_offset: z.int().optional().describe("The offset of the next page, if there is one"),
  },
  hints: { readOnlyHint: true },
  async run({ contains, limit, offset, ...among }, { backend, signal }) {
    const reply = await backend.request("list_tasks", {
      filter: { ...among, description_contains: contains },
      sort: { field: "created_at", order: "desc" },
      limit,
      offset,
    }, { signal });
    return {
      tasks: reply.tasks.map(briefOf),
      total: reply.filtered_count,
      next_offset: reply.pagination.next_offset,
    };
  },
});

export const cancelTask = tool({
  name: "cancel_task",
  title: "Cancel a task",
  description:
    "End a task that is no longer wanted: its agent and all its processes are stopped. Tasks that depend on it fail.",
  input: { task_id: taskId },
  output: { task_id: z.string(), status: TaskStatus },
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  async run({ task_id }, { backend }) {
    await backend.request("cancel_task", { task_id });
    return { task_id, status: "cancelled" as const };
  },
});

export const retryTask = tool({
  name: "retry_task",
  title: "Retry a task",
  description:
    "Put a failed or cancelled task back into the queue. Its agent goes on in its session, if that can be loaded.",
  input: {
    task_id: taskId,
    fresh: z.boolean().optional().describe("Begin a new session with the same prompt."),
  },
  output: { task_id: z.string(), retry_count: z.int() },
  hints: { readOnlyHint: false },
  async run({ task_id, fresh }, { backend }) {
    const { retry_count } = await backend.request("retry_task", { task_id, fresh });
    return { task_id, retry_count };
  },
});

export const listProjects = tool({
  name: "list_projects",
  title: "List projects",
  description:
    "The projects that start_task may name, with their folders and how many of their tasks run, wait or are to be reviewed.",
  input: {},
  output: { projects: z.array(z.looseObject(ProjectView.shape)) },
  hints: { readOnlyHint: true },
  run: async (_, { backend, signal }) => ({
    projects: (await backend.request("list_projects", {}, { signal })).projects,
  }),
});

/** A provider may have hundreds of models, and the caller reads every word. */
const MOST_CHOICES = 40;

const offered = z.object({
  name: z.string(),
  is_default: z.boolean(),
  ready: z.boolean().describe("false: it is not installed, or needs a login"),
  models: z.array(z.object({ id: z.string(), efforts: z.array(z.string()).optional() })).optional(),
  modes: z.array(z.string()).optional(),
  held_until: z.string().optional().describe(
    "Its model's provider refuses it for a time: its tasks wait until then (ISO 8601)",
  ),
  held_reason: z.string().optional(),
});

export const listAgents = tool({
  name: "list_agents",
  title: "List agents",
  description:
    "`agents`: those that run at the moment, with the task each works on, its progress, process and folder. " +
    "`available`: those that start_task may name, with their models, efforts and modes as far as they are known.",
  input: {},
  output: { agents: z.array(z.looseObject(Agent.shape)), available: z.array(offered) },
  hints: { readOnlyHint: true },
  async run(_, { backend, signal }) {
    const { data } = await backend.request("request_status", {}, { signal });
    const known = await backend.request("list_agents", {}, { signal });
    return { agents: data.agents, available: known.agents.map(offeredOf) };
  },
});

function offeredOf(
  { name, is_default, installed, login, models, modes, held_until, held_reason }: ListedAgent,
): z.infer<typeof offered> {
  return {
    name,
    is_default,
    ready: installed && login !== "needed",
    models: models?.slice(0, MOST_CHOICES).map(({ id, efforts }) => ({ id, efforts })),
    modes: modes?.map(({ id }) => id),
    held_until,
    held_reason,
  };
}
