/**
 * `isolation: "worktree"`: the agent works in its own git worktree, on a branch named after the task. So agents that run
 * at the same time do not overwrite each other. The changes stay there until somebody merges them.
 */
import { join } from "node:path";
import { ApiError } from "../domain/errors.ts";
import type { Workspace, Workspaces } from "../domain/run.ts";

const BRANCH_PREFIX = "opencode-agents/";

/** `root`: the folder that holds the worktrees. */
export function gitWorkspaces(root: string): Workspaces {
  return {
    async open(working_dir, task_id): Promise<Workspace> {
      const path = join(root, task_id);
      const branch = BRANCH_PREFIX + task_id;
      // A retried or recovered task continues in its worktree.
      if (!await exists(path)) {
        await Deno.mkdir(root, { recursive: true, mode: 0o700 });
        const known = (await git(working_dir, "branch", "--list", branch)) !== "";
        await git(
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
          const changed = (await git(path, "status", "--porcelain")) !== "" ||
            (await git(path, "rev-list", "--count", branch, "--not", "--exclude", branch, "--branches")) !==
              "0";
          if (changed) return `The changes are on branch '${branch}', in ${path}`;
          await git(working_dir, "worktree", "remove", "--force", path);
          await git(working_dir, "branch", "--quiet", "-D", branch);
          return undefined;
        },
      };
    },
  };
}

/** Runs git and returns its trimmed output. Throws `ApiError` with git's error message. */
async function git(folder: string, ...args: string[]): Promise<string> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("git", { args: ["-C", folder, ...args], stdin: "null" }).output();
  } catch (error) {
    throw new ApiError(
      "SERVICE_UNAVAILABLE",
      `isolation "worktree" needs git, which cannot be run: ${(error as Error).message}`,
      { program: "git", field: "task.execution.isolation" },
    );
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (output.success) return text(output.stdout);
  throw new ApiError("FILESYSTEM_ERROR", `git ${args[0]} failed in ${folder}: ${text(output.stderr)}`, {
    operation: `git ${args.join(" ")}`,
    file_path: folder,
  });
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
