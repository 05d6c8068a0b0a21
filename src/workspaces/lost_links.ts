/** Folders of submodules that have no repository: git takes them for empty, whatever is in them, or stops at what is left of one. */
import { join, resolve } from "node:path";
import { exists, factsOf, firstLine } from "./file_facts.ts";

/** Those of the paths where files, or what is left of a repository, would be passed over. */
export async function linksWithoutRepository(work_tree: string, links: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of links) {
    const folder = join(work_tree, path);
    if (!(await factsOf(folder))?.isDirectory || await isRepository(folder)) continue;
    if (await exists(join(folder, ".git")) || await hasFiles(folder)) found.push(path);
  }
  return found;
}

async function isRepository(folder: string): Promise<boolean> {
  const git = join(folder, ".git");
  if ((await factsOf(git))?.isDirectory) return await exists(join(git, "HEAD"));
  const line = await firstLine(git);
  if (!line?.startsWith("gitdir: ")) return false;
  return await exists(join(resolve(folder, line.slice("gitdir: ".length)), "HEAD"));
}

async function hasFiles(root: string): Promise<boolean> {
  const todo = [root];
  for (let folder = todo.pop(); folder !== undefined; folder = todo.pop()) {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (!isDirectory) return true;
      todo.push(join(folder, name));
    }
  }
  return false;
}
