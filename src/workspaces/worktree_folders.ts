/** The server's own folder for worktrees, and what is in it that belongs to no task. Links are never followed. */
import { basename, dirname, join, resolve } from "node:path";
import { ApiError } from "../domain/errors.ts";
import { KEPT, type Landing } from "../domain/landing.ts";
import type { OrphanFolder, WorktreeFolders } from "../domain/worktrees.ts";
import { removeTree } from "../host/remove_tree.ts";
import { tipOf, treeOf } from "./commits.ts";
import { factsOf, firstLine } from "./file_facts.ts";
import { type Git, WHOLE_TREE_MS } from "./git.ts";
import { leftBehind } from "./kept_commits.ts";
import { isForeign } from "./new_worktrees.ts";
import { identityOf } from "./own_identity.ts";
import { isLocked } from "./remove_worktree.ts";
import { treeOfFiles } from "./tree_of_files.ts";
import { linkOf as placeOfLink } from "./working_trees.ts";
import { leadsTo } from "./worktree_place.ts";

/** git's folders of a worktree. */
export interface Link {
  git_dir: string;
  common_dir: string;
}

/** `root`: the folder that holds the worktrees; `room`: one for temporary files. */
export function worktreeFolders(git: Git, landing: Landing, root: string, room: string): WorktreeFolders {
  return {
    async orphans(known) {
      const found: OrphanFolder[] = [];
      for (const name of await folderNames(root)) {
        const path = join(root, name);
        if (known.has(path)) continue;
        const link = await linkOf(path);
        const head = link && await firstLine(join(link.git_dir, "HEAD"));
        const { mtime } = await Deno.lstat(path);
        found.push({
          path,
          repository: link && dirname(link.common_dir),
          branch: head?.startsWith("ref: refs/heads/") ? head.slice("ref: refs/heads/".length) : undefined,
          changed_ms: mtime?.getTime() ?? 0,
        });
      }
      return found;
    },

    bytes: (path) => bytesOf(path),

    async clear({ path }) {
      if (dirname(path) !== resolve(root)) {
        return { stays: "it is not in the server's own folder for worktrees" };
      }
      if (await removeEmpty(path)) return { kept_as: [] };
      const link = await linkOf(path);
      if (link === undefined) return { stays: "it belongs to no repository, which could keep its files" };
      if (await isLocked(link)) {
        return { stays: "somebody has locked it: git worktree unlock" };
      }
      if (await isForeign(link.git_dir)) {
        return { stays: "an agent has made it itself: git worktree remove ends it" };
      }
      const nested = await nestedRepositories(path);
      if (nested.length > 0) return { stays: `there are other repositories in it, such as ${nested[0]}` };
      const head = await tipOf(git, { git_dir: link.git_dir }, "HEAD");
      const commit = await committed(git, path, link, head, room);
      const kept_as: string[] = [];
      const keep = async (one: string) => {
        const ref = await landing.freeRef(link.common_dir, KEPT.kept + refName(basename(path)));
        await landing.keep(link.common_dir, ref, one);
        kept_as.push(ref);
      };
      await keep(commit);
      const title = `Commits that the worktree ${
        basename(path)
      } has had checked out, and that are on no branch`;
      const left = await leftBehind(git, link, title);
      if (left !== undefined) await keep(left);
      const removing = { bound_ms: WHOLE_TREE_MS };
      await git.run({ git_dir: link.common_dir }, ["worktree", "remove", "--force", path], removing);
      return { kept_as };
    },
  };
}

/** A commit with all that is in the folder, on top of its HEAD; HEAD itself if there is nothing else. */
async function committed(
  git: Git,
  path: string,
  { git_dir, common_dir }: Link,
  head: string | undefined,
  room: string,
) {
  const place = { git_dir, common_dir, work_tree: path };
  await Deno.mkdir(room, { recursive: true, mode: 0o700 });
  const own = await Deno.makeTempDir({ dir: room, prefix: "orphan-" });
  try {
    // Where nothing has been committed, the index counts all the same.
    const start = head ?? await git.line(place, ["mktree"], { stdin: "" });
    const { tree, left } = await treeOfFiles(git, place, own, start);
    if (left !== undefined) {
      throw new ApiError("FILESYSTEM_ERROR", `git add failed in ${path}: ${left.why}`, {
        operation: "git add",
        file_path: path,
      });
    }
    if (head !== undefined && tree === await treeOf(git, place, head)) return head;
    const parents = head === undefined ? [] : ["-p", head];
    const message = `What was in the worktree ${basename(path)}, which belongs to no task any more`;
    return await git.line(place, ["commit-tree", tree, ...parents, "-m", message], {
      env: await identityOf(git, place),
    });
  } finally {
    await removeTree(own);
  }
}

/** Undefined unless git knows the folder as its worktree. A repository above it does not count. */
/** Undefined unless git says the same of the folder. */
export async function linkOf(path: string): Promise<Link | undefined> {
  const git_dir = await placeOfLink(path).catch(() => undefined);
  if (git_dir === undefined) return undefined;
  const common = await firstLine(join(git_dir, "commondir"));
  if (common === undefined || !await leadsTo(git_dir, path)) return undefined;
  return { git_dir, common_dir: resolve(git_dir, common) };
}

/** Visible folders. A link to one is none. */
async function folderNames(root: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(root)) {
      if (isDirectory && !name.startsWith(".")) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/** Repositories, submodules too, that are inside: their commits would be lost with the folder. */
async function nestedRepositories(root: string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of entriesOf(root)) {
    if (basename(path) === ".git" && dirname(path) !== root) found.push(dirname(path));
  }
  return found;
}

async function bytesOf(path: string): Promise<number> {
  const facts = await factsOf(path);
  if (!facts?.isDirectory) return facts?.size ?? 0;
  let sum = 0;
  for await (const entry of entriesOf(path)) sum += (await factsOf(entry))?.size ?? 0;
  return sum;
}

/** Everything below a folder. What vanishes meanwhile, or may not be read, is left out. */
async function* entriesOf(root: string): AsyncIterable<string> {
  const todo = [root];
  for (let folder = todo.pop(); folder !== undefined; folder = todo.pop()) {
    try {
      for await (const { name, isDirectory } of Deno.readDir(folder)) {
        const path = join(folder, name);
        yield path;
        if (isDirectory) todo.push(path);
      }
    } catch (error) {
      const { NotFound, PermissionDenied } = Deno.errors;
      if (!(error instanceof NotFound || error instanceof PermissionDenied)) throw error;
    }
  }
}

/** Whether it was empty, and is gone. */
async function removeEmpty(path: string): Promise<boolean> {
  try {
    await Deno.remove(path);
    return true;
  } catch {
    // It has files.
    return false;
  }
}

/** A folder's name as a part of a reference's. */
function refName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]+/g, "_").slice(0, 100);
}
