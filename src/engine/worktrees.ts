/** Lists the worktrees of this server, and removes those that nobody needs. */
import { recordAction } from "../store/audit/audited_action.ts";
import { type Clock, epochOf } from "../clock/clock.ts";
import { isOwnWorktree, type OwnWorktree } from "../domain/accepting.ts";
import type { Actor } from "../domain/actor.ts";
import { ApiError } from "../domain/errors.ts";
import type { Landing } from "../domain/landing.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { Review } from "../domain/workspace.ts";
import { staysBecause, type WorktreeFolders } from "../domain/worktrees.ts";
import type { Store } from "../store/open.ts";
import type { Releasing } from "./releasing.ts";

const DAY_MS = 86_400_000;

export interface WorktreesOptions {
  clock: Clock;
  store: Store;
  landing: Landing;
  folders: WorktreeFolders;
  releasing: Pick<Releasing, "release" | "staysBecause">;
}

export interface ListedWorktree {
  task_id?: string;
  repository?: string;
  path: string;
  branch?: string;
  bytes: number;
  review?: Review;
  orphan: boolean;
  stays?: string;
}

export interface PrunedWorktree extends ListedWorktree {
  kept_as?: string[];
}

export interface LeftWorktree {
  task_id?: string;
  path: string;
  reason: string;
}

type PruneEnd = { reason: string } | { kept_as?: string[] };

export class Worktrees {
  readonly #options: WorktreesOptions;

  constructor(options: WorktreesOptions) {
    this.#options = options;
  }

  async list(): Promise<ListedWorktree[]> {
    const { folders, releasing } = this.#options;
    const listed: ListedWorktree[] = [];
    for (const { task, worktree } of this.#ofTasks()) {
      const { repository, root: path, branch } = worktree;
      const bytes = await folders.bytes(path);
      listed.push({
        task_id: task.id,
        repository,
        path,
        branch,
        bytes,
        review: task.state.review ?? "none",
        orphan: false,
        stays: releasing.staysBecause(task.id),
      });
    }
    for (const { path, repository, branch } of await this.#orphans()) {
      listed.push({ repository, path, branch, bytes: await folders.bytes(path), orphan: true });
    }
    return listed;
  }

  /** Removes those that are accepted, discarded, unchanged or orphaned. `dry_run`: only says which. */
  async prune(
    { older_than_days = 0, dry_run = false }: { older_than_days?: number; dry_run?: boolean },
    by: Actor,
  ) {
    const { clock } = this.#options;
    const oldest_ms = clock.now() - older_than_days * DAY_MS;
    const pruned: PrunedWorktree[] = [];
    const left: LeftWorktree[] = [];
    for (const listed of await this.list()) {
      const { task_id, path } = listed;
      try {
        const end = task_id === undefined
          ? await this.#pruneOrphan(path, oldest_ms, dry_run)
          : await this.#pruneOfTask(task_id, oldest_ms, dry_run, by);
        if ("reason" in end) left.push({ task_id, path, ...end });
        else pruned.push({ ...listed, kept_as: end.kept_as });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        left.push({ task_id, path, reason: error.message });
      }
    }
    return { pruned, left };
  }

  async #pruneOfTask(id: string, oldest_ms: number, dry_run: boolean, by: Actor): Promise<PruneEnd> {
    const { store, landing, releasing } = this.#options;
    const task = store.tasks.get(id);
    const worktree = task?.state.workspace;
    if (!task || !isOwnWorktree(worktree)) return { reason: "it has gone meanwhile" };
    const { status, review = "none", ending, completed_at } = task.state;
    const waiting = task.state.waiting?.length ?? 0;
    const stays = staysBecause({
      status,
      review,
      isBusy: ending !== undefined || waiting > 0,
      hasWork: await landing.hasWork(worktree),
      ended_ms: epochOf(completed_at ?? task.spec.created_at),
    }, oldest_ms);
    if (stays !== undefined) return { reason: stays };
    if (dry_run) return {};
    const kept_as = await releasing.release(id, by);
    return { kept_as: kept_as === undefined ? undefined : [kept_as] };
  }

  async #pruneOrphan(path: string, oldest_ms: number, dry_run: boolean): Promise<PruneEnd> {
    const orphan = (await this.#orphans()).find((one) => one.path === path);
    if (!orphan) return { reason: "it has gone meanwhile" };
    if (orphan.changed_ms > oldest_ms) return { reason: "too_young" };
    if (dry_run) return {};
    await recordAction();
    const end = await this.#options.folders.clear(orphan);
    return "stays" in end ? { reason: end.stays } : end;
  }

  *#ofTasks(): Iterable<{ task: TaskRecord; worktree: OwnWorktree }> {
    for (const task of this.#options.store.tasks.values()) {
      const { workspace } = task.state;
      if (isOwnWorktree(workspace)) yield { task, worktree: workspace };
    }
  }

  /** A folder that may be in the making for a task is none. */
  async #orphans() {
    const { store, folders } = this.#options;
    const known = new Set<string>();
    for (const { state } of store.tasks.values()) {
      const { root, path } = state.workspace ?? {};
      for (const one of [root, path]) if (one !== undefined) known.add(one);
    }
    const found = await folders.orphans(known);
    return found.filter(({ path }) => !this.#isInTheMaking(path));
  }

  #isInTheMaking(path: string): boolean {
    const [, id] = /([^/\\]+?)(?:-\d+)?$/.exec(path) ?? [];
    const names = [id, path.split(/[/\\]/).at(-1)];
    return names.some((name) => {
      const state = name === undefined ? undefined : this.#options.store.tasks.get(name)?.state;
      return state?.status === "running" || state?.status === "queued" || state?.status === "paused";
    });
  }
}
