/**
 * Tasks that work in a folder which others may use too. Nothing is committed there. What the folder was like when the task
 * began, and at the end of its turns, is kept under references of the task, so that its changes can be told.
 */
import { folderRefs } from "../domain/folder_refs.ts";
import type { OpenWorkspace, WorkspaceTask } from "../domain/task_workspaces.ts";
import type { SavedWork, StoredWorkspace } from "../domain/workspace.ts";
import { changeCounts } from "./change_counts.ts";
import type { FolderState } from "./folder_state.ts";
import type { FolderStates } from "./folder_states.ts";
import type { Git } from "./git.ts";
import type { Note } from "./notes.ts";
import { NewWorktrees } from "./new_worktrees.ts";
import { OWN_IDENTITY } from "./own_identity.ts";
import { commitOf } from "./commits.ts";

type Begun =
  & StoredWorkspace
  & Required<Pick<StoredWorkspace, "common_dir" | "git_dir" | "base_commit">>;

export interface FolderTasks {
  open(
    task: WorkspaceTask,
    record: (workspace: StoredWorkspace) => Promise<void>,
    signal: AbortSignal,
  ): Promise<OpenWorkspace>;
}

/** `own`: the server's folder of worktrees. */
export function folderTasks(git: Git, states: FolderStates, own: () => Promise<string>): FolderTasks {
  /** What the task's record gets in its first attempt. */
  async function begin(
    { working_dir: path }: WorkspaceTask,
    notes: Note[],
    signal: AbortSignal,
  ): Promise<StoredWorkspace> {
    let state: FolderState | undefined;
    try {
      state = await states.of(path, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      // The agent can do its work all the same.
      const why = (error as Error).message;
      notes.push({ level: "warn", message: `What the task changes in ${path} will not be known: ${why}` });
      return { kind: "folder", path, not_compared: why };
    }
    if (state === undefined) return { kind: "folder", path };
    notes.push(...state.notes);
    const { repository: { root, git_dir, common_dir }, head, commit } = state;
    return {
      kind: "folder",
      path,
      repository: root,
      base_commit: commit,
      root,
      git_dir,
      common_dir,
      start_head: head === commit ? undefined : head,
    };
  }

  async function refer(common_dir: string, ref: string, commit: string, signal?: AbortSignal): Promise<void> {
    await git.run({ git_dir: common_dir }, ["update-ref", "-m", "opencode-agents: kept", ref, commit], {
      signal,
    });
  }

  /** The task's record leads to the snapshot before the reference does, so that the reference goes with the record. */
  async function keepStart(id: string, begun: Begun, notes: Note[], signal: AbortSignal): Promise<void> {
    try {
      await refer(begun.common_dir, folderRefs(id).start, begun.base_commit, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      notes.push({
        level: "warn",
        message: `The snapshot of the folder could not be kept: ${(error as Error).message}`,
      });
    }
  }

  /** Keeps the state at the end of a turn, and those before it. */
  async function keepTurn(id: string, { common_dir }: Begun, commit: string, signal?: AbortSignal) {
    const { turns } = folderRefs(id);
    const place = { git_dir: common_dir };
    const before = await commitOf(git, place, turns, signal);
    if (before === commit) return;
    if (before === undefined) return await refer(common_dir, turns, commit, signal);
    const made = [
      "commit-tree",
      `${commit}^{tree}`,
      "-p",
      before,
      "-p",
      commit,
      "-m",
      `The turns of task ${id}`,
    ];
    await refer(common_dir, turns, await git.line(place, made, { env: OWN_IDENTITY, signal }), signal);
  }

  async function saved(id: string, known: Begun, signal?: AbortSignal): Promise<SavedWork> {
    const state = await states.of(known.path, signal ?? new AbortController().signal);
    if (state === undefined || state.repository.common_dir !== known.common_dir) {
      const message =
        `The repository ${known.repository} is gone, so it is not known what the task has changed`;
      return { workspace: known, notes: [{ level: "warn", message }] };
    }
    const { base_commit, common_dir } = known;
    const { commit, head, notes } = state;
    if (commit !== (known.head_commit ?? base_commit)) await keepTurn(id, known, commit, signal);
    const unchanged = { files: 0, additions: 0, deletions: 0, commits: 0 };
    const changes = commit === base_commit
      ? unchanged
      : await changeCounts(git, { git_dir: common_dir }, base_commit, commit, signal, head);
    return { workspace: { ...known, head_commit: commit }, changes, notes };
  }

  return {
    async open(task, record, signal) {
      const { id, working_dir, known: before } = task;
      const notes: Note[] = [];
      const goesOn = before?.kind === "folder" && before.path === working_dir;
      let known = goesOn ? before : await begin(task, notes, signal);
      if (!hasBegun(known)) {
        if (known.not_compared !== undefined && !goesOn) await record(known);
        return { working_dir, hasWork: false, workspace: known, notes, save: () => Promise.resolve({}) };
      }
      if (!goesOn) await record(known);
      await keepStart(id, known, notes, signal);
      const worktrees = await NewWorktrees.before(known.common_dir, await own());
      return {
        working_dir,
        hasWork: true,
        notes,
        async save(_isOver, ending) {
          const begun = known as Begun;
          const found = await worktrees.found();
          try {
            const work = await saved(id, begun, ending);
            known = work.workspace ?? known;
            return { ...work, notes: [...work.notes ?? [], ...found] };
          } catch (error) {
            const message = `What the task has changed in its folder is not counted: ${
              (error as Error).message
            }`;
            return { workspace: begun, notes: [{ level: "warn", message }, ...found] };
          }
        },
      };
    },
  };
}

function hasBegun(workspace: StoredWorkspace): workspace is Begun {
  return workspace.base_commit !== undefined && workspace.common_dir !== undefined &&
    workspace.git_dir !== undefined;
}
