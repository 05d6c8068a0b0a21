/** Removes worktrees that nobody needs, and what goes with a record. Work that nobody has judged is kept under a reference. */
import { getLogger } from "@logtape/logtape";
import { isOwnWorktree, requireAtRest } from "../domain/accepting.ts";
import { type Actor, SERVER } from "../domain/actor.ts";
import type { ReleaseIntent } from "../domain/ending.ts";
import { changesConflict, KEPT } from "../domain/landing.ts";
import { pastWork } from "../domain/past_work.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import { foundTask } from "./found_task.ts";
import { requireWhole, type WorktreeEndOptions, type WorktreeEnds } from "./worktree_ends.ts";

const log = getLogger(["opencode-agents", "engine"]);

type ReleasingOptions = Pick<WorktreeEndOptions, "store" | "landing" | "save">;

export class Releasing {
  readonly #options: ReleasingOptions;
  readonly #ends: WorktreeEnds;
  /** Why worktrees of tasks whose time is over are still there, by the tasks' ids. */
  readonly #stays = new Map<string, string>();

  constructor(options: ReleasingOptions, ends: WorktreeEnds) {
    this.#options = options;
    this.#ends = ends;
  }

  /**
   * Removes the worktree of a task. What it has done, and nobody has judged, is kept under a reference that is returned.
   * Does nothing without a worktree.
   */
  async release(task_id: string, by: Actor): Promise<string | undefined> {
    const { landing, save, store } = this.#options;
    const { workspace } = foundTask(task_id, store.tasks).state;
    if (!isOwnWorktree(workspace)) return undefined;
    return await this.#ends.inTurn(task_id, workspace.common_dir, async () => {
      const operation = "remove the worktree of";
      const record = foundTask(task_id, store.tasks);
      requireAtRest(record, operation);
      const saved = await save(record);
      if (saved.failure !== undefined) throw changesConflict("uncommitted", [], saved.failure);
      requireWhole(saved.workspace, saved.left);
      const worktree = isOwnWorktree(saved.workspace) ? saved.workspace : workspace;
      const head = await landing.headOf(worktree);
      await landing.requireSaved(worktree, head);
      const { base_commit, common_dir } = worktree;
      const isJudged = head === undefined || head === base_commit || head === record.state.accepted?.head;
      const kept_as = isJudged ? undefined : await landing.freeRef(common_dir, KEPT.kept + task_id);
      const intent: ReleaseIntent = { kind: "release", head, kept_as };
      await this.#ends.begin(task_id, intent, operation, by);
      await this.finish(task_id, intent, by);
      return kept_as;
    });
  }

  /** What is left to be done once the intent is stored. */
  async finish(task_id: string, { head, kept_as }: ReleaseIntent, by: Actor): Promise<void> {
    const { store, landing } = this.#options;
    const { workspace } = foundTask(task_id, store.tasks).state;
    if (isOwnWorktree(workspace)) {
      if (kept_as !== undefined && head !== undefined) {
        await landing.keep(workspace.common_dir, kept_as, head);
      }
      await this.#ends.takeDown(task_id, workspace, head);
    }
    await store.tasks.update((view) => {
      const { state } = foundTask(task_id, view);
      const past_work = pastWork(state, head);
      return {
        updates: [{ id: task_id, state: { ...state, ending: undefined, workspace: undefined, past_work } }],
      };
    }, by);
  }

  /** Why the worktree of a task whose time is over could not be removed when that was last tried. */
  staysBecause(task_id: string): string | undefined {
    return this.#stays.get(task_id);
  }

  /** Before the record goes: its worktree, and the references that go with it. False if that is not possible now. */
  async letGo(task: TaskRecord): Promise<boolean> {
    const { refs = [], refs_dir, ending, workspace } = task.state;
    const { landing } = this.#options;
    const common_dir = refs_dir ?? workspace?.common_dir;
    if (ending !== undefined) return false;
    // Without its repository, nothing of it can be kept there. A folder with files stays as an orphan.
    if (common_dir === undefined || !await landing.hasRepository(common_dir)) return true;
    try {
      const kept = [
        await this.release(task.id, SERVER),
        await landing.rename(common_dir, KEPT.work + task.id, KEPT.kept + task.id),
      ];
      for (const kept_as of kept) {
        if (kept_as === undefined) continue;
        log.info("The work of task {id}, which nobody has accepted, is kept as {kept_as}", {
          id: task.id,
          kept_as,
        });
      }
      await landing.forget(common_dir, refs);
      this.#stays.delete(task.id);
      return true;
    } catch (error) {
      const why = (error as Error).message;
      // It is tried again every minute, and said when that is news.
      if (this.#stays.get(task.id) !== why) {
        const text = "The worktree of task {id} cannot be removed, so its record stays: {error}";
        log.error(text, { id: task.id, error });
      }
      this.#stays.set(task.id, why);
      return false;
    }
  }
}
