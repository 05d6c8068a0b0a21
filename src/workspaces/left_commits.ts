/** What a turn has left besides its task's branch: commits that nothing leads to, and work that was put aside. */
import { firstNames } from "../domain/first_names.ts";
import { commitOf } from "./commits.ts";
import type { Git } from "./git.ts";
import { commitsOfHead, keepCommits, unreferenced, workRef } from "./kept_commits.ts";
import type { Note } from "./notes.ts";
import type { MadeWorktree } from "./worktree_place.ts";

/** How many kept commits the log names. */
const NAMED_MAX = 10;
/** How many stashes are looked at, the newest first. */
const STASHES_MAX = 200;

export interface LeftCommit {
  commit: string;
  what: string;
}

/**
 * What the agent has put aside. It stays in the repository's stash, which all worktrees share, and is kept besides: a later
 * turn may drop it.
 */
export async function ownStashes(
  git: Git,
  { common_dir, git_dir, branch }: MadeWorktree,
  notes: Note[],
  signal?: AbortSignal,
): Promise<LeftCommit[]> {
  const place = { git_dir: common_dir };
  if (await commitOf(git, place, "refs/stash", signal) === undefined) return [];
  const asked = [
    "--walk-reflogs",
    `--max-count=${STASHES_MAX}`,
    "--format=%gd%x00%H%x00%P%x00%gs",
    "refs/stash",
  ];
  const listed = await git.text(place, ["log", ...asked], { signal });
  const been = new Set(await commitsOfHead(git_dir));
  const on_branch = ` on ${branch.toLowerCase()}: `;
  const own = listed.split("\n").filter(Boolean).map((line) => line.split("\0")).filter(
    ([, , parents, what = ""]) => {
      const isDetached = what.toLowerCase().includes(" on (no branch): ");
      return what.toLowerCase().includes(on_branch) || isDetached && been.has(parents!.split(" ")[0]!);
    },
  );
  if (own.length === 0) return [];
  const named = own.slice(0, 5).map(([name, , , what]) => `${name} ${what}`);
  notes.push({
    level: "warn",
    message: `The agent has put work aside with git stash, which is not on the task's branch: ${
      named.join("; ")
    }`,
  });
  return own.map(([, commit]) => ({ commit: commit!, what: "was put aside with git stash" }));
}

/** Keeps those that nothing leads to, under the task's reference. */
export async function keepLeft(
  git: Git,
  common_dir: string,
  task_id: string,
  left: readonly LeftCommit[],
  notes: Note[],
  signal?: AbortSignal,
): Promise<void> {
  const place = { git_dir: common_dir };
  const lost = await unreferenced(git, place, left.map((one) => one.commit), signal);
  if (lost.length === 0) return;
  const kept = lost.map((commit) =>
    left.find((one) => one.commit === commit) ?? { commit, what: "was checked out" }
  );
  await keepCommits(git, common_dir, task_id, kept, signal);
  const names = firstNames(kept.map(({ commit }) => commit.slice(0, 12)), NAMED_MAX);
  notes.push({
    level: "warn",
    message: `Commits that are on no branch are kept under ${workRef(task_id)}: ${names}`,
    details: { ref: workRef(task_id), commits: kept.slice(0, NAMED_MAX).map(({ commit }) => commit) },
  });
}
