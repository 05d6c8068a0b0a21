/** What was staged, and has been changed or deleted since: only the index leads to it, until it is replaced. */
import { join } from "node:path";
import type { Git, TreePlace } from "./git.ts";
import { copyIndexFile } from "./index_copy.ts";
import { rawFields } from "./raw_paths.ts";

/**
 * The tree that was staged, if it has a file that neither of the trees has: that of `head`, and that of the `files` as they are.
 * `room`: a folder for a temporary file.
 */
export async function stagedTree(
  git: Git,
  place: TreePlace,
  room: string,
  { head, files }: { head: string; files: string },
  signal?: AbortSignal,
): Promise<string | undefined> {
  const index = join(room, "staged");
  if (!await copyIndexFile(join(place.git_dir, "index"), index)) return undefined;
  // A merge that is not finished, or a damaged index, makes no tree.
  const asked = ["write-tree", "--missing-ok"];
  const tree = await git.line(place, asked, { index, signal, accepts: [128] });
  if (tree === "" || tree === files) return undefined;
  const staged = await changedBlobs(git, place, head, tree, signal);
  if (staged.length === 0) return undefined;
  const known = new Set(await changedBlobs(git, place, head, files, signal));
  return staged.every((blob) => known.has(blob)) ? undefined : tree;
}

/** The ids of the files that differ, as they are in the second tree. */
async function changedBlobs(
  git: Git,
  place: TreePlace,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const asked = ["diff-tree", "-r", "-z", "--no-renames", "--diff-filter=d", from, to];
  const { stdout } = await git.run(place, asked, { signal });
  // Each change begins with modes and ids: `:100644 100644 OLD NEW M`.
  return rawFields(stdout).filter((field) => field.startsWith(":")).map((field) => field.split(" ")[3]!);
}
