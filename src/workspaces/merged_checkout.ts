/**
 * A worktree of a commit that no branch has yet, for as long as programs look at it. It is nobody's work: what is written there
 * goes with it, also what a crash has left.
 */
import { join, relative } from "node:path";
import type { MergedCheckout } from "../domain/landing.ts";
import { removeTree } from "../host/remove_tree.ts";
import { type Git, WHOLE_TREE_MS } from "./git.ts";
import { furnish } from "./make_worktree.ts";
import type { ProgramHost } from "./project_programs.ts";
import { removeFolder } from "./remove_worktree.ts";
import { type Link, linkOf } from "./worktree_folders.ts";
import { CHECKOUT_PREFIX, isMergedCheckout } from "./worktree_names.ts";

/** `room`: a folder for nothing else. What an earlier server has left there is removed first. */
export function mergedCheckouts(
  { git, programs, room }: { git: Git; programs: ProgramHost; room: string },
): MergedCheckout {
  let emptied: Promise<void> | undefined;
  return async ({ task_id, worktree, commit, project }, use, signal) => {
    await (emptied ??= emptyRoom(git, room));
    await Deno.mkdir(room, { recursive: true, mode: 0o700 });
    const { common_dir, repository } = worktree;
    const root = await Deno.makeTempDir({ dir: await Deno.realPath(room), prefix: CHECKOUT_PREFIX });
    let link: Link | undefined;
    try {
      const adding = { signal, bound_ms: WHOLE_TREE_MS, network: true };
      await git.run({ git_dir: common_dir }, [
        "worktree",
        "add",
        "--quiet",
        "--detach",
        root,
        commit,
      ], adding);
      link = await linkOf(root);
      const path = join(root, relative(worktree.root, worktree.path));
      await furnish(
        { git, programs },
        { root, path, common_dir, repository: repository ?? common_dir },
        { id: task_id, project },
        [],
        signal,
      );
      return await use(path);
    } finally {
      await removed(git, root, link ?? await linkOf(root));
    }
  };
}

async function removed(git: Git, root: string, link: Link | undefined): Promise<void> {
  if (link !== undefined) await removeFolder(git, link.common_dir, root);
  await removeTree(root);
  if (link !== undefined) await removeTree(link.git_dir);
}

async function emptyRoom(git: Git, room: string): Promise<void> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(room)) if (isMergedCheckout(name)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  for (const name of names) await removed(git, join(room, name), await linkOf(join(room, name)));
}
