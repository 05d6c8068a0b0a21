/**
 * Makes a task's worktree. What is about to be made is recorded before it is made, so that one that is half made is recognized
 * after a crash, and nothing else is ever taken for it.
 */
import { join } from "node:path";
import type { WorkspaceTask } from "../domain/task_workspaces.ts";
import type { StoredWorkspace } from "../domain/workspace.ts";
import { removeTree } from "../host/remove_tree.ts";
import { copyIgnored } from "./copied_files.ts";
import { freshBase } from "./fresh_base.ts";
import { type Git, type GitPlace, WHOLE_TREE_MS } from "./git.ts";
import { type ProgramHost, runSetup } from "./project_programs.ts";
import { noteIgnored } from "./remove_worktree.ts";
import { commitOf, isAncestor } from "./commits.ts";
import { type Base, baseOf, noRepository, repositoryAt } from "./repository.ts";
import { roomError } from "./room_for_tree.ts";
import { inheritedStart } from "./inherited_start.ts";
import { checkOutSubmodules } from "./submodules.ts";
import { linkedTrees } from "./working_trees.ts";
import { freeBranch, freeFolder } from "./worktree_names.ts";
import { logHead, type MadeWorktree } from "./worktree_place.ts";
import type { Note } from "./notes.ts";

export interface Making {
  git: Git;
  programs: ProgramHost;
  /** The folder of the worktrees, with symbolic links resolved. */
  root: string;
  /** A folder for temporary files. */
  room: string;
}

/** A worktree as it is about to be made. */
export type Intent =
  & StoredWorkspace
  & Required<Pick<StoredWorkspace, "root" | "common_dir" | "branch" | "base_commit" | "repository">>;

export function isIntent(workspace: StoredWorkspace | undefined): workspace is Intent {
  return workspace?.kind === "worktree" && workspace.root !== undefined &&
    workspace.common_dir !== undefined &&
    workspace.branch !== undefined && workspace.base_commit !== undefined &&
    workspace.repository !== undefined;
}

/** Names a worktree for the task that nobody has yet. */
export async function planned(
  { git, root, room }: Making,
  { id, working_dir, base: asked, project, inherits = [] }: WorkspaceTask,
  notes: Note[],
  signal?: AbortSignal,
): Promise<Intent> {
  const repository = await repositoryAt(git, working_dir, signal);
  if (!repository) throw noRepository(working_dir);
  const base = await baseOf(git, repository, asked ?? project?.base_branch, signal);
  let commit = base.commit;
  if (project?.fetch === "auto") {
    const fresh = await freshBase(git, repository, base, signal);
    commit = fresh.commit;
    notes.push(...fresh.notes);
  }
  const { common_dir, root: at, below } = repository;
  const start = await inheritedStart(
    git,
    { task_id: id, common_dir, base: commit, inherits, room },
    notes,
    signal,
  );
  const folder = await freeFolder(git, common_dir, root, id);
  const upstreams = inherits.filter((one) => one.common_dir === common_dir && one.base === base.name)
    .flatMap(({ upstream }) => upstream ?? []);
  return {
    kind: "worktree",
    path: join(folder, below),
    repository: at,
    branch: await freeBranch(git, common_dir, id, signal),
    base: base.name,
    base_commit: start.commit,
    inherited: start.inherited,
    upstream: await upstreamOf(git, common_dir, base, start.commit, [commit, ...upstreams]),
    root: folder,
    common_dir,
    unsaved: true,
  };
}

/**
 * The newest of these commits of the base's upstream that the work starts from, if the base lacks it. What others have started
 * from comes with their work.
 */
async function upstreamOf(
  git: Git,
  common_dir: string,
  base: Base,
  start: string,
  fetched: readonly string[],
): Promise<string | undefined> {
  const place = { git_dir: common_dir };
  let newest: string | undefined;
  for (const commit of new Set(fetched)) {
    const counts = await isAncestor(git, place, commit, start) &&
      !await isAncestor(git, place, commit, base.commit);
    if (counts && (newest === undefined || await isAncestor(git, place, newest, commit))) newest = commit;
  }
  return newest;
}

/**
 * Makes the worktree with its branch, or with the one that it had. If that fails, nothing of it is left. Throws `ApiError`,
 * with the last lines of a setup that fails.
 */
export async function made(
  making: Making,
  intent: Intent,
  task: WorkspaceTask,
  notes: Note[],
  signal?: AbortSignal,
): Promise<MadeWorktree> {
  const { git } = making;
  const { root, common_dir, branch, base_commit } = intent;
  const place = { git_dir: common_dir };
  const hasBranch = await commitOf(git, place, `refs/heads/${branch}`, signal) !== undefined;
  try {
    await Deno.mkdir(making.root, { recursive: true, mode: 0o700 });
    const adding = { signal, bound_ms: WHOLE_TREE_MS, network: true };
    if (!hasBranch) await createBranch(git, place, branch, base_commit, signal);
    await git.run(place, ["worktree", "add", "--quiet", root, branch], adding);
    const git_dir = await git.line(root, ["rev-parse", "--absolute-git-dir"], { signal });
    const worktree = { ...intent, git_dir };
    await logHead(git_dir);
    await furnish(making, worktree, task, notes, signal);
    await noteIgnored(git, worktree, signal);
    return worktree;
  } catch (error) {
    await unmade(making, intent, hasBranch).catch(() => {});
    throw signal?.aborted ? error : await roomError(making, common_dir, base_commit, error);
  }
}

/** A step of its own: `worktree add -b` leaves its branch when it fails, and then cannot be run again. */
async function createBranch(git: Git, place: GitPlace, branch: string, at: string, signal?: AbortSignal) {
  const reason = `branch: Created from ${at}`;
  const asked = ["update-ref", "--create-reflog", "-m", reason, `refs/heads/${branch}`, at, ""];
  await git.run(place, asked, { signal });
}

/** Puts into the new worktree what it needs besides what git checks out. */
export async function furnish(
  { git, programs }: Pick<Making, "git" | "programs">,
  worktree: Pick<Intent, "root" | "path" | "common_dir" | "repository">,
  { id, project }: Pick<WorkspaceTask, "id" | "project">,
  notes: Note[],
  signal?: AbortSignal,
): Promise<void> {
  const { root, path, common_dir, repository } = worktree;
  const missing = await checkOutSubmodules(git, root, common_dir, signal);
  if (missing.length > 0) {
    const message = `The repository has no copy of these submodules, so their folders are empty: ${
      missing.join(", ")
    }`;
    notes.push({ level: "warn", message });
  }
  if (repository !== common_dir) {
    await copyIgnored(git, { from: repository, to: root, copy: project?.copy ?? [], signal });
  }
  // The task's folder need not be in the commit.
  await Deno.mkdir(path, { recursive: true });
  if (project?.setup !== undefined && project.setup.length > 0) {
    const where = { task_id: id, folder: root, repository, env: project.env };
    await runSetup(programs, project.setup, project.setup_timeout_ms, where, signal);
  }
}

/** Removes what a crash or a failure has left half made. Nobody has worked in it. `keepsBranch`: it was there before. */
export async function unmade({ git }: Making, intent: Intent, keepsBranch = false): Promise<void> {
  const { root, common_dir, branch, base_commit } = intent;
  for (const { path, git_dir } of await linkedTrees(common_dir)) if (path === root) await removeTree(git_dir);
  await removeTree(root);
  if (keepsBranch) return;
  const asked = ["update-ref", "-d", `refs/heads/${branch}`, base_commit];
  await git.run({ git_dir: common_dir }, asked, { accepts: [1, 128] });
}

/**
 * Throws `INVALID_FIELD_VALUE` if the task could not have a worktree now. A repository that does not answer before `signal`
 * aborts is left to the attempt.
 */
export async function requireWorktree(
  git: Git,
  { working_dir, base, project }: Pick<WorkspaceTask, "working_dir" | "base" | "project">,
  signal: AbortSignal,
): Promise<void> {
  try {
    const repository = await repositoryAt(git, working_dir, signal);
    if (!repository) throw noRepository(working_dir);
    await baseOf(git, repository, base ?? project?.base_branch, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
