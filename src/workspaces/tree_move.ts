/** Brings the files and the index of a working tree from one commit to another, and back if that was interrupted. */
import { dirname, join } from "node:path";
import { exists, factsOf } from "./file_facts.ts";
import type { Git } from "./git.ts";
import { WHOLE_TREE_MS } from "./git.ts";
import { copyIndex, placeOf, refresh } from "./index_copy.ts";
import { type TreeChange, treeChanges } from "./tree_changes.ts";
import type { WorkingTree } from "./working_trees.ts";

/** A file of which more has been written is left for a person to look at. */
const HALF_MAX = 32_000_000;

/** Throws if git refuses, which leaves all as it was: it looks at every file before it writes the first. */
export async function moveTree(git: Git, tree: WorkingTree, from: string, to: string): Promise<void> {
  await refresh(git, tree);
  await git.run(placeOf(tree), ["read-tree", "-m", "-u", from, to], { bound_ms: WHOLE_TREE_MS });
}

/**
 * Brings a working tree to `to`, of which some files and index entries may still be those of `from`. A file that is
 * neither, nor the beginning of the one of `from`, has been changed by somebody: it stays.
 */
export async function settleTree(
  git: Git,
  tree: WorkingTree,
  from: string,
  to: string,
  room: string,
): Promise<void> {
  const place = placeOf(tree);
  const changes = await treeChanges(git, place, from, to);
  const atOld = await unchangedFrom(
    git,
    tree,
    changes.map(({ path, before }) => ({ path, after: before })),
    room,
  );
  const atNew = await unchangedFrom(git, tree, changes, room);
  const late = changes.filter(({ path }) => atOld.has(path) && !atNew.has(path));
  for (const change of changes) {
    if (atOld.has(change.path) || atNew.has(change.path)) continue;
    if (await isHalfWritten(git, tree, change)) late.push(change);
  }
  const staged = await stagedEntries(git, tree);
  const stale = changes.filter(({ path, before }) => staged.get(path) === entryText(before));
  await setEntries(git, tree, stale);
  const gone = late.filter(({ after }) => after === undefined);
  for (const { path } of gone) await removeFile(tree.path, path);
  const written = late.filter(({ after }) => after !== undefined);
  if (written.length > 0) {
    const stdin = written.map(({ path }) => `${path}\0`).join("");
    await git.run(place, ["checkout-index", "-f", "-q", "-z", "--stdin"], { stdin, bound_ms: WHOLE_TREE_MS });
  }
  await refresh(git, tree);
}

/** Whether git was about to write the file when it was killed: it has removed the earlier one, and no more than begun. */
async function isHalfWritten(
  git: Git,
  tree: WorkingTree,
  { path, before, after }: TreeChange,
): Promise<boolean> {
  const file = join(tree.path, path);
  const facts = await factsOf(file);
  if (!facts) return after !== undefined;
  if (!before || !facts.isFile || facts.size > HALF_MAX) return false;
  const asked = ["cat-file", "--filters", `--path=${path}`, before.oid];
  const { code, stdout } = await git.run(placeOf(tree), asked, { accepts: [128] });
  const begun = await Deno.readFile(file);
  return code === 0 && begun.length < stdout.length && equals(begun, stdout.subarray(0, begun.length));
}

function equals(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** The paths whose files are as these changes leave them. */
async function unchangedFrom(
  git: Git,
  tree: WorkingTree,
  changes: readonly TreeChange[],
  room: string,
): Promise<ReadonlySet<string>> {
  const copy = await copyIndex(tree, room);
  try {
    await setEntries(git, tree, changes, copy.file);
    await refresh(git, tree, copy.file);
    const asked = ["diff-files", "-z", "--name-only", "--no-ext-diff"];
    const differs = new Set(await git.fields(placeOf(tree), asked, { index: copy.file }));
    const same = new Set<string>();
    for (const { path, after } of changes) {
      const isSame = after ? !differs.has(path) : !await exists(join(tree.path, path));
      if (isSame) same.add(path);
    }
    return same;
  } finally {
    await copy.remove();
  }
}

async function setEntries(git: Git, tree: WorkingTree, changes: readonly TreeChange[], index?: string) {
  if (changes.length === 0) return;
  const zero = "0".repeat((changes[0]!.after ?? changes[0]!.before)?.oid.length ?? 40);
  // What goes comes first, so that a file can take the place of a folder.
  const lines = [...changes].sort((a, b) => Number(a.after !== undefined) - Number(b.after !== undefined))
    .map(
      ({ path, after }) => after ? `${after.mode} ${after.oid}\t${path}\0` : `0 ${zero}\t${path}\0`,
    );
  await git.run(placeOf(tree), ["update-index", "-z", "--index-info"], { index, stdin: lines.join("") });
}

async function stagedEntries(git: Git, tree: WorkingTree): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  for (const line of await git.fields(placeOf(tree), ["ls-files", "--stage", "-z"])) {
    const tab = line.indexOf("\t");
    const [mode, oid] = line.slice(0, tab).split(" ");
    entries.set(line.slice(tab + 1), `${mode} ${oid}`);
  }
  return entries;
}

function entryText(entry: TreeChange["before"]): string | undefined {
  return entry && `${entry.mode} ${entry.oid}`;
}

async function removeFile(root: string, path: string): Promise<void> {
  const facts = await factsOf(join(root, path));
  if (!facts || facts.isDirectory) return;
  await Deno.remove(join(root, path));
  for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) {
    try {
      await Deno.remove(join(root, folder));
    } catch {
      // It holds other files.
      return;
    }
  }
}
