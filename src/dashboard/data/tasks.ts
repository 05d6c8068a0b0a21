/** All tasks as the server has them: loaded once, then kept by its pushes. */
import { computed, signal } from "@preact/signals";
import { systemClock } from "../../clock/clock.ts";
import type { Pushes } from "../../protocol/pushes.ts";
import type { Task, TaskStatus } from "../../protocol/task.ts";
import type { TaskSummary } from "../../protocol/system_messages.ts";
import { onPush, onResubscribed } from "./pushes.ts";
import { ask } from "./server.ts";

const PAGE = 1000;
/** Older ones are found by the search of the API, not on the board. */
export const TASKS_MAX = 10_000;
/** Tasks heard of for the first time are asked for together. */
const GATHER_MS = 250;
/** More than so many are asked for as a page of the newest. */
const SINGLY_MAX = 3;

const byId = new Map<string, Task>();
const version = signal(0);
/** Whether the first load is done. */
export const tasksLoaded = signal(false);
/** How many there are on the server; more than are shown where it has more than `TASKS_MAX`. */
export const tasksTotal = signal(0);
export const taskSummary = signal<TaskSummary | undefined>(undefined);

/** All that are known, the newest first. */
export const tasks = computed<readonly Task[]>(() => {
  version.value;
  return [...byId.values()].sort((a, b) =>
    b.created_at.localeCompare(a.created_at) || a.id.localeCompare(b.id)
  );
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

export function put(task: Task): void {
  byId.set(task.id, task);
  changed();
}

async function load(): Promise<void> {
  const seen = new Set<string>();
  for (let offset = 0; offset < TASKS_MAX; offset += PAGE) {
    const { tasks, total_count, pagination } = await ask("list_tasks", {
      sort: { field: "created_at", order: "desc" },
      limit: PAGE,
      offset,
    });
    for (const task of tasks) {
      seen.add(task.id);
      byId.set(task.id, task);
    }
    tasksTotal.value = total_count;
    changed();
    if (!pagination.has_more) break;
  }
  for (const id of byId.keys()) if (!seen.has(id)) byId.delete(id);
  tasksLoaded.value = true;
  changed();
}

const unknown = new Set<string>();

function lookUp(id: string): void {
  unknown.add(id);
  if (unknown.size > 1) return;
  systemClock.after(GATHER_MS, () => {
    const ids = [...unknown];
    unknown.clear();
    fetchTasks(ids).catch(reportError);
  });
}

async function fetchTasks(ids: string[]): Promise<void> {
  if (ids.length > SINGLY_MAX) return await load();
  for (const task_id of ids) put((await ask("get_task_status", { task_id })).task);
  tasksTotal.value = Math.max(tasksTotal.value, byId.size);
}

const ENDED: readonly TaskStatus[] = ["completed", "failed", "cancelled"];

export function hasEnded(status: TaskStatus): boolean {
  return ENDED.includes(status);
}

function statusChanged(
  { task_id, new_status, progress, error, timestamp }: Pushes["task_status_update"],
): void {
  const known = byId.get(task_id);
  if (known === undefined) return lookUp(task_id);
  const task: Task = { ...known, status: new_status, progress };
  if (new_status === "running" && known.status !== "paused") task.started_at = timestamp;
  if (hasEnded(new_status)) task.completed_at = timestamp;
  else delete task.completed_at;
  delete task.error;
  if (error !== undefined) task.error = error;
  if (new_status !== "running" && new_status !== "paused") delete task.pending_permissions;
  put(task);
}

function progressed({ task_id, new_progress, progress_details }: Pushes["task_progress_update"]): void {
  const known = byId.get(task_id);
  if (known === undefined) return lookUp(task_id);
  put({ ...known, progress: new_progress, ...(progress_details ? { progress_details } : {}) });
}

/** An agent that waits no more has been answered, by whomever. */
function agentChanged({ agent }: Pushes["agent_update"]): void {
  const asks = (byId.get(agent.task_id)?.pending_permissions?.length ?? 0) > 0;
  if (asks && agent.status !== "waiting_for_permission") lookUp(agent.task_id);
}

/** To be called once, before `listen`. */
export function keepTasks(): void {
  onResubscribed(load);
  onPush("task_status_update", statusChanged);
  onPush("task_progress_update", progressed);
  onPush("permission_request", ({ task_id }) => lookUp(task_id));
  onPush("agent_update", agentChanged);
  onPush("task_manager_status", ({ summary }) => {
    taskSummary.value = summary;
    tasksTotal.value = summary.total;
  });
}

/** Asks for one task anew, as after an answer to its permission request. */
export async function refreshTask(task_id: string): Promise<Task> {
  const { task } = await ask("get_task_status", { task_id });
  put(task);
  return task;
}
