/** Brings the base into a task's worktree. Conflicts are listed, or given to the agent. */
import type { Actor } from "../domain/actor.ts";
import type { Resolver, UpdateMethod } from "../domain/base_update.ts";
import type { OwnWorktree } from "../domain/accepting.ts";
import { carriedWork } from "../domain/carried_work.ts";
import { type BaseUpdate, changesConflict, type Landing } from "../domain/landing.ts";
import type { TaskRecord, TaskState } from "../domain/task_record.ts";
import type { Store } from "../store/open.ts";
import { foundTask } from "./found_task.ts";
import type { OneAtATime } from "./one_at_a_time.ts";
import type { LastWork } from "./saved_work.ts";
import type { Said } from "./talk.ts";
import type { WorktreeEnds } from "./worktree_ends.ts";

const OPERATION = "update the workspace of";
/** How many files the message to the agent names. */
const NAMED_MAX = 200;

export interface UpdateContext {
  store: Store;
  landing: Landing;
  ends: Pick<WorktreeEnds, "atRest" | "saved">;
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
  readonly #turns: OneAtATime;

  constructor(context: UpdateContext, turns: OneAtATime) {
    this.#context = context;
    this.#turns = turns;
  }

  async update({ task_id, method = "rebase", resolve = "none" }: UpdateRequest, by: Actor) {
    const { ends, landing, store, save } = this.#context;
    const { worktree } = ends.atRest(task_id, OPERATION);
    return await this.#turns.in(worktree.common_dir, async () => {
      const { record, worktree } = await ends.saved(task_id, OPERATION);
      const carried = carriedWork(record, worktree, (id) => store.tasks.get(id));
      const update = await landing.bringIn({ task_id, worktree, method, carried });
      const { conflicts, from, to } = update;
      if (conflicts.length > 0 && resolve === "none") return { head_commit: from, conflicts };
      const { unresolved } = record.state;
      await this.#move(task_id, worktree, update, by);
      if (conflicts.length > 0) await this.#ask(task_id, worktree, update, unresolved, by);
      else {
        await store.tasks.update((view) => {
          const { state } = foundTask(task_id, view);
          return { updates: [{ id: task_id, state: withBase(state, update) }] };
        }, by);
        await save(foundTask(task_id, store.tasks));
      }
      return { head_commit: to, conflicts };
    });
  }

  async #move(task_id: string, worktree: OwnWorktree, { from, to, conflicts }: BaseUpdate, by: Actor) {
    const { landing, store } = this.#context;
    if (from === to) return;
    const begin = async () => {
      if (conflicts.length === 0) return;
      await store.tasks.update((view) => {
        const { state } = foundTask(task_id, view);
        const unresolved = [...new Set([...state.unresolved ?? [], ...conflicts])];
        return { updates: [{ id: task_id, state: { ...state, unresolved } }] };
      }, by);
    };
    if (await landing.moveOwn(worktree, { from, to }, begin)) return;
    throw changesConflict("uncommitted", [], "Somebody has moved the task's branch meanwhile. Try again");
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
      const also = (state: TaskState) => withBase(state, update);
      await say(task_id, { text: messageOf(worktree, update), source: "conflict", also }, by);
    } catch (error) {
      await landing.moveOwn(worktree, { from: update.to, to: update.from }, () => Promise.resolve());
      await store.tasks.update((view) => {
        const { state } = foundTask(task_id, view);
        return { updates: [{ id: task_id, state: { ...state, unresolved } }] };
      }, by);
      throw error;
    }
  }
}

/** The task's changes are those against the base that has been brought in. */
function withBase(state: TaskState, { base, to }: BaseUpdate): TaskState {
  return {
    ...state,
    workspace: state.workspace && { ...state.workspace, base_commit: base, head_commit: to },
  };
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
