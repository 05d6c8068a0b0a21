import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const pruneWorktrees = capability({
  type: "prune_worktrees",
  doc:
    "Removes worktrees that nobody needs: those of tasks that have ended and whose changes are accepted, discarded or none, and " +
    "folders that belong to no task any more. What is in such a folder is kept under `refs/opencode-agents/kept/` first; a " +
    "folder whose content cannot be kept stays, and `left` says why.",
  permission: "admin",
  limit: "file_operations_per_minute",
  errors: ["FILESYSTEM_ERROR", "SERVICE_UNAVAILABLE"],
  example: { type: "prune_worktrees", older_than_days: 7, dry_run: true },
  handle: async ({ older_than_days, dry_run = false }, { worktrees, clock }, { actor }) => {
    const { pruned, left } = await worktrees.prune({ older_than_days, dry_run }, actor);
    const bytes = pruned.reduce((sum, one) => sum + one.bytes, 0);
    return { worktrees: pruned, left, bytes, dry_run, timestamp: isoTime(clock.now()) };
  },
});
