/**
 * Accepts what a task has changed. The intent is stored first; then the repository is changed, and last the
 * record. After a crash at any step, `ending_recovery.ts` finishes what was begun, or finds it undone.
 */
import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime } from "../clock/clock.ts";
import {
  isOwnWorktree,
  nothingChanged,
  type OwnWorktree,
  requireAtRest,
  taskMessage,
} from "../domain/accepting.ts";
import type { Actor } from "../domain/actor.ts";
import { carriedWork } from "../domain/carried_work.ts";
import type { Accepted, AcceptIntent, AcceptMethod } from "../domain/ending.ts";
import { ApiError } from "../domain/errors.ts";
import { changesConflict, KEPT, type Landing, type LandingPlan } from "../domain/landing.ts";
import { withoutWorktree } from "../domain/past_work.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { Store } from "../store/open.ts";
import { foundTask } from "./found_task.ts";
import type { CheckMerged } from "./merged_checks.ts";
import type { WorktreeEnds } from "./worktree_ends.ts";

const log = getLogger(["opencode-agents", "engine"]);

const OPERATION = "accept the changes of";

/** How often it is begun again because the branch was moved meanwhile. */
const TRIES_MAX = 5;
/** How long the checks of the merged result may take: who accepts has an answer within 120 s. */
const CHECKS_MS = 100_000;

export interface AcceptanceOptions {
  clock: Clock;
  store: Store;
  landing: Landing;
  /** What a task's project prefers. */
  methodOf?(task: TaskRecord): AcceptMethod | undefined;
  /** Runs the task's checks on the merged commit, before anybody sees that. */
  check?: CheckMerged;
}

export interface AcceptRequest {
  task_id: string;
  method?: AcceptMethod;
  into?: string;
  message?: string;
  include_dependencies?: boolean;
}

/** Whether whoever asks may know of the task. */
type Sees = (task_id: string) => boolean;

export class Acceptance {
  readonly #options: AcceptanceOptions;
  readonly #ends: WorktreeEnds;

  constructor(options: AcceptanceOptions, ends: WorktreeEnds) {
    this.#options = options;
    this.#ends = ends;
  }

  /**
   * Throws `TASK_NOT_FOUND`, `INVALID_FIELD_VALUE`, `CHANGES_CONFLICT`, and `PERMISSION_DENIED` if the work of a task comes
   * along that `by` does not see. Then nothing has changed.
   */
  async accept(request: AcceptRequest, by: Actor, sees?: Sees): Promise<Accepted> {
    const { worktree } = this.#ends.atRest(request.task_id, OPERATION);
    const asked = by.kind === "agent" ? this.#ofAgent(request, by.id!) : request;
    return await this.#ends.inTurn(
      request.task_id,
      worktree.common_dir,
      () => this.acceptInTurn(asked, by, sees),
    );
  }

  /** An agent accepts what it has delegated into its own branch, and nowhere else. */
  #ofAgent(request: AcceptRequest, agent: string): AcceptRequest {
    const { workspace } = this.#options.store.tasks.get(agent)?.state ?? {};
    const own = isOwnWorktree(workspace) ? workspace.branch : undefined;
    const into = request.into?.replace(/^refs\/heads\//, "") ?? own;
    const why = own === undefined
      ? `task '${agent}' has none, since it works in a folder. Leave the changes to a person, and say in your answer that ` +
        "they wait"
      : into !== own
      ? `that is '${own}'. Leave out 'into'`
      : request.include_dependencies
      ? "and the work of one task at a time. Accept the dependencies first"
      : undefined;
    if (why === undefined) return { ...request, into };
    const message = `An agent accepts changes only into the branch of its own task: ${why}`;
    throw new ApiError("PERMISSION_DENIED", message, { calling_task: agent, branch: own ?? null });
  }

  /** For who has the repository's turn. */
  async acceptInTurn(request: AcceptRequest, by: Actor, sees: Sees = () => true): Promise<Accepted> {
    const { clock } = this.#options;
    const until_ms = clock.monotonic() + CHECKS_MS;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const task = await this.#ends.saved(request.task_id, OPERATION);
      const plan = await this.#planned(task, request, sees, Math.max(0, until_ms - clock.monotonic()));
      const intent = await this.#intent(task, request, plan);
      let hasBegun = false;
      try {
        const isDone = await this.#options.landing.land(intent, task.record.id, async (trees) => {
          hasBegun = true;
          await this.#ends.begin(task.record.id, { ...intent, trees }, OPERATION, by);
        });
        if (isDone) return await this.finish({ ...intent, trees: [] }, by);
      } catch (error) {
        // A failure that is not understood is left to the recovery, which looks at what has become of it.
        if (hasBegun && error instanceof ApiError && error.code === "CHANGES_CONFLICT") {
          await this.#ends.forgetIntent(task.record.id, by);
        }
        throw error;
      }
      if (hasBegun) await this.#ends.forgetIntent(task.record.id, by);
    }
    throw changesConflict("uncommitted", [], "The branch was moved again and again meanwhile. Try again");
  }

  /** `left_ms`: how long checks may take. */
  async #planned(
    task: { record: TaskRecord; worktree: OwnWorktree },
    request: AcceptRequest,
    sees: Sees,
    left_ms: number,
  ) {
    const { store, landing, check, methodOf } = this.#options;
    const { record, worktree } = task;
    const method = request.method ?? methodOf?.(record) ?? "squash";
    const plan = await landing.plan({
      work: { task_id: record.id, worktree },
      method,
      into: request.into,
      message: taskMessage(record.id, request.message ?? record.spec.description),
      carried: carriedWork(record, worktree, (id) => store.tasks.get(id)),
    });
    if (plan === undefined) throw nothingChanged(record, OPERATION);
    await landing.requireSaved(worktree, plan.head);
    const marked = await landing.marked(worktree, plan.head, record.state.unresolved ?? []);
    if (marked.length > 0) {
      throw changesConflict(
        "conflict",
        marked,
        "Conflicts are not resolved yet: the files still have their marks",
      );
    }
    requireSeen(record, plan, sees);
    this.#requireDependencies(record, plan, request.include_dependencies === true);
    const failure = plan.hasMoved ? await check?.(task, plan.to, left_ms) : undefined;
    if (failure !== undefined) {
      throw changesConflict("checks", [], `The merged result does not pass its checks: ${failure.message}`, {
        checks: failure.checks,
        todo:
          "Bring the branch into the task's workspace with update_workspace, and have the task mend it there.",
      });
    }
    return { ...plan, method };
  }

  #requireDependencies(task: TaskRecord, { brought, parts }: LandingPlan, isIncluded: boolean): void {
    const ids = [...brought.map(({ task_id }) => task_id), ...parts];
    if (ids.length === 0) return;
    const named = ids.map((id) => `'${id}'`).join(", ");
    if (!isIncluded) {
      const message =
        `Task '${task.id}' carries work of ${named} that is not accepted. Accept that first, or include it`;
      throw changesConflict("dependencies", [], message, {
        task_ids: ids,
        todo: "include_dependencies: true",
      });
    }
    for (const { task_id } of brought) {
      try {
        requireAtRest(foundTask(task_id, this.#options.store.tasks), OPERATION);
      } catch (error) {
        throw changesConflict("dependencies", [], (error as Error).message, { task_ids: [task_id] });
      }
    }
  }

  async #intent(
    { record, worktree: { common_dir, repository } }: { record: TaskRecord; worktree: OwnWorktree },
    { message, include_dependencies = false }: AcceptRequest,
    { method, into, from, to, head, brought }: LandingPlan & { method: AcceptMethod },
  ): Promise<Omit<AcceptIntent, "trees">> {
    const { landing } = this.#options;
    const all = [];
    for (const one of [{ task_id: record.id, head }, ...brought]) {
      all.push({ ...one, kept_as: await landing.freeRef(common_dir, KEPT.accepted + one.task_id) });
    }
    return {
      kind: "accept",
      common_dir,
      repository,
      method,
      message,
      include_dependencies,
      into,
      from,
      to,
      brought: all,
    };
  }

  /** The branch has moved: the worktrees go, and the records say so. */
  async finish(intent: AcceptIntent, by: Actor): Promise<Accepted> {
    const { clock, store } = this.#options;
    const { brought, method, into, to } = intent;
    const left = new Set<string>();
    for (const { task_id, head } of brought) {
      const { workspace } = foundTask(task_id, store.tasks).state;
      if (!isOwnWorktree(workspace)) continue;
      try {
        await this.#ends.takeDown(task_id, workspace, head);
      } catch (error) {
        // The work is where it belongs. What has come since is not thrown away.
        log.warn("The worktree of task {id} stays in {root}, although its changes are accepted: {error}", {
          id: task_id,
          root: workspace.root,
          error,
        });
        left.add(task_id);
      }
    }
    const at = isoTime(clock.now());
    await store.tasks.update((view) => ({
      updates: brought.flatMap(({ task_id, head, kept_as }) => {
        const { state } = foundTask(task_id, view);
        // It was recorded by a commit that the store has said to have failed.
        if (state.ending === undefined) return [];
        const accepted = { method, into, commit: to, head, at };
        const workspace = left.has(task_id) ? state.workspace : undefined;
        const next = { ...withoutWorktree(state, head, intent.common_dir, kept_as), workspace };
        return [{ id: task_id, state: { ...next, review: "accepted" as const, accepted } }];
      }),
    }), by);
    const [own] = brought;
    return { method, into, commit: to, head: own!.head, at };
  }
}

/** Names no task that `sees` does not know of. */
function requireSeen({ id }: TaskRecord, { brought, parts }: LandingPlan, sees: Sees): void {
  if (brought.every(({ task_id }) => sees(task_id)) && parts.every(sees)) return;
  throw new ApiError(
    "PERMISSION_DENIED",
    `Task '${id}' carries work of a project that this key does not see. Whoever may see that accepts it first`,
    { task_id: id },
  );
}
