/**
 * Repositories inside a worktree: those that an agent has made, and submodules with work of their own. Their files are kept in the
 * task's repository; they themselves stay where they are.
 */
import { join } from "node:path";
import { exists } from "./file_facts.ts";
import type { Git, TreePlace } from "./git.ts";
import { OWN_IDENTITY } from "./own_identity.ts";
import { treeOfFiles } from "./tree_of_files.ts";

/** How many are looked into, those inside others included. */
const MOST = 100;

/** A commit for each of them with the files that it has now. `paths`: below the working tree. */
export async function keepInner(
  git: Git,
  place: TreePlace,
  paths: readonly string[],
  room: string,
  signal?: AbortSignal,
): Promise<{ commit: string; what: string }[]> {
  const kept: { commit: string; what: string }[] = [];
  const todo = [...paths];
  for (let path = todo.shift(); path !== undefined && kept.length < MOST; path = todo.shift()) {
    const inner = { ...place, work_tree: join(place.work_tree, path) };
    // A name that is not UTF-8 cannot be given to git. The repository stays, with its worktree.
    if (!await exists(inner.work_tree)) continue;
    const own = join(room, `inner-${kept.length}`);
    await Deno.mkdir(own);
    const { tree, nested, links } = await treeOfFiles(git, inner, own, undefined, signal);
    todo.push(...[...nested, ...links].map((one) => join(path!, one)));
    const made = ["commit-tree", tree, "-m", `The files of the repository in ${path}`];
    // Always the same for the same files.
    const commit = await git.line(place, made, { env: OWN_IDENTITY, signal });
    kept.push({ commit, what: `the files of the repository in ${path}` });
  }
  return kept;
}

/**
 * Those of the linked repositories that have commits or files that are nowhere else. `index`: that of the files around them.
 */
export async function linksAtWork(
  git: Git,
  place: TreePlace,
  links: readonly string[],
  index: string,
  signal?: AbortSignal,
): Promise<string[]> {
  if (links.length === 0) return [];
  const asked = ["diff-files", "-z", "--name-only", "--ignore-submodules=none", "--", ...links.map(literal)];
  const found = new Set(
    (await git.fields(place, asked, { index, signal })).filter((path) => links.includes(path)),
  );
  for (const path of links) {
    if (!found.has(path) && !await isElsewhere(git, place, path, signal)) found.add(path);
  }
  const there = await Promise.all([...found].map((path) => exists(join(place.work_tree, path, ".git"))));
  return [...found].filter((_, i) => there[i]);
}

const literal = (path: string) => `:(top,literal)${path}`;

/** Whether what is checked out there is on a branch or a tag that it has from elsewhere. */
async function isElsewhere(git: Git, place: TreePlace, path: string, signal?: AbortSignal): Promise<boolean> {
  const folder = join(place.work_tree, path);
  if (!await exists(join(folder, ".git"))) return true;
  const asked = [
    "for-each-ref",
    "--count=1",
    "--contains",
    "HEAD",
    "--format=1",
    "refs/remotes",
    "refs/tags",
  ];
  return await git.line(folder, asked, { signal, accepts: [1, 128, 129] }) !== "";
}
