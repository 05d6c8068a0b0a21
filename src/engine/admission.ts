/**
 * Decides which queued tasks may start now: whether a slot is free for them, one of their project, and the folder that they
 * work in.
 */
import type { Clock } from "../clock/clock.ts";
import { type Bound, obstacleTo, type RunningTasks, whoHolds } from "../domain/concurrency.ts";
import { tenantOf } from "../domain/tenant_id.ts";
import { type KeyBound, keyBounds } from "../domain/concurrency_key.ts";
import { ancestorsOf, parentOf } from "../domain/delegation.ts";
import type { LaneName, Verdict } from "../domain/queue.ts";
import { holdsSlot, type TaskRecord } from "../domain/task_record.ts";
import type { HeldUp } from "../domain/waiting_rule.ts";
import type { Budgets } from "./budgets.ts";
import { FolderRoots } from "./folder_roots.ts";
import type { RunContext } from "./run_context.ts";

const SLOT = "slot";
/** The task names no folder, so it works in the default one. */
const DEFAULT_FOLDER = "";

export interface AdmissionRules {
  slots: number;
  /** To be called with what may have room now. */
  wake(held_by: string): void;
  budgets: Pick<Budgets, "holdOf" | "sharedBy">;
}

export class Admission {
  readonly #context: Pick<RunContext, "index" | "settings" | "exclusive_folders" | "holds">;
  readonly #rules: AdmissionRules;
  readonly #roots: FolderRoots | undefined;
  /** What each running task holds. */
  readonly #held = new Map<string, readonly Bound[]>();
  readonly #holders = new Map<string, Set<string>>();
  /** The tasks that are queued or run, by the task that has delegated them. */
  readonly #children = new Map<string, Set<string>>();
  /** What queued tasks were told that wait for a held agent. */
  readonly #heldKeys = new Set<string>();

  constructor(
    context: Pick<RunContext, "index" | "settings" | "exclusive_folders" | "holds"> & { clock: Clock },
    rules: AdmissionRules,
  ) {
    this.#context = context;
    this.#rules = rules;
    const { exclusive_folders, clock } = context;
    this.#roots = exclusive_folders &&
      new FolderRoots(
        clock,
        (folder) => exclusive_folders.rootOf(folder === DEFAULT_FOLDER ? undefined : folder),
        (folder) => rules.wake(lookKey(folder)),
      );
  }

  /** Tasks of one parent find the same room, since they share their ancestors. */
  readonly laneOf = (task: TaskRecord): LaneName => {
    const group = parentOf(task) ?? "";
    const [folder, project] = [this.#exclusiveFolder(task), this.#projectBound(task)?.key];
    const budget = this.#rules.budgets.sharedBy(task);
    const places = [group, folder, project, budget, ...this.#keyBounds(task).map(({ key }) => key)];
    return { group, name: JSON.stringify([...places, ...this.#context.holds.places.laneOf(task)]) };
  };

  /** Whether a queued task may start now. */
  judge(task: TaskRecord): Verdict {
    const spent = this.#rules.budgets.holdOf(task);
    if (spent) return spent;
    const { holds } = this.#context;
    if (holds.places.of(task).held) {
      const key = `agent ${JSON.stringify(holds.places.laneOf(task))}`;
      this.#heldKeys.add(key);
      return { held_by: key };
    }
    const full = obstacleTo(task.id, this.#placesOf(task), this.#running);
    if (full) return { held_by: full.key };
    const folder = this.#exclusiveFolder(task);
    if (folder === undefined) return "start";
    // Looked up only when there is a slot, so that many queued tasks cost nothing.
    const look = this.#roots!.look(folder);
    if (look === "soon") return "later";
    if (look === "slow") return { held_by: lookKey(folder) };
    const obstacle = obstacleTo(task.id, [rootBound(look.path)], this.#running);
    return obstacle ? { held_by: obstacle.key } : "start";
  }

  /** To be called before a task is started that was judged so. */
  enter(task: TaskRecord): void {
    const bounds = this.#boundsOf(task);
    this.#held.set(task.id, bounds);
    for (const { key } of bounds) gathered(this.#holders, key).add(task.id);
  }

  /** To be called when tasks that wait for held agents may have to wait no longer. */
  wakeHeld(): void {
    const keys = [...this.#heldKeys];
    this.#heldKeys.clear();
    for (const key of keys) this.#rules.wake(key);
  }

  /** To be called when nothing of the task runs any more. */
  leave(id: string): void {
    for (const { key } of this.#held.get(id) ?? []) {
      removed(this.#holders, key, id);
      this.#rules.wake(key);
    }
    this.#held.delete(id);
  }

  /** Who keeps a queued task from starting in its project or its folder, as far as is known. */
  heldUp(task: TaskRecord): HeldUp | undefined {
    if (task.state.status !== "queued") return undefined;
    const [project, folder] = [this.#projectBound(task), this.#folderBound(task)];
    const bounds: KeyBound[] = [
      ...project ? [{ by: "project" as const, ...project }] : [],
      ...folder ? [{ by: "working_dir" as const, ...folder }] : [],
      ...this.#keyBounds(task),
    ];
    for (const bound of bounds) {
      const task_ids = whoHolds(bound, task.id, this.#running);
      if (task_ids.length >= bound.limit) return { by: bound.by, task_ids };
    }
    return undefined;
  }

  /** To be called with each committed change. */
  note(before: TaskRecord | undefined, after: TaskRecord | undefined): void {
    const task = after ?? before;
    const parent = task && parentOf(task);
    if (parent === undefined) return;
    const isAlive = after && (after.state.status === "queued" || holdsSlot(after.state));
    if (isAlive) gathered(this.#children, parent).add(task!.id);
    else removed(this.#children, parent, task!.id);
  }

  /** The folder that the task must have for itself; undefined if it may share its folder, or has none of its own. */
  #exclusiveFolder(task: TaskRecord): string | undefined {
    const { exclusive_folders, settings } = this.#context;
    if (!exclusive_folders) return undefined;
    const { isolation, working_dir = DEFAULT_FOLDER } = settings.executionOf(task);
    if (isolation === "worktree") return undefined;
    return settings.agents[settings.agentFor(task)]?.protocol === "acp" ? working_dir : undefined;
  }

  #folderBound(task: TaskRecord): Bound | undefined {
    const folder = this.#exclusiveFolder(task);
    const root = folder === undefined ? undefined : this.#roots!.known(folder);
    return root === undefined ? undefined : rootBound(root);
  }

  #projectBound(task: TaskRecord): Bound | undefined {
    const project = this.#context.settings.projectOf(task);
    if (project?.max_concurrent === undefined) return undefined;
    return { key: `project ${project.name}`, limit: project.max_concurrent };
  }

  #keyBounds(task: TaskRecord): KeyBound[] {
    const { settings } = this.#context;
    const { keys, default_folder } = settings.concurrency ?? {};
    if (!keys?.length) return [];
    const { metadata, type, folder } = task.spec;
    return keyBounds(keys, {
      agent: settings.agentFor(task),
      project: settings.projectOf(task)?.name ?? metadata?.project,
      working_dir: folder ?? settings.executionOf(task).working_dir ?? default_folder,
      owner: metadata?.owner,
      type,
      tenant: tenantOf(task.id),
    });
  }

  /** A slot, and one of those that its project, and the others with which it shares something, may have. */
  #placesOf(task: TaskRecord): Bound[] {
    const project = this.#projectBound(task);
    return [this.#slot, ...project ? [project] : [], ...this.#keyBounds(task)];
  }

  #boundsOf(task: TaskRecord): Bound[] {
    const folder = this.#folderBound(task);
    return folder ? [...this.#placesOf(task), folder] : this.#placesOf(task);
  }

  get #slot(): Bound {
    return { key: SLOT, limit: this.#rules.slots };
  }

  readonly #running: RunningTasks = {
    isRunning: (id) => this.#held.has(id),
    holdersOf: (key) => this.#holders.get(key) ?? [],
    boundsOf: (id) => {
      const task = this.#context.index.find(id);
      return this.#held.get(id) ?? (task ? this.#boundsOf(task) : []);
    },
    ancestorsOf: (id) => {
      const { find } = this.#context.index;
      const task = find(id);
      return new Set(task && ancestorsOf(task, find).map((one) => one.id));
    },
    childrenOf: (id) => this.#children.get(id) ?? [],
  };
}

function rootBound(root: string): Bound {
  return { key: `working_dir ${root}`, limit: 1 };
}

/** What holds up tasks of a folder that is still being looked up. */
function lookKey(folder: string): string {
  return `look ${folder}`;
}

function gathered(sets: Map<string, Set<string>>, key: string): Set<string> {
  let set = sets.get(key);
  if (!set) sets.set(key, set = new Set());
  return set;
}

function removed(sets: Map<string, Set<string>>, key: string, id: string): void {
  const set = sets.get(key);
  set?.delete(id);
  if (set?.size === 0) sets.delete(key);
}
