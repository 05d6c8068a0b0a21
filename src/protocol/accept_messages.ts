/** Section 9 of the contract: what becomes of a task's changes. */
import * as z from "zod";
import { AcceptMethod } from "../domain/ending.ts";
import { TaskId, text } from "../domain/scalars.ts";
import { exchange } from "./exchange.ts";

const Branch = text(1, 255).describe(
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
};
