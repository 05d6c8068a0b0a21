/** Commits that only git's own folder of a worktree leads to, besides its HEAD: they would go with it. */
import { join } from "node:path";
import { commitOf } from "./commits.ts";
import { firstLine } from "./file_facts.ts";
import type { Git } from "./git.ts";
import type { LeftCommit } from "./left_commits.ts";

/** What an unfinished rebase or merge has put aside. */
const PUT_ASIDE = ["rebase-merge/autostash", "rebase-apply/autostash", "MERGE_AUTOSTASH"];
/** How many references of its own are looked at. */
const REFS_MAX = 1000;

export async function hiddenCommits(
  git: Git,
  { git_dir, common_dir }: { git_dir: string; common_dir: string },
  signal?: AbortSignal,
): Promise<LeftCommit[]> {
  const found: LeftCommit[] = [];
  const named = [
    ...PUT_ASIDE.map((name) => ({ name, what: "was put aside by git (autostash)" })),
    ...(await ownRefs(git_dir)).map((name) => ({ name, what: `was under ${name}, in the worktree alone` })),
  ];
  for (const { name, what } of named) {
    const id = await firstLine(join(git_dir, name));
    if (id === undefined || !/^[0-9a-f]{40,64}$/.test(id)) continue;
    const commit = await commitOf(git, { git_dir: common_dir }, id, signal);
    if (commit !== undefined) found.push({ commit, what });
  }
  return found;
}

/** References that no other worktree sees, such as those of a bisection. */
async function ownRefs(git_dir: string): Promise<string[]> {
  const found: string[] = [];
  const todo = ["refs"];
  for (let folder = todo.pop(); folder !== undefined && found.length < REFS_MAX; folder = todo.pop()) {
    try {
      for await (const { name, isDirectory, isFile } of Deno.readDir(join(git_dir, folder))) {
        if (isDirectory) todo.push(`${folder}/${name}`);
        else if (isFile) found.push(`${folder}/${name}`);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    }
  }
  return found;
}
