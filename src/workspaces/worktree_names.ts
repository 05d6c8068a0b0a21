/** The names of a new worktree: a branch and a folder that are nobody's yet. */
import { basename, join } from "node:path";
import { ApiError } from "../domain/errors.ts";
import { exists } from "./file_facts.ts";
import type { Git } from "./git.ts";

const PREFIX = "opencode-agents";
/** A task is made anew less often. */
const MOST = 1000;

/**
 * A branch that can be made: `opencode-agents/ID`, else with `-2`, `-3`, …. A branch `opencode-agents` leaves no room below
 * it: then a dash takes the slash's place.
 */
export async function freeBranch(
  git: Git,
  common_dir: string,
  task_id: string,
  signal?: AbortSignal,
): Promise<string> {
  const listed = await git.text({ git_dir: common_dir }, [
    "for-each-ref",
    "--format=%(refname)",
    "refs/heads",
  ], {
    signal,
  });
  // On some systems, names that differ in case are one file.
  const taken = listed.toLowerCase().split("\n").map((ref) => ref.slice("refs/heads/".length));
  const names = new Set(taken);
  const first = `${PREFIX}${names.has(PREFIX) ? "-" : "/"}${task_id}`;
  for (const name of numbered(first)) {
    const lower = name.toLowerCase();
    if (!names.has(lower) && !taken.some((other) => other.startsWith(`${lower}/`))) return name;
  }
  throw new ApiError("FILESYSTEM_ERROR", `No name is left for a branch of task '${task_id}'`, {
    operation: "git branch",
    file_path: common_dir,
  });
}

/** Whether the branch has a name that only tasks' branches get. */
export function isTaskBranch(branch: string | undefined): boolean {
  return branch !== undefined && (branch.startsWith(`${PREFIX}/`) || branch.startsWith(`${PREFIX}-`));
}

/** A folder below `root` that is not there, and that git does not keep for a worktree that was there. */
export async function freeFolder(
  git: Git,
  common_dir: string,
  root: string,
  task_id: string,
): Promise<string> {
  const listed = await git.text({ git_dir: common_dir }, ["worktree", "list", "--porcelain"]);
  const known = new Set(listed.toLowerCase().split("\n"));
  for (const name of numbered(task_id)) {
    const path = join(root, name);
    if (known.has(`worktree ${path}`.toLowerCase())) continue;
    if (!await exists(path)) return path;
  }
  throw new ApiError("FILESYSTEM_ERROR", `No name is left in ${root} for the worktree of task '${task_id}'`, {
    operation: "git worktree add",
    file_path: root,
  });
}

function* numbered(name: string): Iterable<string> {
  yield name;
  for (let n = 2; n < MOST; n++) yield `${name}-${n}`;
}

/** What the names of worktrees begin with that are there for checks only. */
export const CHECKOUT_PREFIX = "opencode-agents-check-";

/** Whether a worktree is one of these, which no agent has made. */
export function isMergedCheckout(path: string): boolean {
  return basename(path).startsWith(CHECKOUT_PREFIX);
}
