/**
 * What accepting, discarding and removing a task's worktree have in common: the task is at rest, what is loose is committed, and
 * the intent is stored before the repository is changed.
 */
import { getLogger } from "@logtape/logtape";
import { isOwnWorktree, type OwnWorktree, requireAtRest, requireOwnWorktree } from "../domain/accepting.ts";
import type { Actor } from "../domain/actor.ts";
import type { Ending } from "../domain/ending.ts";
import { firstNames } from "../domain/first_names.ts";
import { changesConflict, type Landing } from "../domain/landing.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { StoredWorkspace } from "../domain/workspace.ts";
import type { Store } from "../store/open.ts";
import { foundTask, taskAtRest } from "./found_task.ts";
import type { LastWork } from "./saved_work.ts";
import type { OneAtATime } from "./one_at_a_time.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** How many files the log names. */
const NAMED_MAX = 20;

export interface WorktreeEndOptions {
  store: Store;
  landing: Landing;
  /** Commits what is loose in a task's worktree. Throws, or says why it could not. */
  save(task: TaskRecord): Promise<LastWork>;
  /** Runs what the task's project wants to have run before a worktree goes. Returns what went wrong. */
  tearDown?(task: TaskRecord, folder: string): Promise<string[]>;
  /** Called when a failure has left something unfinished. */
  unfinished?(task_id: string): void;
}

export class WorktreeEnds {
  readonly #options: WorktreeEndOptions;
  readonly #turns: OneAtATime;

  constructor(options: WorktreeEndOptions, turns: OneAtATime) {
    this.#options = options;
    this.#turns = turns;
  }

  /** Carries out `work` when nothing else is done with the repository. */
  async inTurn<T>(task_id: string, common_dir: string, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#turns.in(common_dir, work);
    } catch (error) {
      const { store: { tasks }, unfinished } = this.#options;
      // The intent may be stored although the store has said that it failed.
      if (tasks.isDoubtful || tasks.get(task_id)?.state.ending !== undefined) unfinished?.(task_id);
      throw error;
    }
  }

  /** Removes the folder and its branch. `head`: the commit that it must still have. */
  async takeDown(task_id: string, worktree: OwnWorktree, head: string | undefined): Promise<void> {
    const { landing, store, tearDown } = this.#options;
    await landing.takeDown(worktree, head, async (ignored) => {
      if (ignored.length > 0) {
        const message = `Files that git ignores go with the worktree: ${firstNames(ignored, NAMED_MAX)}`;
        void store.logs.append({ level: "info", message, agent: task_id, source: "worktree" });
      }
      const task = store.tasks.get(task_id);
      for (const problem of (task && await tearDown?.(task, worktree.root)) ?? []) {
        log.warn("The teardown of the worktree of task {id} failed: {problem}", { id: task_id, problem });
      }
    });
  }

  /** Throws unless the task has ended, and has work of its own to be judged. */
  atRest(task_id: string, operation: string): { record: TaskRecord; worktree: OwnWorktree } {
    return taskAtRest(task_id, this.#options.store.tasks, operation);
  }

  /** The task, with what a person has changed in its worktree since the last turn committed. */
  async saved(task_id: string, operation: string): Promise<{ record: TaskRecord; worktree: OwnWorktree }> {
    const { record, worktree } = this.atRest(task_id, operation);
    const { workspace, failure, left } = await this.#options.save(record);
    if (failure !== undefined) {
      throw changesConflict("uncommitted", [], `What is in ${worktree.root} cannot be committed: ${failure}`);
    }
    requireWhole(workspace, left);
    return { record, worktree: isOwnWorktree(workspace) ? workspace : worktree };
  }

  /** Stores the intent, if the tasks are still as they were. */
  async begin(
    task_id: string,
    ending: Exclude<Ending, { kind: "brought" }>,
    operation: string,
    by: Actor,
  ): Promise<void> {
    const brought = ending.kind === "accept" ? ending.brought.map((one) => one.task_id) : [task_id];
    await this.#options.store.tasks.update((view) => {
      const updates = brought.map((id) => {
        const task = foundTask(id, view);
        requireAtRest(task, operation);
        // A worktree may be left of work that was judged.
        if (ending.kind !== "release") requireOwnWorktree(task, operation);
        const own: Ending = id === task_id ? ending : { kind: "brought", by: task_id };
        return { id, state: { ...task.state, ending: own } };
      });
      return { updates };
    }, by);
  }

  /** Nothing has become of the intent. */
  async forgetIntent(task_id: string, by: Actor): Promise<void> {
    await this.#options.store.tasks.update((view) => {
      const updates = [...view.values()].filter(({ id, state }) =>
        (id === task_id && state.ending !== undefined) ||
        (state.ending?.kind === "brought" && state.ending.by === task_id)
      ).map(({ id, state }) => ({ id, state: { ...state, ending: undefined } }));
      return { updates };
    }, by);
  }
}

/** What is in a repository inside the worktree, or in a merge that is not finished, is on no branch. */
export function requireWhole(workspace: StoredWorkspace | undefined, left: readonly string[] = []): void {
  if (!workspace?.unsaved) return;
  throw changesConflict(
    "uncommitted",
    left,
    `Not all that is in the worktree ${workspace.root} could be committed; the task's log says what is left`,
  );
}
