/** All tasks as the server has them: loaded once, then kept by its pushes. */
import { computed, signal } from "@preact/signals";
import { systemClock } from "../../clock/clock.ts";
import type { TaskFilter } from "../../protocol/task_messages.ts";
import type { Pushes } from "../../protocol/pushes.ts";
import type { Task, TaskStatus } from "../../domain/task.ts";
import type { TaskSummary } from "../../protocol/system_messages.ts";
import { onPush, onResubscribed } from "./pushes.ts";
import { report } from "./report.ts";
import { ask } from "./server.ts";

const PAGE = 1000;
/** Older ones that have ended are found by the search of the API, not on the board. */
export const TASKS_MAX = 10_000;
/** Tasks heard of for the first time are asked for together. */
const GATHER_MS = 250;
/** Nor more often than this: the server answers some 50 such questions a minute. */
const LOOK_UP_EVERY_MS = 1500;
/** More than so many are asked for as pages of the newest. */
const SINGLY_MAX = 2;
/** The server tells of no task that it removes; that there are fewer is reason to load anew, but seldom. */
const RELOAD_EVERY_MS = 60_000;

const byId = new Map<string, Task>();
const version = signal(0);
/** Whether the first load is done. */
export const tasksLoaded = signal(false);
/** How many there are on the server; more than are shown where it has more than `TASKS_MAX`. */
export const tasksTotal = signal(0);
/** As the server told it last, every few seconds. */
export const taskSummary = signal<TaskSummary | undefined>(undefined);

const newestFirst = (a: Task, b: Task) =>
  a.created_at > b.created_at ? -1 : a.created_at < b.created_at ? 1 : a.id < b.id ? -1 : 1;

/** The ids in order; sorted again only when some came or went, not with each step of progress. */
let order: string[] | undefined;

/** All that are known, the newest first. */
export const tasks = computed<readonly Task[]>(() => {
  version.value;
  order ??= [...byId.values()].sort(newestFirst).map(({ id }) => id);
  return order.map((id) => byId.get(id)!);
});

/** The one of this id as the board knows it; read inside a component, it is kept up to date. */
export function taskOf(id: string): Task | undefined {
  version.value;
  return byId.get(id);
}

let isFramePending = false;
/** Pushes come by the hundred; the page is drawn once for all that came within a frame. */
function changed(): void {
  if (isFramePending) return;
  isFramePending = true;
  requestAnimationFrame(() => {
    isFramePending = false;
    version.value++;
  });
}

/** Those that came while all were being loaded: no page that was asked for before holds them. */
const arrived = new Set<string>();

export function put(task: Task): void {
  if (!byId.has(task.id)) {
    order = undefined;
    arrived.add(task.id);
  }
  byId.set(task.id, task);
  if (byId.size > 1.1 * TASKS_MAX) dropOldest();
  changed();
}

/** A page that is left open for weeks keeps no more than one that was just opened. */
function dropOldest(): void {
  const ended = [...byId.values()].filter(({ status }) => hasEnded(status)).sort(newestFirst);
  for (const { id } of ended.reverse().slice(0, Math.max(0, byId.size - TASKS_MAX))) byId.delete(id);
  order = undefined;
}

/** Asks page by page, the newest first, until there are no more or `isEnough` of what was seen. */
async function loadPages(
  filter: TaskFilter | undefined,
  seen: Set<string>,
  isEnough: () => boolean,
): Promise<boolean> {
  for (let offset = 0; offset < TASKS_MAX; offset += PAGE) {
    const { tasks, total_count, pagination } = await ask("list_tasks", {
      sort: { field: "created_at", order: "desc" },
      limit: PAGE,
      offset,
      ...(filter ? { filter } : {}),
    });
    for (const task of tasks) {
      seen.add(task.id);
      put(task);
    }
    tasksTotal.value = total_count;
    if (!pagination.has_more) return true;
    if (isEnough()) return false;
  }
  return false;
}

const OPEN: TaskStatus[] = ["running", "paused", "queued", "pending"];
let loading: Promise<void> | undefined;
let loaded_ms = -Infinity;

function load(): Promise<void> {
  return loading ??= loadAll().finally(() => loading = undefined);
}

async function loadAll(): Promise<void> {
  const seen = new Set<string>();
  arrived.clear();
  loaded_ms = systemClock.monotonic();
  const isComplete = await loadPages(undefined, seen, () => false);
  // What is going on is shown however long ago it was created.
  if (!isComplete) await loadPages({ status: OPEN }, seen, () => false);
  for (const id of byId.keys()) if (!seen.has(id) && !arrived.has(id)) byId.delete(id);
  order = undefined;
  tasksLoaded.value = true;
  changed();
}

const unknown = new Set<string>();
let isLookingUp = false;
let asked_ms = -Infinity;

function lookUp(id: string): void {
  unknown.add(id);
  if (isLookingUp) return;
  isLookingUp = true;
  const wait_ms = Math.max(GATHER_MS, asked_ms + LOOK_UP_EVERY_MS - systemClock.monotonic());
  systemClock.after(wait_ms, () => {
    const ids = [...unknown];
    unknown.clear();
    asked_ms = systemClock.monotonic();
    fetchTasks(ids).catch(report).finally(() => {
      isLookingUp = false;
      if (unknown.size > 0) lookUp([...unknown][0]!);
    });
  });
}

async function fetchTasks(ids: string[]): Promise<void> {
  if (ids.length > SINGLY_MAX) {
    const seen = new Set<string>();
    await loadPages(undefined, seen, () => ids.every((id) => seen.has(id)));
    return;
  }
  for (const task_id of ids) put((await ask("get_task_status", { task_id })).task);
  tasksTotal.value = Math.max(tasksTotal.value, byId.size);
}

const ENDED: readonly TaskStatus[] = ["completed", "failed", "cancelled"];

export function hasEnded(status: TaskStatus): boolean {
  return ENDED.includes(status);
}

/** What a status alone tells about the wait; what a pending task waits for is asked. */
const WAITING_FOR: Partial<Record<TaskStatus, Task["waiting_for"]>> = {
  queued: { kind: "slot" },
  paused: { kind: "paused" },
};

function statusChanged(
  { task_id, old_status, new_status, progress, error, timestamp }: Pushes["task_status_update"],
): void {
  const known = byId.get(task_id);
  if (known === undefined) return lookUp(task_id);
  const task: Task = { ...known, status: new_status, progress };
  if (new_status === "running" && known.status !== "paused") task.started_at = timestamp;
  if (hasEnded(new_status)) task.completed_at = timestamp;
  else delete task.completed_at;
  task.error = error;
  task.waiting_for = WAITING_FOR[new_status];
  if (new_status !== "running" && new_status !== "paused") delete task.pending_permissions;
  put(task);
  // Put back for another attempt: when that will be, and how many there were, is not told.
  const isPutBack = new_status === "queued" && (old_status === "running" || hasEnded(old_status));
  if (new_status === "pending" || isPutBack) lookUp(task_id);
}

function progressed({ task_id, new_progress, progress_details }: Pushes["task_progress_update"]): void {
  const known = byId.get(task_id);
  if (known === undefined) return lookUp(task_id);
  put({ ...known, progress: new_progress, ...(progress_details ? { progress_details } : {}) });
}

function permissionAsked({ task_id, type: _, timestamp: __, ...asked }: Pushes["permission_request"]): void {
  const known = byId.get(task_id);
  if (known === undefined) return lookUp(task_id);
  const others = (known.pending_permissions ?? []).filter((one) => one.permission_id !== asked.permission_id);
  put({ ...known, pending_permissions: [...others, asked] });
}

/**
 * An agent that waits no more has been answered, by whomever. Its figures are measured, so that its status may be older
 * than the question: the server is asked.
 */
function agentChanged({ agent }: Pushes["agent_update"]): void {
  const known = byId.get(agent.task_id);
  // One that is held meanwhile asks as before.
  if (known === undefined || agent.status === "paused" || agent.status === "stopping") return;
  const asks = (known.pending_permissions?.length ?? 0) > 0;
  if (asks !== (agent.status === "waiting_for_permission") && !hasEnded(known.status)) lookUp(agent.task_id);
}

function summarised({ summary }: Pushes["task_manager_status"]): void {
  taskSummary.value = summary;
  tasksTotal.value = summary.total;
  const isLongAgo = systemClock.monotonic() - loaded_ms > RELOAD_EVERY_MS;
  if (tasksLoaded.value && summary.total < byId.size && isLongAgo) load().catch(report);
}

/** To be called once, before `listen`. */
export function keepTasks(): void {
  // A load that began before the connection was lost may have missed something.
  onResubscribed(() => loading?.then(load, load) ?? load());
  onPush("task_status_update", statusChanged);
  onPush("task_progress_update", progressed);
  onPush("permission_request", permissionAsked);
  onPush("agent_update", agentChanged);
  onPush("task_manager_status", summarised);
}

/** Asks for one task anew, as after an answer to its permission request. */
export async function refreshTask(task_id: string): Promise<Task> {
  const { task } = await ask("get_task_status", { task_id });
  put(task);
  return task;
}
