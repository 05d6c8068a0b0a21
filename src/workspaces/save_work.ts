/**
 * Saves what is in a task's worktree at the end of a turn: on the task's branch where that can be done, else under a reference of
 * the task. Nothing is overwritten, and nothing that git is in the middle of is touched.
 */
import { join } from "node:path";
import type { SavedWork } from "../domain/workspace.ts";
import { changeCounts } from "./change_counts.ts";
import { commitOf, commitTree, treeOf } from "./commits.ts";
import { exists } from "./file_facts.ts";
import type { Git, TreePlace } from "./git.ts";
import { installIndex } from "./index_copy.ts";
import { commitsOfHead, savedRef, workRef } from "./kept_commits.ts";
import { keepInner, linksAtWork } from "./inner_repositories.ts";
import { hiddenCommits } from "./hidden_commits.ts";
import { keepLeft, type LeftCommit, ownStashes } from "./left_commits.ts";
import type { Note } from "./notes.ts";
import { identityOf, OWN_IDENTITY } from "./own_identity.ts";
import { stagedTree } from "./staged_work.ts";
import { type TreeOfFiles, treeOfFiles } from "./tree_of_files.ts";
import { underWay } from "./under_way.ts";
import {
  followed,
  isIntact,
  linkPlace,
  type MadeWorktree,
  placeOf,
  requireBranch,
  restorePlace,
} from "./worktree_place.ts";

export interface TaskOfWork {
  id: string;
  description: string;
}

export interface SavedWorktree {
  worktree: MadeWorktree;
  notes: Note[];
  changes: NonNullable<SavedWork["changes"]>;
  /** What could not be committed: files, and repositories inside. */
  left: string[];
  /** Whether everything in the worktree that git does not ignore is in a commit of the task's branch. */
  isClean: boolean;
}

/** `room`: an empty folder for temporary files. Throws `ApiError`; then the work is where it was. */
export async function saveWork(
  git: Git,
  known: MadeWorktree,
  task: TaskOfWork,
  room: string,
  signal?: AbortSignal,
): Promise<SavedWorktree> {
  const notes: Note[] = [];
  const { worktree, isThere } = await followed(known);
  if (worktree.root !== known.root) {
    notes.push({ level: "info", message: `The worktree was moved from ${known.root} to ${worktree.root}` });
  }
  const { common_dir, base_commit } = worktree;
  const common = { git_dir: common_dir };
  const tip = await requireBranch(git, worktree, signal);
  const saved = isThere
    ? await saveFiles(git, worktree, task, tip, room, notes, signal)
    : await withoutFiles(git, worktree, tip, notes);
  const left = [
    ...saved.left,
    ...(await commitsOfHead(saved.worktree.git_dir)).map((commit) => ({ commit, what: "was checked out" })),
    ...[tip, worktree.head_commit].flatMap((commit) =>
      commit ? [{ commit, what: "was on the task's branch" }] : []
    ),
  ];
  left.push(...await hiddenCommits(git, saved.worktree, signal));
  left.push(...await ownStashes(git, saved.worktree, notes, signal));
  await keepLeft(git, common_dir, task.id, left, notes, signal);
  const head_commit = saved.tip;
  if (head_commit !== base_commit) {
    await git.run(common, ["update-ref", savedRef(worktree), head_commit], { signal });
  } else if ((worktree.head_commit ?? base_commit) !== base_commit) {
    await git.run(common, ["update-ref", "-d", savedRef(worktree)], { signal });
  }
  return {
    worktree: { ...saved.worktree, head_commit, unsaved: saved.isClean ? undefined : true },
    notes,
    changes: await changeCounts(git, common, base_commit, head_commit, signal),
    left: saved.loose,
    isClean: saved.isClean,
  };
}

interface SavedFiles {
  worktree: MadeWorktree;
  /** The commit of the task's branch. */
  tip: string;
  /** Commits that may be on no branch. */
  left: LeftCommit[];
  /** Files, and repositories inside, that are in no commit of the task's branch. */
  loose: string[];
  isClean: boolean;
}

async function withoutFiles(
  git: Git,
  worktree: MadeWorktree,
  tip: string,
  notes: Note[],
): Promise<SavedFiles> {
  notes.push({ level: "warn", message: `The worktree ${worktree.root} is gone. What was committed is kept` });
  const head = await commitOf(git, { git_dir: worktree.git_dir }, "HEAD").catch(() => undefined);
  const left = head === undefined ? [] : [{ commit: head, what: "was checked out" }];
  return { worktree, tip, left, loose: [], isClean: true };
}

async function saveFiles(
  git: Git,
  known: MadeWorktree,
  task: TaskOfWork,
  tip: string,
  room: string,
  notes: Note[],
  signal?: AbortSignal,
): Promise<SavedFiles> {
  const worktree = await isIntact(known) ? known : await restorePlace(git, known, signal);
  await linkPlace(worktree);
  const place = placeOf(worktree);
  const { branch, root, common_dir, git_dir } = worktree;
  const head = await commitOf(git, place, "HEAD", signal) ?? tip;
  const files = await treeOfFiles(git, place, room, head, signal);
  const isLoose = files.tree !== await treeOf(git, place, head, signal);
  const inside = [...files.nested, ...await linksAtWork(git, place, files.links, files.index, signal)];
  const inner = [
    ...await keepInner(git, place, inside, room, signal),
    ...await besides(git, place, files, { head, room }, signal),
  ];
  const nested = await hasRepositoryOfItsOwn(root) ? [".", ...inside] : inside;
  if (nested.length > 0) {
    const message = `A repository inside the worktree is not part of the task's branch: ${nested.join(", ")}`;
    notes.push({ level: "warn", message, details: { nested, worktree: root } });
  }
  if (files.left !== undefined) {
    notes.push({ level: "warn", message: `Some files could not be committed: ${files.left.why}` });
  }
  const isWhole = nested.length === 0 && files.left === undefined;
  const loose = [...nested, ...files.left?.files ?? []];
  const commitFiles = async (dates: Record<string, string> = {}) => {
    const identity = { ...await identityOf(git, place), ...dates };
    return await commitTree(git, place, files.tree, [head], messageOf(task), identity, signal);
  };

  const busy = await underWay(git_dir, common_dir, branch);
  const isAhead = head !== tip && await isAncestor(git, place, tip, head, signal);
  const isOnBranch = await headRef(git, place, signal) === `refs/heads/${branch}`;
  const followsTip = head === tip || isAhead || isOnBranch ||
    tip === known.head_commit && await isOtherLine(git, place, tip, head, known.base_commit, signal);
  if (busy || !followsTip) {
    const left = [...inner, { commit: head, what: "was checked out" }];
    if (isLoose) {
      const commit = await commitFiles(await datesOf(git, place, head, signal));
      left.push({ commit, what: "with the files that were not committed" });
    }
    if (busy) {
      const message = `In the worktree ${root}, ${busy.what}, so it was not committed on '${branch}'. ` +
        `${busy.advice}. What is there now is kept under ${workRef(task.id)}`;
      notes.push({ level: "warn", message });
    } else if (isLoose) {
      const message =
        `The worktree has another commit checked out than one of '${branch}', ${head.slice(0, 12)}. ` +
        `What was changed there is kept under ${workRef(task.id)}`;
      notes.push({ level: "warn", message });
    }
    return { worktree, tip, left, loose, isClean: isWhole && !busy && !isLoose };
  }
  const next = isLoose ? await commitFiles() : head;
  if (next !== tip) {
    await git.run(place, [
      "update-ref",
      "-m",
      `opencode-agents: ${task.id}`,
      `refs/heads/${branch}`,
      next,
      tip,
    ], {
      signal,
    });
  }
  if (isLoose && !isOnBranch) {
    await git.run(place, ["symbolic-ref", "-m", "opencode-agents: saved", "HEAD", `refs/heads/${branch}`], {
      signal,
    });
  }
  await installIndex(files.index, git_dir);
  return { worktree, tip: next, left: inner, loose, isClean: isWhole };
}

/** Files that are not on the branch as they were: what git did not take, and what was staged before it was changed again. */
async function besides(
  git: Git,
  place: TreePlace,
  files: TreeOfFiles,
  { head, room }: { head: string; room: string },
  signal?: AbortSignal,
): Promise<LeftCommit[]> {
  const trees = [
    { tree: files.left?.tree, what: "with the files as they are, which git did not take" },
    {
      tree: await stagedTree(git, place, room, { head, files: files.left?.tree ?? files.tree }, signal),
      what: "with what was staged, and then changed again",
    },
  ];
  const kept: LeftCommit[] = [];
  for (const { tree, what } of trees) {
    if (tree === undefined) continue;
    // Always the same for the same files.
    kept.push({ commit: await commitTree(git, place, tree, [], `${what}\n`, OWN_IDENTITY, signal), what });
  }
  return kept;
}

/** Whether `head` is another way from the base than the branch, which nobody but this program has moved. */
async function isOtherLine(
  git: Git,
  place: TreePlace,
  tip: string,
  head: string,
  base: string,
  signal?: AbortSignal,
): Promise<boolean> {
  if (await isAncestor(git, place, head, tip, signal)) return false;
  return await isAncestor(git, place, base, head, signal);
}

async function isAncestor(
  git: Git,
  place: TreePlace,
  commit: string,
  of: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const asked = ["merge-base", "--is-ancestor", commit, of];
  return (await git.run(place, asked, { signal, accepts: [1] })).code === 0;
}

async function headRef(git: Git, place: TreePlace, signal?: AbortSignal): Promise<string> {
  return await git.line(place, ["symbolic-ref", "--quiet", "HEAD"], { signal, accepts: [1] });
}

/** The dates of another commit: what is saved again, unchanged, is then the same commit. */
async function datesOf(
  git: Git,
  place: TreePlace,
  commit: string,
  signal?: AbortSignal,
): Promise<Record<string, string>> {
  const date = await git.line(place, ["show", "--no-patch", "--format=%cd", "--date=raw", commit], {
    signal,
  });
  return { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
}

function messageOf({ id, description }: TaskOfWork): string {
  const text = description.replaceAll("\r\n", "\n").replaceAll("\0", "").trim();
  return `${text || id}\n\nTask: ${id}\n`;
}

/** Whether an agent has made a repository in the place of the worktree's `.git`. */
async function hasRepositoryOfItsOwn(root: string): Promise<boolean> {
  return await exists(join(root, ".git", "HEAD"));
}
