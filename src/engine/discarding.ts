/** Discards what a task has changed, or clears up after a pull request was merged: the commits stay under a reference. */
import { type Clock, isoTime } from "../clock/clock.ts";
import { isOwnWorktree, nothingChanged } from "../domain/accepting.ts";
import type { Actor } from "../domain/actor.ts";
import type { Discarded, DiscardIntent } from "../domain/ending.ts";
import { KEPT, type Landing } from "../domain/landing.ts";
import { withoutWorktree } from "../domain/past_work.ts";
import type { Store } from "../store/open.ts";
import { foundTask } from "./found_task.ts";
import type { WorktreeEnds } from "./worktree_ends.ts";

const OPERATION = "discard the changes of";

export interface DiscardingOptions {
  clock: Clock;
  store: Store;
  landing: Landing;
}

export class Discarding {
  readonly #options: DiscardingOptions;
  readonly #ends: WorktreeEnds;

  constructor(options: DiscardingOptions, ends: WorktreeEnds) {
    this.#options = options;
    this.#ends = ends;
  }

  /** Throws `TASK_NOT_FOUND`, `INVALID_FIELD_VALUE`, `CHANGES_CONFLICT`. Then nothing has changed. */
  async discard(task_id: string, by: Actor): Promise<Discarded> {
    const { worktree } = this.#ends.atRest(task_id, OPERATION);
    return await this.#ends.inTurn(task_id, worktree.common_dir, async () => {
      const { record, worktree } = await this.#ends.saved(task_id, OPERATION);
      const { landing } = this.#options;
      const head = await landing.headOf(worktree);
      if (head === undefined || head === worktree.base_commit) {
        throw nothingChanged(record, OPERATION);
      }
      await landing.requireSaved(worktree, head);
      const kept_as = await landing.freeRef(worktree.common_dir, KEPT.discarded + task_id);
      const intent: DiscardIntent = { kind: "discard", head, kept_as };
      await this.#ends.begin(task_id, intent, OPERATION, by);
      return await this.finish(task_id, intent, by);
    });
  }

  /**
   * A pull request with one of these commits has been merged, so the worktree goes and the task is accepted. Work beyond them
   * is kept under a reference of its own, which is returned.
   */
  async merged(task_id: string, commits: readonly string[], by: Actor): Promise<string | undefined> {
    const operation = "clear the worktree of";
    const { worktree } = this.#ends.atRest(task_id, operation);
    return await this.#ends.inTurn(task_id, worktree.common_dir, async () => {
      const { record, worktree } = await this.#ends.saved(task_id, operation);
      const { landing } = this.#options;
      const head = await landing.headOf(worktree);
      if (head === undefined) throw nothingChanged(record, operation);
      await landing.requireSaved(worktree, head);
      let beyond: string | undefined;
      if (!commits.includes(head)) {
        beyond = await landing.freeRef(worktree.common_dir, KEPT.kept + task_id);
        await landing.keep(worktree.common_dir, beyond, head);
      }
      const kept_as = await landing.freeRef(worktree.common_dir, KEPT.accepted + task_id);
      const intent: DiscardIntent = { kind: "discard", head, kept_as, merged: true };
      await this.#ends.begin(task_id, intent, operation, by);
      await this.finish(task_id, intent, by);
      return beyond;
    });
  }

  /** What is left to be done once the intent is stored. */
  async finish(
    task_id: string,
    { head, kept_as, merged }: DiscardIntent,
    by: Actor,
  ): Promise<Discarded> {
    const { clock, store, landing } = this.#options;
    const { workspace } = foundTask(task_id, store.tasks).state;
    if (!isOwnWorktree(workspace)) throw new Error(`task '${task_id}' has lost its worktree`);
    await landing.keep(workspace.common_dir, kept_as, head);
    await this.#ends.takeDown(task_id, workspace, head);
    const discarded = { kept_as, at: isoTime(clock.now()) };
    await store.tasks.update((view) => {
      const { state } = foundTask(task_id, view);
      // It was recorded by a commit that the store has said to have failed.
      if (state.ending === undefined) return {};
      const outcome = merged ? { review: "accepted" } as const : { review: "discarded", discarded } as const;
      return {
        updates: [{
          id: task_id,
          state: { ...withoutWorktree(state, head, workspace.common_dir, kept_as), ...outcome },
        }],
      };
    }, by);
    return discarded;
  }
}
