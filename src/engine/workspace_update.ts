/**
 * Brings the base into a task's worktree. Conflicts are listed, or given to the agent. The intent is stored first, so that
 * meanwhile nobody else begins something in the worktree, and a crash at any step leaves all of it or nothing.
 */
import type { Resolver, UpdateMethod } from "../domain/base_update.ts";
import { isOwnWorktree, type OwnWorktree, requireAtRest, requireOwnWorktree } from "../domain/accepting.ts";
import { type Actor, SERVER } from "../domain/actor.ts";
import type { UpdateIntent } from "../domain/ending.ts";
import { ApiError } from "../domain/errors.ts";
import { carriedWork } from "../domain/carried_work.ts";
import { type BaseUpdate, changesConflict, type Landing } from "../domain/landing.ts";
import type { TaskRecord, TaskState } from "../domain/task_record.ts";
import type { Store } from "../store/open.ts";
import { foundTask } from "./found_task.ts";
import type { LastWork } from "./saved_work.ts";
import type { Said } from "./talk.ts";
import type { WorktreeEnds } from "./worktree_ends.ts";

const OPERATION = "update the workspace of";
/** How many files the message to the agent names. */
const NAMED_MAX = 200;

export interface UpdateContext {
  store: Store;
  landing: Landing;
  ends: Pick<WorktreeEnds, "atRest" | "saved" | "inTurn">;
  say(task_id: string, said: Said, by: Actor): Promise<unknown>;
  save(task: TaskRecord): Promise<LastWork>;
}

export interface UpdateRequest {
  task_id: string;
  method?: UpdateMethod;
  resolve?: Resolver;
}

export class WorkspaceUpdate {
  readonly #context: UpdateContext;

  constructor(context: UpdateContext) {
    this.#context = context;
  }

  async update({ task_id, method = "rebase", resolve = "none" }: UpdateRequest, by: Actor) {
    const { ends, landing, store } = this.#context;
    const { worktree } = ends.atRest(task_id, OPERATION);
    return await ends.inTurn(task_id, worktree.common_dir, async () => {
      const { record, worktree } = await ends.saved(task_id, OPERATION);
      const carried = carriedWork(record, worktree, (id) => store.tasks.get(id));
      const update = await landing.bringIn({ task_id, worktree, method, carried });
      const { conflicts, from, to } = update;
      if (conflicts.length > 0 && resolve === "none") return { head_commit: from, conflicts };
      const { unresolved } = record.state;
      await this.#move(task_id, worktree, update, by);
      if (conflicts.length > 0) await this.#ask(task_id, worktree, update, unresolved, by);
      else await this.#finish(task_id, update, by);
      return { head_commit: to, conflicts };
    });
  }

  /** Finishes or undoes what a crash has interrupted. For who has the repository's turn. */
  async settle(task_id: string): Promise<void> {
    const { landing, store } = this.#context;
    const { ending: intent, workspace } = foundTask(task_id, store.tasks).state;
    if (intent?.kind !== "update" || !isOwnWorktree(workspace)) return;
    const became = await landing.settleOwn(workspace, intent);
    if (became === "moved" && !intent.has_conflicts) return await this.#finish(task_id, intent, SERVER);
    // The agent has not been told of the conflicts.
    if (became === "moved" && !await this.#undone(workspace, intent)) {
      return await this.#change(task_id, (state) => settled(withBase(state, intent)), SERVER);
    }
    await this.#change(task_id, (state) => asBefore(state, intent.unresolved), SERVER);
  }

  async #move(task_id: string, worktree: OwnWorktree, update: BaseUpdate, by: Actor): Promise<void> {
    const { landing, store } = this.#context;
    const { base, from, to, conflicts } = update;
    if (from === to) return;
    const { unresolved } = foundTask(task_id, store.tasks).state;
    let hasBegun = false;
    const begin = async (trees: UpdateIntent["trees"]) => {
      await store.tasks.update((view) => {
        const task = foundTask(task_id, view);
        requireAtRest(task, OPERATION);
        requireOwnWorktree(task, OPERATION);
        const has_conflicts = conflicts.length > 0;
        const ending: UpdateIntent = { kind: "update", base, from, to, trees, has_conflicts, unresolved };
        const marked = has_conflicts ? [...new Set([...unresolved ?? [], ...conflicts])] : unresolved;
        return { updates: [{ id: task_id, state: { ...task.state, ending, unresolved: marked } }] };
      }, by);
      hasBegun = true;
    };
    try {
      if (await landing.moveOwn(worktree, { from, to }, begin)) return;
      throw changesConflict("uncommitted", [], "Somebody has moved the task's branch meanwhile. Try again");
    } catch (error) {
      // A failure that is not understood is left to the recovery, which looks at what has become of it.
      if (hasBegun && error instanceof ApiError && error.code === "CHANGES_CONFLICT") {
        await this.#change(task_id, (state) => asBefore(state, unresolved), by);
      }
      throw error;
    }
  }

  async #finish(task_id: string, update: Pick<UpdateIntent, "base" | "to">, by: Actor): Promise<void> {
    const { save, store } = this.#context;
    await this.#change(task_id, (state) => withBase(state, update), by);
    await save(foundTask(task_id, store.tasks));
    if (foundTask(task_id, store.tasks).state.ending !== undefined) await this.#change(task_id, settled, by);
  }

  /** False if the worktree has been worked in meanwhile. */
  async #undone(worktree: OwnWorktree, { from, to }: UpdateIntent): Promise<boolean> {
    try {
      return await this.#context.landing.moveOwn(worktree, { from: to, to: from }, () => Promise.resolve());
    } catch (error) {
      if (error instanceof ApiError && error.code === "CHANGES_CONFLICT") return false;
      throw error;
    }
  }

  async #change(task_id: string, next: (state: TaskState) => TaskState, by: Actor): Promise<void> {
    await this.#context.store.tasks.update((view) => {
      const { state } = foundTask(task_id, view);
      return { updates: [{ id: task_id, state: next(state) }] };
    }, by);
  }

  /** If the agent takes no message, all is as it was. */
  async #ask(
    task_id: string,
    worktree: OwnWorktree,
    update: BaseUpdate,
    unresolved: TaskState["unresolved"],
    by: Actor,
  ): Promise<void> {
    const { landing, say, store } = this.#context;
    try {
      const also = (state: TaskState) => settled(withBase(state, update));
      await say(task_id, { text: messageOf(worktree, update), source: "conflict", also }, by);
    } catch (error) {
      // The message may be stored although the store has said that it failed: the recovery looks when that is known.
      if (store.tasks.isDoubtful) throw error;
      await landing.moveOwn(worktree, { from: update.to, to: update.from }, () => Promise.resolve());
      await this.#change(task_id, (state) => asBefore(state, unresolved), by);
      throw error;
    }
  }
}

/** The task's changes are those against the base that has been brought in. */
function withBase(state: TaskState, { base, to }: Pick<BaseUpdate, "base" | "to">): TaskState {
  return {
    ...state,
    workspace: state.workspace && { ...state.workspace, base_commit: base, head_commit: to },
  };
}

function settled(state: TaskState): TaskState {
  return { ...state, ending: undefined };
}

function asBefore(state: TaskState, unresolved: TaskState["unresolved"]): TaskState {
  return { ...settled(state), unresolved };
}

function messageOf({ base, branch }: OwnWorktree, { conflicts, notes, brought: commit }: BaseUpdate): string {
  const more = conflicts.length - NAMED_MAX;
  return [
    `\`${base}\` has changed since your work began, and was merged into your branch \`${branch}\` (commit ` +
    `${commit.slice(0, 12)}). These files have conflicts:`,
    "",
    ...conflicts.slice(0, NAMED_MAX).map((file) => `- \`${file}\``),
    ...more > 0 ? [`- and ${more} more`] : [],
    "",
    ...notes.slice(0, NAMED_MAX),
    "",
    "Where both sides changed the same lines, the files have the marks `<<<<<<<`, `=======` and `>>>>>>>`. Resolve each " +
    "conflict so that both changes keep their meaning, remove the marks, and check that everything still works. What is " +
    "merged is committed already: edit the files, nothing else is needed.",
  ].join("\n");
}
