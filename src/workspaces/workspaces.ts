/**
 * Where tasks work. With `isolation: "worktree"` a task has a git worktree of its own, on a branch named after it. So agents
 * that run at the same time do not overwrite each other.
 */
import { join, relative } from "node:path";
import { ApiError } from "../domain/errors.ts";
import { firstNames } from "../domain/first_names.ts";
import { isInside } from "../domain/path_inside.ts";
import type { OpenWorkspace, Workspaces, WorkspaceTask } from "../domain/task_workspaces.ts";
import type { SavedWork, StoredWorkspace } from "../domain/workspace.ts";
import { filesWithMarks } from "./conflict_marks.ts";
import { exists } from "./file_facts.ts";
import { FolderStates } from "./folder_states.ts";
import { folderTasks } from "./folder_tasks.ts";
import type { Git } from "./git.ts";
import { commitsOfHead, keepCommits, unreferenced, workRef } from "./kept_commits.ts";
import {
  type Intent,
  isIntent,
  made,
  type Making,
  planned,
  requireWorktree,
  unmade,
} from "./make_worktree.ts";
import { NewWorktrees, worktreesInside } from "./new_worktrees.ts";
import type { Note } from "./notes.ts";
import { packLoose } from "./packed_objects.ts";
import { type ProgramHost, runTeardown } from "./project_programs.ts";
import { isLocked, newIgnored, removeWorktree } from "./remove_worktree.ts";
import { commitOf } from "./commits.ts";
import { freeFolder } from "./worktree_names.ts";
import { type SavedWorktree, saveWork } from "./save_work.ts";
import {
  followed,
  isIntact,
  isMade,
  linkPlace,
  type MadeWorktree,
  requireBranch,
  restorePlace,
} from "./worktree_place.ts";
import { removeTree } from "../host/remove_tree.ts";
import { checkedOutElsewhere } from "./working_trees.ts";

/** A folder or a file that cannot be used, such as on a full disk. */
function asApiError(error: Error, root: string): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError("FILESYSTEM_ERROR", `The worktree cannot be made: ${error.message}`, {
    operation: "git worktree add",
    file_path: root,
  });
}

/** The folder that the agent works in. It may have been deleted, or be a link by now. */
async function folderIn({ root, path }: MadeWorktree): Promise<string> {
  if (!await exists(path)) await Deno.mkdir(path, { recursive: true });
  const [outer, inner] = [await Deno.realPath(root), await Deno.realPath(path)];
  if (isInside(outer, inner)) return inner;
  const message =
    `The task's folder ${path} leads out of its worktree, to ${inner}. Put a folder in the place of the link`;
  throw new ApiError("FILESYSTEM_ERROR", message, { operation: "open", file_path: path });
}

/** How many files the log names. */
const NAMED_MAX = 20;
/** How long a client waits for a repository to be looked at. */
const CHECK_MS = 3000;

export interface WorkspaceOptions {
  git: Git;
  programs: ProgramHost;
  /** The server's data folder. Nothing in it is a task's work, except in the folder of the worktrees. */
  data: string;
  /** The folder of the worktrees. */
  root: string;
  /** A folder for temporary files. */
  room: string;
}

export function gitWorkspaces(options: WorkspaceOptions): Workspaces {
  const { git, programs, root, room } = options;
  let emptied: Promise<void> | undefined;
  const folders = folderTasks(git, new FolderStates(git, programs.clock, options.data, newRoom), ownFolder);

  async function making(): Promise<Making> {
    await Deno.mkdir(root, { recursive: true, mode: 0o700 });
    return { git, programs, root: await Deno.realPath(root), room };
  }

  async function ownFolder(): Promise<string> {
    return await exists(root) ? await Deno.realPath(root) : root;
  }

  async function newRoom(): Promise<string> {
    // What an earlier server has left there.
    await (emptied ??= removeTree(room));
    await Deno.mkdir(room, { recursive: true, mode: 0o700 });
    return await Deno.makeTempDir({ dir: room, prefix: "save-" });
  }

  async function inRoom<T>(use: (folder: string) => Promise<T>): Promise<T> {
    const folder = await newRoom();
    try {
      return await use(folder);
    } finally {
      await removeTree(folder);
    }
  }

  async function save(
    worktree: MadeWorktree,
    task: WorkspaceTask,
    signal?: AbortSignal,
  ): Promise<SavedWorktree> {
    return await inRoom((folder) => saveWork(git, worktree, task, folder, signal));
  }

  /** Removes the worktree if nothing has changed in it; returns what is to be recorded and said of it. */
  async function removeUnchanged(saved: SavedWorktree, task: WorkspaceTask): Promise<SavedWork> {
    const { worktree, changes, notes } = saved;
    const stays = { workspace: worktree, changes, notes };
    const { common_dir, base_commit, head_commit } = worktree;
    const isUnchanged = saved.isClean && changes.files + changes.commits === 0 && head_commit === base_commit;
    if (!isUnchanged || await isLocked(worktree)) return stays;
    if (await checkedOutElsewhere(git, worktree, worktree.branch, worktree.git_dir) !== undefined) {
      return stays;
    }
    if ((await worktreesInside(common_dir, worktree.root)).length > 0) return stays;
    if (await commitOf(git, { git_dir: common_dir }, workRef(task.id)) !== undefined) return stays;
    const ignored = await exists(worktree.root) ? await newIgnored(git, worktree) : [];
    if (ignored.length > 0) {
      const message = `Nothing has changed but files that git ignores: ${firstNames(ignored, NAMED_MAX)}. ` +
        `They stay in ${worktree.root} until the worktree is pruned, or the task is removed`;
      return { ...stays, notes: [...notes, { level: "info", message, details: { ignored } }] };
    }
    const more: Note[] = [];
    for (const problem of await tornDown(worktree, task)) {
      more.push({ level: "warn", message: `The project's teardown failed: ${problem}` });
    }
    await removeWorktree(git, worktree, base_commit);
    return { ...stays, notes: [...notes, ...more], workspace: { ...worktree, git_dir: undefined } };
  }

  async function tornDown(
    { root: folder, repository = "" }: MadeWorktree,
    task: WorkspaceTask,
  ): Promise<string[]> {
    const { teardown = [], env } = task.project ?? {};
    if (teardown.length === 0 || !await exists(folder)) return [];
    return await runTeardown(programs, teardown, { task_id: task.id, folder, repository, env });
  }

  /** The worktree that the task's record has; undefined if it is not there and must be made again. */
  async function reopened(
    worktree: MadeWorktree,
    task: WorkspaceTask,
    signal: AbortSignal,
  ): Promise<MadeWorktree | undefined> {
    const here = await followed(worktree);
    if (here.isThere) {
      const now = here.worktree;
      const open = await isIntact(now) ? now : await restorePlace(git, now, signal);
      await linkPlace(open);
      return open;
    }
    if (!await isIntact(worktree)) return undefined;
    // Somebody has deleted the folder. What was committed there stays.
    const place = { git_dir: worktree.git_dir };
    const head = await commitOf(git, place, "HEAD", signal);
    const commits = [...head === undefined ? [] : [head], ...await commitsOfHead(worktree.git_dir)];
    const lost = await unreferenced(git, { git_dir: worktree.common_dir }, commits, signal);
    const kept = lost.map((commit) => ({ commit, what: "was checked out" }));
    await keepCommits(git, worktree.common_dir, task.id, kept, signal);
    await removeTree(worktree.git_dir);
    return undefined;
  }

  /** Whether the commit from which it was to start is there: a merge that no branch has does not stay for ever. */
  async function isThere({ common_dir, base_commit }: Intent, signal: AbortSignal): Promise<boolean> {
    return await commitOf(git, { git_dir: common_dir }, base_commit, signal) !== undefined;
  }

  /** What a person has changed there since the last turn is saved before the agent may change it. */
  async function savedFirst(
    open: MadeWorktree,
    task: WorkspaceTask,
    notes: Note[],
    signal: AbortSignal,
  ): Promise<MadeWorktree> {
    try {
      const saved = await save(open, task, signal);
      notes.push(...saved.notes);
      return { ...saved.worktree, unsaved: true };
    } catch (error) {
      if (signal.aborted) throw error;
      const message = `What is in the worktree could not be saved before the turn: ${
        (error as Error).message
      }`;
      notes.push({ level: "warn", message });
      return { ...open, unsaved: true };
    }
  }

  async function openWorktree(
    task: WorkspaceTask,
    record: (workspace: StoredWorkspace) => Promise<void>,
    notes: Note[],
    signal: AbortSignal,
  ): Promise<MadeWorktree> {
    const { known } = task;
    if (isMade(known)) {
      const worktree = await reopened(known, task, signal);
      if (worktree) return await savedFirst(worktree, task, notes, signal);
      await requireBranch(git, known, signal);
      notes.push({
        level: "warn",
        message: `The worktree ${known.root} is gone, so its branch is checked out again`,
      });
    }
    const here = await making();
    let intent: Intent;
    if (isMade(known) && isIntent(known)) {
      intent = { ...known, git_dir: undefined, unsaved: true };
      if (await exists(known.root)) {
        // Another worktree has come in its place.
        const folder = await freeFolder(git, known.common_dir, here.root, task.id);
        intent = { ...intent, root: folder, path: join(folder, relative(known.root, known.path)) };
      }
    } else if (isIntent(known) && await isThere(known, signal)) {
      intent = { ...known, unsaved: true };
      await unmade(here, intent);
      const now = await commitOf(git, { git_dir: intent.common_dir }, `refs/heads/${intent.branch}`, signal);
      // Somebody else's branch has come in its place.
      if (now !== undefined) {
        intent = { ...await planned(here, task, notes, signal), base_commit: intent.base_commit };
      }
    } else intent = await planned(here, task, notes, signal);
    await record(intent);
    return await made(here, intent, task, notes, signal);
  }

  async function saved(
    known: StoredWorkspace,
    task: WorkspaceTask,
    isOver: boolean,
    signal?: AbortSignal,
  ): Promise<SavedWork> {
    if (!isMade(known)) return { workspace: { ...known, unsaved: undefined } };
    if (!await exists(known.common_dir)) {
      const failure =
        `the repository ${known.common_dir} is not there now, so the worktree ${known.root} stays`;
      return { workspace: { ...known, unsaved: true }, failure };
    }
    try {
      const work = await save(known, task, signal);
      const { common_dir, head_commit = known.base_commit } = work.worktree;
      const unresolved = task.unresolved &&
        await filesWithMarks(git, common_dir, head_commit, task.unresolved, signal);
      if (isOver) return { ...await removeUnchanged(work, task), left: work.left, unresolved };
      return {
        workspace: work.worktree,
        changes: work.changes,
        unresolved,
        left: work.left,
        notes: work.notes,
      };
    } catch (error) {
      return { workspace: { ...known, unsaved: true }, failure: (error as Error).message };
    }
  }

  return {
    async check(task) {
      if (task.isolation !== "worktree") return;
      const late = new AbortController();
      const timer = programs.clock.after(CHECK_MS, () => late.abort());
      try {
        await requireWorktree(git, task, late.signal);
      } finally {
        timer.cancel();
      }
    },
    async open(task, record, signal): Promise<OpenWorkspace> {
      if (task.isolation === "none") return await folders.open(task, record, signal);
      const notes: Note[] = [];
      const worktree = await openWorktree(task, record, notes, signal).catch((error) => {
        throw asApiError(error, root);
      });
      await record(worktree);
      let known: StoredWorkspace = worktree;
      const worktrees = await NewWorktrees.before(worktree.common_dir, await ownFolder());
      return {
        working_dir: await folderIn(worktree).catch((error) => {
          throw asApiError(error, root);
        }),
        hasWork: true,
        notes,
        async save(isOver, ending) {
          const work = await saved(known, task, isOver, ending);
          known = work.workspace ?? known;
          // An agent goes on in it.
          if (!isOver) known = { ...known, unsaved: true };
          return { ...work, workspace: known, notes: [...work.notes ?? [], ...await worktrees.found()] };
        },
      };
    },
    async protect({ kind, common_dir }) {
      if (kind === "worktree" && common_dir !== undefined) await packLoose(git, common_dir);
    },
    async changedFiles(common_dir, from, to, limit) {
      const asked = ["diff", "--name-only", "--no-renames", "-z", from, to, "--"];
      return (await git.fields({ git_dir: common_dir }, asked)).slice(0, limit + 1);
    },
    save: (task, signal) => saved(task.known!, task, false, signal),
  };
}
