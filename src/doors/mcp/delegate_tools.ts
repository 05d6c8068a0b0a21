/** The tools that delegate work and wait for it. */
import * as z from "zod";
import { describedBy } from "../../domain/description.ts";
import { given } from "../../domain/given_fields.ts";
import type { RequestInput } from "../../protocol/messages.ts";
import { bytes, distinct, NewTaskId, TaskId, text } from "../../domain/scalars.ts";
import { Isolation, MAX_DEPENDENCIES, Priority, type Task, TaskType } from "../../domain/task.ts";
import { lineageBelow } from "../../domain/delegated_task.ts";
import { namedTask } from "./lineage.ts";
import { type Brief, brief, briefOf, type Call, taskId, tool } from "./tool.ts";
import { waitAtMost } from "./waiting.ts";

/** Clients without progress notifications give a tool one minute. */
const WAIT_DEFAULT_S = 50;
const WAIT_MAX_S = 600;

const timeout_seconds = z.int().min(1).max(WAIT_MAX_S).default(WAIT_DEFAULT_S).describe(
  "How long to wait before answering with the state so far. The task itself goes on.",
);

const outcome = {
  ...brief,
  output: z.string().optional().describe("The agent's answer, once the task is over"),
};

/** What an agent is to do, and where. */
export const workInput = {
  prompt: bytes(65_536).describe("Complete instructions for the agent"),
  agent: text(1, 100).optional().describe(
    "Which of the server's configured agents; leave out for the usual one",
  ),
  model: text(1, 200).optional().describe("One of the agent's models, as list_agents names them"),
  effort: text(1, 200).optional().describe(
    "How much the model thinks: one of the efforts that it has there",
  ),
  mode: text(1, 200).optional().describe(
    "One of the agent's modes, as list_agents names them, such as plan",
  ),
  working_dir: text(1, 4096).optional().describe(
    "Absolute path of the folder to work in, or relative to the project; left out: the project's, else that of the " +
      "calling task, else the server's own",
  ),
  project: text(1, 100).optional().describe(
    "One of the projects that list_projects names, with its folder and settings; left out: that of the folder",
  ),
  type: TaskType.default("feature"),
  priority: Priority.default("medium"),
  dependencies: distinct(TaskId, 0, MAX_DEPENDENCIES).optional().describe(
    "Ids of tasks that must be completed before this one begins",
  ),
  isolation: Isolation.optional().describe(
    "worktree: in a git worktree of its own, so that parallel tasks do not touch the same files",
  ),
  task_id: NewTaskId.optional().describe("An id of your choice; left out: a new one"),
};

export const startTask = tool({
  name: "start_task",
  title: "Delegate a task to another agent",
  description:
    "Delegate a self-contained piece of work to another coding agent, which runs on its own with a context of its own. " +
    "The agent sees nothing of this conversation: put everything it needs into the prompt (goal, files, constraints, " +
    "how to check the result). Returns at once with a task_id, or, with wait, when the task is over or the time is up. " +
    "Start several tasks without wait to have them work in parallel, then call wait_for_task for each.",
  input: {
    ...workInput,
    wait: z.boolean().default(false).describe("Wait for the task's end, at most timeout_seconds"),
    timeout_seconds,
  },
  output: outcome,
  hints: { readOnlyHint: false, destructiveHint: true },
  async run(input, call) {
    const { backend } = call;
    const parent = await namedTask(backend, call.caller);
    const { task } = await backend.request("start_task", {
      task: newTask({ ...input, task_id: input.task_id ?? newId(call) }, parent),
    });
    return input.wait ? await outcomeOf(task.id, input.timeout_seconds, call) : briefOf(task);
  },
});

export const waitForTask = tool({
  name: "wait_for_task",
  title: "Wait for a task",
  description:
    "Wait until a task is over and return its outcome with the agent's answer. If the time is up first, " +
    "the answer has finished: false and says how far the task is; call again to go on waiting.",
  input: { task_id: taskId, timeout_seconds },
  output: outcome,
  hints: { readOnlyHint: true },
  run: ({ task_id, timeout_seconds }, call) => outcomeOf(task_id, timeout_seconds, call),
});

async function outcomeOf(
  task_id: string,
  seconds: number,
  { backend, clock, signal, progress }: Call,
): Promise<Brief & { output?: string }> {
  const timeout_ms = seconds * 1000;
  const heard = (elapsed_ms: number, text: string) => progress(elapsed_ms, timeout_ms, text);
  const task = briefOf(await waitAtMost({ backend, clock, task_id, timeout_ms, signal, heard }));
  if (!task.finished) return task;
  const { result } = await backend.request("get_task_result", { task_id }, { signal });
  return { ...task, output: result.output };
}

interface Requested {
  task_id: string;
  prompt: string;
  agent?: string;
  model?: string;
  effort?: string;
  mode?: string;
  working_dir?: string;
  project?: string;
  type: TaskType;
  priority: Priority;
  dependencies?: string[];
  isolation?: Isolation;
}

/** Permissions are not among the fields: a model must not decide what its agent is allowed to do. */
export function newTask(requested: Requested, parent: Task | undefined): RequestInput<"start_task">["task"] {
  const { description, prompt } = describedBy(requested.prompt);
  return {
    id: requested.task_id,
    type: requested.type,
    priority: requested.priority,
    description,
    dependencies: requested.dependencies,
    metadata: metadataOf(requested, parent),
    execution: given({
      agent: requested.agent,
      model: requested.model,
      effort: requested.effort,
      mode: requested.mode,
      prompt,
      working_dir: requested.working_dir,
      isolation: requested.isolation,
    }),
  };
}

function metadataOf({ project }: Requested, parent: Task | undefined): Record<string, unknown> | undefined {
  const metadata = { ...(parent && lineageBelow(parent)), ...given({ project }) };
  return Object.keys(metadata).length > 0 ? metadata : undefined;
}

/** `mcp_`, the time (so that ids sort by it) and a few random letters. */
export function newId({ clock }: Call): string {
  const chance = Math.floor(clock.random() * 36 ** 6).toString(36).padStart(6, "0");
  return `mcp_${clock.now().toString(36)}_${chance}`;
}
