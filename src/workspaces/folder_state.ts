/** The state of a folder that many may use: all files of its repository as they are now, in a commit that nobody sees. */
import { join } from "node:path";
import { ApiError } from "../domain/errors.ts";
import { commitOf, treeOf } from "./commits.ts";
import { factsOf } from "./file_facts.ts";
import type { Git, GitOptions } from "./git.ts";
import type { Note } from "./notes.ts";
import { OWN_IDENTITY } from "./own_identity.ts";
import { type Repository, repositoryAt } from "./repository.ts";
import { pathsOf, plainFiles, treeOfFiles } from "./tree_of_files.ts";

/** What a snapshot may add to the repository. */
const BYTES_MAX = 256 << 20;
const FILES_MAX = 50_000;
/** How many facts about files are asked for at once. */
const FACTS_AT_ONCE = 64;

export interface FolderState {
  repository: Repository;
  /** The commit that is checked out; undefined where nothing has been committed. */
  head: string | undefined;
  /** A commit with the files as they are: `head` itself if nothing is uncommitted. */
  commit: string;
  /** The index that belongs to the files. */
  index: string;
  /** Repositories inside, which are not in the commit. */
  nested: readonly string[];
  notes: readonly Note[];
}

/**
 * `room`: an empty folder, which gets the index. `apart`: a folder whose files do not count. Undefined outside a repository with files. Throws `ApiError`.
 */
export async function folderState(
  git: Git,
  folder: string,
  room: string,
  signal: AbortSignal,
  apart?: string,
): Promise<FolderState | undefined> {
  const repository = await repositoryAt(git, folder, signal);
  if (repository === undefined || repository.isBare) return undefined;
  const place = placeOf(repository);
  const { head, tree: committed } = await headOf(git, place, signal);
  const { tree: added, index, nested, left } = await treeOfFiles(git, place, room, head, signal, {
    mayAdd: requireSmall,
    apart,
  });
  const tree = left?.tree ?? added;
  const notes: Note[] = [];
  if (left !== undefined) {
    const message = left.tree === undefined
      ? `Changes of files that git cannot read are not seen: ${left.why}`
      : `Some files are compared as they are, since git does not take them: ${left.why}`;
    notes.push({ level: "warn", message });
  }
  const state = { repository, head, index, nested, notes };
  if (head !== undefined && tree === committed) return { ...state, commit: head };
  const parents = head === undefined ? [] : ["-p", head];
  const made = ["commit-tree", tree, ...parents, "-m", "The files of a folder, committed or not"];
  // Always the same for the same files.
  return { ...state, commit: await git.line(place, made, { env: OWN_IDENTITY, signal }) };
}

/** Whether nothing has changed in the folder since. One program instead of eight. */
export async function isSame(
  git: Git,
  state: FolderState,
  signal: AbortSignal,
  apart?: string,
): Promise<boolean> {
  const asked = [
    "status",
    "--porcelain=v2",
    "--branch",
    "-z",
    "--no-renames",
    "--untracked-files=normal",
    "--ignore-submodules=none",
    "--",
    ...await pathsOf(state.repository.root, apart),
  ];
  const config = await plainFiles(state.repository.root);
  const options: GitOptions = { index: state.index, signal, config, accepts: [128] };
  const fields = await git.fields(placeOf(state.repository), asked, options);
  const nested = new Set(state.nested.map((path) => `? ${path}/`));
  let head: string | undefined;
  for (const field of fields) {
    if (field.startsWith("# branch.oid ")) head = field.slice("# branch.oid ".length);
    // What differs from HEAD alone, in the first column, is in the commit.
    else if (!field.startsWith("# ") && !/^1 .\. /.test(field) && !nested.delete(field)) return false;
  }
  return head === (state.head ?? "(initial)") && nested.size === 0;
}

function placeOf({ git_dir, common_dir, root }: Repository) {
  return { git_dir, common_dir, work_tree: root };
}

async function headOf(git: Git, place: ReturnType<typeof placeOf>, signal: AbortSignal) {
  const head = await commitOf(git, place, "HEAD", signal);
  return { head, tree: head === undefined ? undefined : await treeOf(git, place, head, signal) };
}

/** Throws for files that would fill the user's repository. */
async function requireSmall(root: string, paths: readonly string[]): Promise<void> {
  const refuse = (what: string) =>
    new ApiError("FILESYSTEM_ERROR", `There are more than ${what} of files in it that are not committed`, {
      operation: "snapshot",
      file_path: root,
    });
  if (paths.length > FILES_MAX) throw refuse(`${FILES_MAX}`);
  let bytes = 0;
  for (let at = 0; at < paths.length; at += FACTS_AT_ONCE) {
    const facts = await Promise.all(
      paths.slice(at, at + FACTS_AT_ONCE).map((path) => factsOf(join(root, path))),
    );
    for (const one of facts) if (one?.isFile) bytes += one.size;
    if (bytes > BYTES_MAX) throw refuse(`${BYTES_MAX >> 20} MiB`);
  }
}
