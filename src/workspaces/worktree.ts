/**
 * `isolation: "worktree"`: the agent works in its own git worktree, on a branch named after the task. So agents that run
 * at the same time do not overwrite each other. The changes stay there until somebody merges them.
 */
import { join } from "node:path";
import type { OpenWorkspace, Workspaces } from "../domain/run.ts";
import { type Git, WHOLE_TREE_MS } from "./git.ts";

const BRANCH_PREFIX = "opencode-agents/";

/** `root`: the folder that holds the worktrees. */
export function gitWorkspaces(root: string, git: Git): Workspaces {
  return {
    async open({ working_dir, id: task_id }, _record, signal): Promise<OpenWorkspace> {
      const opening = { signal, bound_ms: WHOLE_TREE_MS };
      const path = join(root, task_id);
      const branch = BRANCH_PREFIX + task_id;
      // A retried or recovered task continues in its worktree.
      if (!await exists(path)) {
        await Deno.mkdir(root, { recursive: true, mode: 0o700 });
        const known = (await git.line(working_dir, ["branch", "--list", branch], opening)) !== "";
        const where = known ? [path, branch] : ["-b", branch, path];
        await git.run(working_dir, ["worktree", "add", "--quiet", ...where], opening);
      }
      return {
        working_dir: await Deno.realPath(path),
        hasWork: true,
        async save() {
          const own = ["rev-list", "--count", branch, "--not", "--exclude", branch, "--branches"];
          const changed = (await git.text(path, ["status", "--porcelain", "--untracked-files=all"])) !== "" ||
            (await git.line(path, own)) !== "0";
          if (changed) {
            return {
              notes: [{ level: "info", message: `The changes are on branch '${branch}', in ${path}` }],
            };
          }
          const removing = { bound_ms: WHOLE_TREE_MS };
          await git.run(working_dir, ["worktree", "remove", "--force", path], removing);
          await git.run(working_dir, ["branch", "--quiet", "-D", branch]);
          return {};
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
