/** Finishes what a crash has interrupted while a task's worktree was accepted, discarded or updated, or finds it undone. */
import { getLogger } from "@logtape/logtape";
import { type Clock, type Timer } from "../clock/clock.ts";
import { isOwnWorktree } from "../domain/accepting.ts";
import { SERVER } from "../domain/actor.ts";
import type { AcceptIntent } from "../domain/ending.ts";
import { ApiError } from "../domain/errors.ts";
import type { Landing } from "../domain/landing.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { Store } from "../store/open.ts";
import type { Acceptance } from "./acceptance.ts";
import type { Discarding } from "./discarding.ts";
import type { Releasing } from "./releasing.ts";
import type { WorkspaceUpdate } from "./workspace_update.ts";
import type { OneAtATime } from "./one_at_a_time.ts";
import type { WorktreeEnds } from "./worktree_ends.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** How long after a failure it is tried again, such as when git is at work there: doubled up to a minute. */
const AGAIN_MS = 250;
const AGAIN_MAX_MS = 60_000;

export interface EndingRecoveryOptions {
  clock: Clock;
  store: Store;
  landing: Landing;
  acceptance: Acceptance;
  discarding: Discarding;
  releasing: Releasing;
  update: Pick<WorkspaceUpdate, "settle">;
  ends: WorktreeEnds;
  turns: OneAtATime;
}

export class EndingRecovery {
  readonly #options: EndingRecoveryOptions;
  #again: Timer | undefined;
  #closed = false;
  #wait_ms = AGAIN_MS;
  readonly #told = new Map<string, string>();
  /** Those whose client knows already that it has failed: they are not tried again. */
  readonly #failed = new Set<string>();

  constructor(options: EndingRecoveryOptions) {
    this.#options = options;
  }

  /** Resolves when all has been tried once. What could not be finished, or is not known yet, is tried again until `close`. */
  async start(): Promise<void> {
    const { store } = this.#options;
    const open = [...store.tasks.values()].filter(({ state }) => state.ending !== undefined);
    let left = 0;
    for (const task of open) if (!await this.#settled(task)) left++;
    if ((left === 0 && !store.tasks.isDoubtful) || this.#closed) return;
    this.#again?.cancel();
    this.#again = this.#options.clock.after(this.#wait_ms, () => void this.start());
    this.#wait_ms = Math.min(2 * this.#wait_ms, AGAIN_MAX_MS);
  }

  /** Something failed in the middle, such as on a full disk: it is finished or undone as soon as possible. */
  settle(id: string): void {
    this.#failed.add(id);
    if (this.#closed) return;
    this.#again?.cancel();
    this.#wait_ms = AGAIN_MS;
    this.#again = this.#options.clock.after(AGAIN_MS, () => void this.start());
  }

  stop(): void {
    this.#closed = true;
    this.#again?.cancel();
  }

  async #settled(task: TaskRecord): Promise<boolean> {
    const { turns } = this.#options;
    const { id, state } = task;
    try {
      const { ending } = state;
      if (ending?.kind === "accept") await turns.in(ending.common_dir, () => this.#settleAccept(id));
      const isRemoval = ending?.kind === "discard" || ending?.kind === "release";
      if (isRemoval && isOwnWorktree(state.workspace)) {
        await turns.in(state.workspace.common_dir, () => this.#settleRemoval(id));
      }
      if (ending?.kind === "update" && isOwnWorktree(state.workspace)) {
        await turns.in(state.workspace.common_dir, () => this.#options.update.settle(id));
        this.#failed.delete(id);
      }
      if (ending?.kind === "brought") await this.#settleBrought(id, ending.by);
      this.#told.delete(id);
      return true;
    } catch (error) {
      const words = (error as Error).message;
      if (this.#told.get(id) !== words) {
        log.error("What was begun with the changes of task {id} cannot be finished yet: {error}", {
          id,
          error,
        });
      }
      this.#told.set(id, words);
      return false;
    }
  }

  async #settleAccept(id: string): Promise<void> {
    const { store, landing, acceptance, ends } = this.#options;
    const intent = store.tasks.get(id)?.state.ending;
    if (intent?.kind !== "accept") return;
    if (await landing.settle(intent) === "moved") {
      await acceptance.finish(intent, SERVER);
      log.info("The changes of task {id} have been accepted into {into}, as was begun before the restart", {
        id,
        into: intent.into,
      });
      return;
    }
    await ends.forgetIntent(id, SERVER);
    if (this.#failed.delete(id)) return;
    await this.#acceptAgain(id, intent);
  }

  async #acceptAgain(task_id: string, { method, into, message, include_dependencies }: AcceptIntent) {
    try {
      await this.#options.acceptance.acceptInTurn(
        { task_id, method, into, message, include_dependencies },
        SERVER,
      );
      log.info("The changes of task {id} have been accepted into {into}, as was asked before the restart", {
        id: task_id,
        into,
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      log.warn(
        "The changes of task {id} were about to be accepted before the restart, and are not: {error}",
        {
          id: task_id,
          error,
        },
      );
    }
  }

  async #settleRemoval(id: string): Promise<void> {
    const { store, landing, ends, discarding, releasing } = this.#options;
    const { ending: intent, workspace } = store.tasks.get(id)?.state ?? {};
    if (intent?.kind !== "discard" && intent?.kind !== "release") return;
    const head = isOwnWorktree(workspace) ? await landing.headOf(workspace) : undefined;
    if (head !== undefined && head !== intent.head) {
      // Something came before it was known that the intent is stored.
      await ends.forgetIntent(id, SERVER);
      log.warn("The worktree of task {id} was about to go, and stays: its branch has other work by now", {
        id,
      });
      return;
    }
    if (intent?.kind === "discard") await discarding.finish(id, intent, SERVER);
    if (intent?.kind === "release") await releasing.finish(id, intent, SERVER);
  }

  /** The task that brings it along settles both. What is left has no such task any more. */
  async #settleBrought(id: string, by: string): Promise<void> {
    const { store } = this.#options;
    if (store.tasks.get(by)?.state.ending?.kind === "accept") return;
    await store.tasks.update((view) => {
      const task = view.get(id);
      if (task?.state.ending?.kind !== "brought") return {};
      return { updates: [{ id, state: { ...task.state, ending: undefined } }] };
    }, SERVER);
  }
}
