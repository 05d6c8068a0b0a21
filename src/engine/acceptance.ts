/**
 * Accepts or discards what a task has changed. The intent is stored first; then the repository is changed, and last the
 * record. After a crash at any step, `ending_recovery.ts` finishes what was begun, or finds it undone.
 */
import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime } from "../clock/clock.ts";
import {
  isOwnWorktree,
  nothingChanged,
  type OwnWorktree,
  requireAtRest,
  requireOwnWorktree,
  taskMessage,
} from "../domain/accepting.ts";
import { type Actor, SERVER } from "../domain/actor.ts";
import type {
  Accepted,
  AcceptIntent,
  AcceptMethod,
  Discarded,
  DiscardIntent,
  Ending,
  ReleaseIntent,
} from "../domain/ending.ts";
import { ApiError } from "../domain/errors.ts";
import { changesConflict, KEPT, type Landing, type LandingPlan, type Work } from "../domain/landing.ts";
import type { TaskRecord, TaskState } from "../domain/task_record.ts";
import type { StoredWorkspace } from "../domain/workspace.ts";
import type { Store } from "../store/open.ts";
import { foundTask } from "./found_task.ts";
import { RepositoryTurns } from "./repository_turns.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** How many files the log names. */
const NAMED_MAX = 20;
/** How often it is begun again because the branch was moved meanwhile. */
const TRIES_MAX = 5;

export interface AcceptanceOptions {
  clock: Clock;
  store: Store;
  landing: Landing;
  /** Commits what is loose in a task's worktree. Throws, or says why it could not. */
  save(task: TaskRecord): Promise<{ workspace?: StoredWorkspace; failure?: string }>;
  /** Runs what the task's project wants to have run before a worktree goes. Returns what went wrong. */
  tearDown?(task: TaskRecord, folder: string): Promise<string[]>;
  /** Called when a failure has left something unfinished. */
  unfinished?(task_id: string): void;
  /** What a task's project prefers. */
  methodOf?(task: TaskRecord): AcceptMethod | undefined;
  /** Runs the project's checks on a commit that is not accepted yet. Returns what failed, if anything. */
  check?(task: TaskRecord, merged: { common_dir: string; commit: string }): Promise<string | undefined>;
}

export interface AcceptRequest {
  task_id: string;
  method?: AcceptMethod;
  into?: string;
  message?: string;
  include_dependencies?: boolean;
}

export class Acceptance {
  readonly #options: AcceptanceOptions;
  readonly #turns: RepositoryTurns;

  constructor(options: AcceptanceOptions, turns: RepositoryTurns) {
    this.#options = options;
    this.#turns = turns;
  }

  /** Throws `TASK_NOT_FOUND`, `INVALID_FIELD_VALUE`, `CHANGES_CONFLICT`. Then nothing has changed. */
  async accept(request: AcceptRequest, by: Actor): Promise<Accepted> {
    const { worktree } = this.atRest(request.task_id, "accept the changes of");
    const asked = by.kind === "agent" ? this.#ofAgent(request, by.id!) : request;
    return await this.#inTurn(request.task_id, worktree.common_dir, () => this.acceptInTurn(asked, by));
  }

  async #inTurn<T>(task_id: string, common_dir: string, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#turns.in(common_dir, work);
    } catch (error) {
      const { store, unfinished } = this.#options;
      if (store.tasks.get(task_id)?.state.ending !== undefined) unfinished?.(task_id);
      throw error;
    }
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
  async acceptInTurn(request: AcceptRequest, by: Actor): Promise<Accepted> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const task = await this.saved(request.task_id, "accept the changes of");
      const plan = await this.#planned(task, request);
      const intent = await this.#intent(task, request, plan);
      const brought = intent.brought.slice(1).map(({ task_id }) => task_id);
      let hasBegun = false;
      try {
        const isDone = await this.#options.landing.land(intent, task.record.id, async (trees) => {
          hasBegun = true;
          await this.#begin(task.record.id, { ...intent, trees }, brought, by);
        });
        if (isDone) return await this.finish({ ...intent, trees: [] }, by);
      } catch (error) {
        // A failure that is not understood is left to the recovery, which looks at what has become of it.
        if (hasBegun && error instanceof ApiError && error.code === "CHANGES_CONFLICT") {
          await this.forgetIntent(task.record.id, by);
        }
        throw error;
      }
      if (hasBegun) await this.forgetIntent(task.record.id, by);
    }
    throw changesConflict("uncommitted", [], "The branch was moved again and again meanwhile. Try again");
  }

  async #planned(task: { record: TaskRecord; worktree: OwnWorktree }, request: AcceptRequest) {
    const { landing, check, methodOf } = this.#options;
    const { record, worktree } = task;
    const method = request.method ?? methodOf?.(record) ?? "squash";
    const all = this.dependenciesOf(record);
    const open: Work[] = [];
    for (const { id, state } of all) {
      const theirs = state.workspace;
      if (
        state.review === "accepted" || !isOwnWorktree(theirs) || theirs.common_dir !== worktree.common_dir
      ) continue;
      open.push({ task_id: id, worktree: theirs });
    }
    const taken = all.flatMap(({ state }) => state.accepted ? [state.accepted] : []);
    const plan = await landing.plan({
      work: { task_id: record.id, worktree },
      method,
      into: request.into,
      message: taskMessage(record.id, request.message ?? record.spec.description),
      dependencies: open,
      inherited: (worktree.inherited ?? []).filter(({ task_id }) => {
        const review = this.#options.store.tasks.get(task_id)?.state.review;
        return review !== undefined && review !== "accepted";
      }),
      taken,
    });
    if (plan === undefined) throw nothingChanged(record, "accept the changes of");
    await landing.requireSaved(worktree, plan.head);
    const marked = await landing.marked(worktree, plan.head, record.state.unresolved ?? []);
    if (marked.length > 0) {
      throw changesConflict(
        "conflict",
        marked,
        "Conflicts are not resolved yet: the files still have their marks",
      );
    }
    this.#requireDependencies(record, plan, request.include_dependencies === true);
    if (plan.hasMoved && check) {
      const failure = await check(record, { common_dir: worktree.common_dir, commit: plan.to });
      if (failure !== undefined) {
        throw changesConflict("checks", [], `The merged result fails its checks: ${failure}`);
      }
    }
    return { ...plan, method };
  }

  /** Its dependencies, directly or through others, the nearest first. */
  dependenciesOf(task: TaskRecord): TaskRecord[] {
    const found = new Map<string, TaskRecord>();
    const todo = [...task.spec.dependencies ?? []];
    for (let id = todo.shift(); id !== undefined; id = todo.shift()) {
      const one = found.has(id) ? undefined : this.#options.store.tasks.get(id);
      if (!one) continue;
      found.set(id, one);
      todo.push(...one.spec.dependencies ?? []);
    }
    return [...found.values()];
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
        requireAtRest(foundTask(task_id, this.#options.store.tasks), "accept the changes of");
      } catch (error) {
        throw changesConflict("dependencies", [], (error as Error).message, { task_ids: [task_id] });
      }
    }
  }

  async #intent(
    { record, worktree: { common_dir } }: { record: TaskRecord; worktree: OwnWorktree },
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
      method,
      message,
      include_dependencies,
      into,
      from,
      to,
      brought: all,
    };
  }

  /** Stores the intent, if the tasks are still as they were. */
  async #begin(task_id: string, ending: Ending, brought: readonly string[], by: Actor): Promise<void> {
    await this.#options.store.tasks.update((view) => {
      const updates = [task_id, ...brought].map((id) => {
        const task = foundTask(id, view);
        requireAtRest(task, "accept the changes of");
        requireOwnWorktree(task, "accept the changes of");
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

  /** The branch has moved: the worktrees go, and the records say so. */
  async finish(intent: AcceptIntent, by: Actor): Promise<Accepted> {
    const { clock, store } = this.#options;
    const { brought, method, into, to } = intent;
    const left = new Set<string>();
    for (const { task_id, head } of brought) {
      const { workspace } = foundTask(task_id, store.tasks).state;
      if (!isOwnWorktree(workspace)) continue;
      try {
        await this.#takeDown(task_id, workspace, head);
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
      updates: brought.map(({ task_id, head, kept_as }) => {
        const { state } = foundTask(task_id, view);
        const accepted = { method, into, commit: to, head, at };
        const workspace = left.has(task_id) ? state.workspace : undefined;
        const next = { ...ended(state, head, intent.common_dir, kept_as), workspace };
        return { id: task_id, state: { ...next, review: "accepted", accepted } };
      }),
    }), by);
    const [own] = brought;
    return { method, into, commit: to, head: own!.head, at };
  }

  // ---- discard

  async discard(task_id: string, by: Actor): Promise<Discarded> {
    const { worktree } = this.atRest(task_id, "discard the changes of");
    return await this.#inTurn(task_id, worktree.common_dir, async () => {
      const { record, worktree } = await this.saved(task_id, "discard the changes of");
      const { landing } = this.#options;
      const head = await landing.headOf(worktree);
      if (head === undefined || head === worktree.base_commit) {
        throw nothingChanged(record, "discard the changes of");
      }
      await landing.requireSaved(worktree, head);
      const kept_as = await landing.freeRef(worktree.common_dir, KEPT.discarded + task_id);
      await this.#begin(task_id, { kind: "discard", head, kept_as }, [], by);
      return await this.finishDiscard(task_id, { kind: "discard", head, kept_as }, by);
    });
  }

  /**
   * A pull request with one of these commits has been merged, so the worktree goes and the task is accepted. Work beyond them
   * is kept under a reference of its own, which is returned.
   */
  async merged(task_id: string, commits: readonly string[], by: Actor): Promise<string | undefined> {
    const operation = "clear the worktree of";
    const { worktree } = this.atRest(task_id, operation);
    return await this.#inTurn(task_id, worktree.common_dir, async () => {
      const { record, worktree } = await this.saved(task_id, operation);
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
      const ending = { kind: "discard", head, kept_as, merged: true } as const;
      await this.#begin(task_id, ending, [], by);
      await this.finishDiscard(task_id, ending, by);
      return beyond;
    });
  }

  async finishDiscard(
    task_id: string,
    { head, kept_as, merged }: DiscardIntent,
    by: Actor,
  ): Promise<Discarded> {
    const { clock, store, landing } = this.#options;
    const { workspace } = foundTask(task_id, store.tasks).state;
    if (!isOwnWorktree(workspace)) throw new Error(`task '${task_id}' has lost its worktree`);
    await landing.keep(workspace.common_dir, kept_as, head);
    await this.#takeDown(task_id, workspace, head);
    const discarded = { kept_as, at: isoTime(clock.now()) };
    await store.tasks.update((view) => {
      const { state } = foundTask(task_id, view);
      const outcome = merged ? { review: "accepted" } as const : { review: "discarded", discarded } as const;
      return {
        updates: [{
          id: task_id,
          state: { ...ended(state, head, workspace.common_dir, kept_as), ...outcome },
        }],
      };
    }, by);
    return discarded;
  }

  // ---- release

  /**
   * Removes the worktree of a task. What it has done, and nobody has judged, is kept under a reference that is returned.
   * Does nothing without a worktree.
   */
  async release(task_id: string, by: Actor): Promise<string | undefined> {
    const { landing, save, store } = this.#options;
    const { workspace } = foundTask(task_id, store.tasks).state;
    if (!isOwnWorktree(workspace)) return undefined;
    return await this.#inTurn(task_id, workspace.common_dir, async () => {
      const operation = "remove the worktree of";
      const record = foundTask(task_id, store.tasks);
      requireAtRest(record, operation);
      const saved = await save(record);
      if (saved.failure !== undefined) throw changesConflict("uncommitted", [], saved.failure);
      requireWhole(saved.workspace);
      const worktree = isOwnWorktree(saved.workspace) ? saved.workspace : workspace;
      const head = await landing.headOf(worktree);
      await landing.requireSaved(worktree, head);
      const { base_commit, common_dir } = worktree;
      const isJudged = head === undefined || head === base_commit || head === record.state.accepted?.head;
      const kept_as = isJudged ? undefined : await landing.freeRef(common_dir, KEPT.kept + task_id);
      const intent: ReleaseIntent = { kind: "release", head, kept_as };
      await store.tasks.update((view) => {
        const task = foundTask(task_id, view);
        requireAtRest(task, operation);
        return { updates: [{ id: task_id, state: { ...task.state, ending: intent } }] };
      }, by);
      await this.finishRelease(task_id, intent, by);
      return kept_as;
    });
  }

  async finishRelease(task_id: string, { head, kept_as }: ReleaseIntent, by: Actor): Promise<void> {
    const { store, landing } = this.#options;
    const { workspace } = foundTask(task_id, store.tasks).state;
    if (isOwnWorktree(workspace)) {
      if (kept_as !== undefined && head !== undefined) {
        await landing.keep(workspace.common_dir, kept_as, head);
      }
      await this.#takeDown(task_id, workspace, head);
    }
    await store.tasks.update((view) => {
      const { state } = foundTask(task_id, view);
      const past_work = pastWork(state, head);
      return {
        updates: [{ id: task_id, state: { ...state, ending: undefined, workspace: undefined, past_work } }],
      };
    }, by);
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
      return true;
    } catch (error) {
      log.error("The worktree of task {id} cannot be removed, so its record stays: {error}", {
        id: task.id,
        error,
      });
      return false;
    }
  }

  // ---- all

  async #takeDown(task_id: string, worktree: OwnWorktree, head: string | undefined): Promise<void> {
    const { landing, store, tearDown } = this.#options;
    await landing.takeDown(worktree, head, async (ignored) => {
      if (ignored.length > 0) {
        const more = ignored.length > NAMED_MAX ? ` and ${ignored.length - NAMED_MAX} more` : "";
        const message = `Files that git ignores go with the worktree: ${
          ignored.slice(0, NAMED_MAX).join(", ")
        }${more}`;
        void store.logs.append({ level: "info", message, agent: task_id, source: "worktree" });
      }
      const task = store.tasks.get(task_id);
      for (const problem of (task && await tearDown?.(task, worktree.root)) ?? []) {
        log.warn("The teardown of the worktree of task {id} failed: {problem}", { id: task_id, problem });
      }
    });
  }

  atRest(task_id: string, operation: string): { record: TaskRecord; worktree: OwnWorktree } {
    const record = foundTask(task_id, this.#options.store.tasks);
    requireAtRest(record, operation);
    return { record, worktree: requireOwnWorktree(record, operation) };
  }

  /** The task, with what a person has changed in its worktree since the last turn committed. */
  async saved(task_id: string, operation: string): Promise<{ record: TaskRecord; worktree: OwnWorktree }> {
    const { record, worktree } = this.atRest(task_id, operation);
    const { workspace, failure } = await this.#options.save(record);
    if (failure !== undefined) {
      throw changesConflict("uncommitted", [], `What is in ${worktree.root} cannot be committed: ${failure}`);
    }
    requireWhole(workspace);
    return { record, worktree: isOwnWorktree(workspace) ? workspace : worktree };
  }
}

/** What is in a repository inside the worktree, or in a merge that is not finished, is on no branch. */
function requireWhole(workspace: StoredWorkspace | undefined): void {
  if (!workspace?.unsaved) return;
  throw changesConflict(
    "uncommitted",
    [],
    `Not all that is in the worktree ${workspace.root} could be committed; the task's log says what is left`,
  );
}

/** The record of a task whose worktree is gone. */
function ended(state: TaskState, head: string, refs_dir: string, ref: string): TaskState {
  return {
    ...state,
    past_work: pastWork(state, head),
    ending: undefined,
    workspace: undefined,
    unresolved: undefined,
    ended_from: state.workspace?.base_commit ?? state.ended_from,
    refs_dir,
    refs: [...state.refs ?? [], ref],
  };
}

/** What can be compared without the worktree. */
function pastWork(
  { workspace, past_work }: TaskState,
  head_commit: string | undefined,
): TaskState["past_work"] {
  if (!isOwnWorktree(workspace)) return past_work;
  const { common_dir, base, base_commit } = workspace;
  return { common_dir, base, base_commit, head_commit: head_commit ?? base_commit };
}
