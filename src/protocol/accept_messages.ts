/** Section 9 of the contract: what becomes of a task's changes. */
import * as z from "zod";
import { Resolver, UpdateMethod } from "../domain/base_update.ts";
import { AcceptMethod } from "../domain/ending.ts";
import { name, TaskId, text } from "../domain/scalars.ts";
import { Review } from "../domain/workspace.ts";
import { exchange } from "./exchange.ts";

const Worktree = z.object({
  task_id: z.string().optional().describe("The task that it belongs to. Absent for an orphan."),
  repository: z.string().optional().describe(
    "The root of the repository. Absent if an orphan belongs to none.",
  ),
  path: z.string(),
  branch: z.string().optional(),
  bytes: z.int().describe("How much its files take."),
  review: Review.optional(),
  orphan: z.boolean().describe("Whether it belongs to no task any more."),
  stays: z.string().optional().describe(
    "Why it could not be removed when its task's time was over. It is tried again every minute.",
  ),
});

const Branch = name(255).describe(
  "An existing local branch. By default the one from which the task started.",
);

export const acceptMessages = {
  accept_changes: exchange(
    "accept_changes",
    {
      task_id: TaskId,
      method: AcceptMethod.optional().describe("Default: squash."),
      into: Branch.optional(),
      message: text(1, 10_000).optional().describe(
        "The commit's message. The trailer that names the task is added. With `rebase`, the commits keep their own.",
      ),
      include_dependencies: z.boolean().optional().describe(
        "Also accept the work of dependencies that this task carries.",
      ),
    },
    "changes_accepted",
    {
      task_id: z.string(),
      method: AcceptMethod,
      into: z.string(),
      commit: z.string().describe("The commit that the branch has now."),
      timestamp: z.string(),
    },
  ),
  discard_changes: exchange("discard_changes", { task_id: TaskId }, "changes_discarded", {
    task_id: z.string(),
    kept_as: z.string().describe("The reference that keeps the commits for `tasks.retention_days`."),
    timestamp: z.string(),
  }),
  update_workspace: exchange(
    "update_workspace",
    {
      task_id: TaskId,
      method: UpdateMethod.optional().describe("Default: rebase."),
      resolve: Resolver.optional().describe(
        "What becomes of conflicts. none (default): they are listed, and nothing changes. agent: the base is merged, and the " +
          "agent gets a message to resolve them.",
      ),
    },
    "workspace_updated",
    {
      task_id: z.string(),
      head_commit: z.string(),
      conflicts: z.array(z.string()),
      timestamp: z.string(),
    },
  ),
  list_worktrees: exchange("list_worktrees", {}, "worktree_list", {
    worktrees: z.array(Worktree),
    timestamp: z.string(),
  }),
  prune_worktrees: exchange(
    "prune_worktrees",
    {
      older_than_days: z.number().min(0).optional().describe(
        "Only those of tasks that ended, and orphans that changed, as long ago. Default: 0.",
      ),
      dry_run: z.boolean().optional().describe("Say what would be removed, and remove nothing."),
    },
    "worktrees_pruned",
    {
      worktrees: z.array(Worktree.extend({
        kept_as: z.array(z.string()).optional().describe("References that keep what was in it."),
      })),
      left: z.array(z.object({
        task_id: z.string().optional(),
        path: z.string(),
        reason: z.string().describe(
          "at_work, to_review, too_young, or in words why it could not be removed.",
        ),
      })),
      bytes: z.int().describe("How much the removed ones took."),
      dry_run: z.boolean(),
      timestamp: z.string(),
    },
  ),
};
