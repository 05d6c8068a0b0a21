/** The tools that decide what becomes of a task's changes. */
import * as z from "zod";
import { Resolver, UpdateMethod } from "../../domain/base_update.ts";
import { AcceptMethod } from "../../domain/ending.ts";
import { text } from "../../domain/scalars.ts";
import { taskId, tool } from "./tool.ts";

export const acceptChanges = tool({
  name: "accept_changes",
  title: "Accept a task's changes",
  description:
    "Bring what a task has changed in its worktree into a branch. If you work for a task in a worktree yourself, that is your " +
    "own branch, and the files are in your folder afterwards; your edits of other files stay as they are. The task must be " +
    "over: read its changes first. CHANGES_CONFLICT changes nothing. With reason uncommitted, commit your own edits of the " +
    "named files and call again; with reason conflict, call update_workspace with resolve: agent, wait for the task, and " +
    "call again. Afterwards the task's worktree is gone.",
  input: {
    task_id: taskId,
    method: AcceptMethod.optional().describe("squash (default): one commit; merge; rebase: its own commits"),
    into: text(1, 255).optional().describe(
      "A local branch; left out: yours if you work for a task, else the one from which it started",
    ),
    message: text(1, 10_000).optional().describe("The commit's message; left out: the task's description"),
  },
  output: {
    task_id: z.string(),
    method: AcceptMethod,
    into: z.string(),
    commit: z.string(),
  },
  hints: { readOnlyHint: false, destructiveHint: true },
  async run({ task_id, method, into, message }, { backend }) {
    const reply = await backend.request("accept_changes", { task_id, method, into, message });
    return { task_id, method: reply.method, into: reply.into, commit: reply.commit };
  },
});

export const discardChanges = tool({
  name: "discard_changes",
  title: "Discard a task's changes",
  description:
    "Give up what a task has changed in its worktree, which is then gone. The commits stay under kept_as for a while.",
  input: { task_id: taskId },
  output: { task_id: z.string(), kept_as: z.string().describe("The git reference that has the commits") },
  hints: { readOnlyHint: false, destructiveHint: true },
  async run({ task_id }, { backend }) {
    const { kept_as } = await backend.request("discard_changes", { task_id });
    return { task_id, kept_as };
  },
});

export const updateWorkspace = tool({
  name: "update_workspace",
  title: "Bring a task's worktree up to date",
  description:
    "Bring the branch from which a task started into the task's worktree, so that its changes can be accepted. Conflicts are " +
    "listed, and nothing changes, unless its agent is to resolve them: then it goes on, so wait for the task.",
  input: {
    task_id: taskId,
    method: UpdateMethod.optional(),
    resolve: Resolver.optional().describe("Who resolves conflicts; left out: none"),
  },
  output: { task_id: z.string(), head_commit: z.string(), conflicts: z.array(z.string()) },
  hints: { readOnlyHint: false },
  async run({ task_id, method, resolve }, { backend }) {
    const { head_commit, conflicts } = await backend.request("update_workspace", {
      task_id,
      method,
      resolve,
    });
    return { task_id, head_commit, conflicts };
  },
});
