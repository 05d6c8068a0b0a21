/** Brings the files and the index of a working tree from one commit to another, and back if that was interrupted. */
import { dirname, join } from "node:path";
import { factsIn } from "./file_facts.ts";
import type { Git } from "./git.ts";
import { WHOLE_TREE_MS } from "./git.ts";
import { copyIndex, placeOf, refresh } from "./index_copy.ts";
import { isReplaced, rawBytes, rawFields } from "./raw_paths.ts";
import { type TreeChange, treeChanges } from "./tree_changes.ts";
import type { WorkingTree } from "./working_trees.ts";

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
    changes.map(({ before, after, ...named }) => ({ ...named, before: after, after: before })),
    room,
  );
  const atNew = await unchangedFrom(git, tree, changes, room);
  const late = changes.filter(({ raw }) => atOld.has(raw) && !atNew.has(raw));
  const present = await presentUnnamed(git, tree, changes, room);
  for (const change of changes) {
    if (atOld.has(change.raw) || atNew.has(change.raw)) continue;
    const isHalf = isReplaced(change.path)
      ? change.after !== undefined && !present.has(change.raw)
      : await isHalfWritten(git, tree, change);
    if (isHalf) late.push(change);
  }
  const staged = await stagedEntries(git, tree);
  const stale = changes.filter(({ raw, before }) => staged.get(raw) === entryText(before));
  await setEntries(git, tree, stale);
  const gone = late.filter(({ after }) => after === undefined);
  for (const { path } of gone) if (!isReplaced(path)) await removeFile(tree.path, path);
  await removeUnnamed(git, tree, gone, room);
  const written = late.filter(({ after }) => after !== undefined);
  if (written.length > 0) {
    const stdin = rawBytes(written.map(({ raw }) => raw));
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
  const facts = await factsIn(tree.path, path);
  if (!facts) return after !== undefined;
  if (!before || !facts.isFile) return false;
  using file = await Deno.open(join(tree.path, path));
  const asked = ["cat-file", "--filters", `--path=${path}`, before.oid];
  let left = facts.size;
  let isBeginning = true;
  let goesOn = false;
  await git.run(placeOf(tree), asked, {
    accepts: [128],
    bound_ms: WHOLE_TREE_MS,
    take: (bytes) => {
      const begun = readFully(file, Math.min(left, bytes.length));
      left -= begun.length;
      isBeginning &&= begun.every((byte, at) => byte === bytes[at]);
      goesOn = bytes.length > begun.length;
      return isBeginning && !goesOn;
    },
  });
  return isBeginning && goesOn && left === 0;
}

/** The next bytes of a file; fewer at its end. */
function readFully(file: Deno.FsFile, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let have = 0;
  while (have < length) {
    const read = file.readSync(bytes.subarray(have));
    if (read === null) break;
    have += read;
  }
  return bytes.subarray(0, have);
}

/** The raw paths whose files are as these changes leave them. */
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
    const differs = new Set(rawFields((await git.run(placeOf(tree), asked, { index: copy.file })).stdout));
    const present = await presentUnnamed(git, tree, changes, room);
    const same = new Set<string>();
    for (const { path, raw, after } of changes) {
      const isThere = () => isReplaced(path) ? present.has(raw) : isIn(tree.path, path);
      if (after ? !differs.has(raw) : !await isThere()) same.add(raw);
    }
    return same;
  } finally {
    await copy.remove();
  }
}

async function isIn(root: string, path: string): Promise<boolean> {
  return await factsIn(root, path) !== undefined;
}

/** Those of the raw paths by which no file can be looked for, whose files are there. */
async function presentUnnamed(
  git: Git,
  tree: WorkingTree,
  changes: readonly TreeChange[],
  room: string,
): Promise<ReadonlySet<string>> {
  const unnamed = changes.filter(({ path }) => isReplaced(path));
  if (unnamed.length === 0) return new Set();
  const copy = await copyIndex(tree, room);
  try {
    await setEntries(git, tree, unnamed.map((change) => ({ ...change, after: undefined })), copy.file);
    const listed = await git.run(placeOf(tree), ["ls-files", "-z", "--others"], { index: copy.file });
    const others = new Set(rawFields(listed.stdout));
    return new Set(unnamed.map(({ raw }) => raw).filter((raw) => others.has(raw)));
  } finally {
    await copy.remove();
  }
}

/** Files by whose names only git can remove them. */
async function removeUnnamed(
  git: Git,
  tree: WorkingTree,
  gone: readonly TreeChange[],
  room: string,
): Promise<void> {
  const unnamed = gone.filter(({ path }) => isReplaced(path));
  if (unnamed.length === 0) return;
  const copy = await copyIndex(tree, room);
  try {
    const back = unnamed.map(({ before, after, ...named }) => ({ ...named, before: after, after: before }));
    await setEntries(git, tree, back, copy.file);
    await git.run(
      placeOf(tree),
      ["--literal-pathspecs", "rm", "-f", "-q", "--pathspec-from-file=-", "--pathspec-file-nul"],
      { index: copy.file, stdin: rawBytes(unnamed.map(({ raw }) => raw)) },
    );
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
      ({ raw, after }) => after ? `${after.mode} ${after.oid}\t${raw}` : `0 ${zero}\t${raw}`,
    );
  const stdin = rawBytes(lines);
  await git.run(placeOf(tree), ["update-index", "-z", "--index-info"], { index, stdin });
}

async function stagedEntries(git: Git, tree: WorkingTree): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  for (const line of rawFields((await git.run(placeOf(tree), ["ls-files", "--stage", "-z"])).stdout)) {
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
  const facts = await factsIn(root, path);
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
