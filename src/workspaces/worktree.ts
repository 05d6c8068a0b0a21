/**
 * `isolation: "worktree"`: the agent works in its own git worktree, on a branch named after the task. So agents that run
 * at the same time do not overwrite each other. The changes stay there until somebody merges them.
 */
import { join } from "node:path";
import type { Clock } from "../clock/clock.ts";
import type { Workspace, Workspaces } from "../domain/run.ts";
import { git, QUICK_MS } from "./git.ts";

const BRANCH_PREFIX = "opencode-agents/";

/** A large repository takes minutes to check out, and to remove. */
const WHOLE_TREE_MS = 600_000;

/** `root`: the folder that holds the worktrees. */
export function gitWorkspaces(root: string, clock: Clock): Workspaces {
  return {
    async open(working_dir, task_id, signal): Promise<Workspace> {
      const opening = { clock, signal, bound_ms: WHOLE_TREE_MS };
      const closing = { clock, bound_ms: QUICK_MS };
      const path = join(root, task_id);
      const branch = BRANCH_PREFIX + task_id;
      // A retried or recovered task continues in its worktree.
      if (!await exists(path)) {
        await Deno.mkdir(root, { recursive: true, mode: 0o700 });
        const known = (await git(opening, working_dir, "branch", "--list", branch)) !== "";
        await git(
          opening,
          working_dir,
          "worktree",
          "add",
          "--quiet",
          ...(known ? [path, branch] : ["-b", branch, path]),
        );
      }
      return {
        working_dir: await Deno.realPath(path),
        async close() {
          const changed = (await git(closing, path, "status", "--porcelain")) !== "" ||
            (await git(
                closing,
                path,
                "rev-list",
                "--count",
                branch,
                "--not",
                "--exclude",
                branch,
                "--branches",
              )) !==
              "0";
          if (changed) return `The changes are on branch '${branch}', in ${path}`;
          await git({ clock, bound_ms: WHOLE_TREE_MS }, working_dir, "worktree", "remove", "--force", path);
          await git(closing, working_dir, "branch", "--quiet", "-D", branch);
          return undefined;
        },
      };
    },
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
