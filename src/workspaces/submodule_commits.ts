/** Commits in a worktree's submodules that would go with it: git keeps the repositories of those inside the worktree's folder. */
import { join } from "node:path";
import { exists } from "./file_facts.ts";
import type { Git } from "./git.ts";

/** Deeper ones are not looked into. */
const DEPTH_MAX = 8;

/** The names of submodules with commits that the repository's own copies of them do not have. */
export async function submodulesAhead(git: Git, git_dir: string, common_dir: string): Promise<string[]> {
  const ahead: string[] = [];
  for (const name of await moduleNames(join(git_dir, "modules"))) {
    const theirs = join(git_dir, "modules", name);
    const own = join(common_dir, "modules", name);
    const listed = await git.text({ git_dir: theirs }, ["rev-list", "--all", "HEAD"], { accepts: [128] });
    if (listed === "") continue;
    if (!await exists(join(own, "HEAD"))) {
      ahead.push(name);
      continue;
    }
    const known = await git.text({ git_dir: own }, ["cat-file", "--batch-check"], { stdin: listed });
    if (known.includes(" missing\n")) ahead.push(name);
  }
  return ahead;
}

/** A submodule's name may have slashes. */
async function moduleNames(root: string, below = "", depth = 0): Promise<string[]> {
  const found: string[] = [];
  if (depth > DEPTH_MAX || !await exists(join(root, below))) return found;
  for await (const { name, isDirectory } of Deno.readDir(join(root, below))) {
    if (!isDirectory) continue;
    const path = join(below, name);
    if (await exists(join(root, path, "HEAD"))) found.push(path);
    else found.push(...await moduleNames(root, path, depth + 1));
  }
  return found;
}
