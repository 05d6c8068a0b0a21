/** All tasks as the server has them: loaded once, then kept by its pushes. */
import { computed, signal } from "@preact/signals";
import { systemClock } from "../../clock/clock.ts";
import type { TaskFilter } from "../../protocol/task_messages.ts";
import type { Pushes } from "../../protocol/pushes.ts";
import { isFinished, TASK_STATUSES } from "../../domain/task_values.ts";
import type { Task, TaskStatus } from "../../domain/task.ts";
import type { TaskSummary } from "../../protocol/system_messages.ts";
import { onPush, onResubscribed } from "./pushes.ts";
import { report } from "./report.ts";
import { ask } from "./server.ts";

const PAGE = 1000;
/** The most tasks kept. Older ended tasks are found only by the API. */
export const TASKS_MAX = 10_000;
/** How long to gather unknown tasks before looking them up together. */
const GATHER_MS = 250;
/** The shortest time between two look-ups: the server allows about 50 such requests per minute. */
const LOOK_UP_EVERY_MS = 1500;
/** Up to this many tasks are requested one by one; for more, pages of the newest are requested. */
const SINGLY_MAX = 2;
/** The server does not announce removed tasks. If the total shrinks, all are reloaded, at most this often. */
const RELOAD_EVERY_MS = 60_000;

const byId = new Map<string, Task>();
const version = signal(0);
/** Whether the first load is done. */
export const tasksLoaded = signal(false);
/** How many tasks the server has. The page shows at most `TASKS_MAX`. */
export const tasksTotal = signal(0);
/** The server's latest summary, sent every few seconds. */
export const taskSummary = signal<TaskSummary | undefined>(undefined);

const newestFirst = (a: Task, b: Task) =>
  a.created_at > b.created_at ? -1 : a.created_at < b.created_at ? 1 : a.id < b.id ? -1 : 1;

/** The ids in order. Sorted again only when tasks come or go, not on each progress update. */
let order: string[] | undefined;

const allTasks = computed<readonly Task[]>(() => {
  version.value;
  order ??= [...byId.values()].sort(newestFirst).map(({ id }) => id);
  return order.map((id) => byId.get(id)!);
});

/** All known tasks that are not archived, the newest first. */
export const tasks = computed<readonly Task[]>(() => allTasks.value.filter(({ archived }) => !archived));

/** The archived tasks: those that were asked for by `loadArchived` or have been seen archived. */
export const archivedTasks = computed<readonly Task[]>(() =>
  allTasks.value.filter(({ archived }) => archived)
);

/** The known task with this id. A component that calls this renders again when the task changes. */
export function taskOf(id: string): Task | undefined {
  version.value;
  return byId.get(id);
}

let isFramePending = false;
/** Pushes arrive by the hundred, so the page renders at most once per frame. */
function changed(): void {
  if (isFramePending) return;
  isFramePending = true;
  requestAnimationFrame(() => {
    isFramePending = false;
    version.value++;
  });
}

/** Tasks that arrived during the load: pages requested earlier do not contain them. */
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

/** Keeps a page that is open for weeks from holding more tasks than a new one. */
function dropOldest(): void {
  const ended = [...byId.values()].filter(({ status }) => isFinished(status)).sort(newestFirst);
  for (const { id } of ended.reverse().slice(0, Math.max(0, byId.size - TASKS_MAX))) byId.delete(id);
  order = undefined;
}

/** A list cuts long prompts. One that is known is kept, unless the task has been changed. */
function withWholePrompt(listed: Task["execution"], known: Task["execution"]): Task["execution"] {
  const isCut = listed?.prompt !== undefined && known?.prompt?.startsWith(listed.prompt);
  return isCut ? { ...listed, prompt: known!.prompt } : listed;
}

/** Loads page by page, the newest first, until there are no more or `isEnough` is true. */
async function loadPages(
  filter: TaskFilter | undefined,
  seen: Set<string>,
  isEnough: () => boolean,
): Promise<boolean> {
  let offset = 0;
  while (offset < TASKS_MAX) {
    const { tasks, total_count, pagination } = await ask("list_tasks", {
      sort: { field: "created_at", order: "desc" },
      limit: PAGE,
      offset,
      filter,
    });
    for (const task of tasks) {
      seen.add(task.id);
      put({ ...task, execution: withWholePrompt(task.execution, byId.get(task.id)?.execution) });
    }
    // Archived tasks are not among those that count.
    if (filter?.archived === undefined) tasksTotal.value = total_count;
    if (pagination.next_offset === undefined) return true;
    if (isEnough()) return false;
    offset = pagination.next_offset;
  }
  return false;
}

const OPEN = TASK_STATUSES.filter((status) => !isFinished(status));
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
  // Tasks that have not ended are shown however old they are.
  if (!isComplete) await loadPages({ status: OPEN }, seen, () => false);
  const isGone = ({ id, archived }: Task) => !archived && !seen.has(id) && !arrived.has(id);
  for (const task of byId.values()) if (isGone(task)) byId.delete(task.id);
  order = undefined;
  tasksLoaded.value = true;
  changed();
}

/** Says at once what the server has acknowledged. */
export function markArchived(task_ids: readonly string[], isArchived: boolean): void {
  for (const id of task_ids) {
    const known = byId.get(id);
    if (known) put({ ...known, archived: isArchived || undefined });
  }
}

/** Loads the archived tasks, the newest first, and forgets those that are gone. */
export async function loadArchived(): Promise<void> {
  const seen = new Set<string>();
  await loadPages({ archived: true }, seen, () => false);
  for (const { id, archived } of byId.values()) if (archived && !seen.has(id)) byId.delete(id);
  order = undefined;
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
    // They may just have been archived.
    await loadPages({ archived: "any" }, seen, () => ids.every((id) => seen.has(id)));
    tasksTotal.value = Math.max(tasksTotal.value, tasks.peek().length);
    return;
  }
  for (const task_id of ids) put((await ask("get_task_status", { task_id })).task);
  tasksTotal.value = Math.max(tasksTotal.value, tasks.peek().length);
}

/** The wait that follows from the status alone. A pending task must be looked up. */
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
  if (new_status === "running" && known.status !== "paused") {
    task.started_at = timestamp;
    // The push does not count attempts, but one has begun.
    task.attempt = Math.max(1, known.attempt);
  }
  if (isFinished(new_status)) task.completed_at = timestamp;
  else delete task.completed_at;
  task.error = error;
  task.waiting_for = WAITING_FOR[new_status];
  if (new_status !== "running" && new_status !== "paused") {
    delete task.pending_permissions;
    delete task.pending_questions;
  }
  put(task);
  // Queued for another attempt: the push says neither when it starts nor how many attempts there were.
  const isPutBack = new_status === "queued" && (old_status === "running" || isFinished(old_status));
  if (new_status === "pending" || isPutBack) lookUp(task_id);
  if (new_status === "running") lookUpHeldUp();
}

/** Those that wait for a task that no longer runs may now wait for the one that has just started. No push says so. */
function lookUpHeldUp(): void {
  const hasLeft = (id: string) => !["running", "paused"].includes(byId.get(id)?.status ?? "running");
  for (const { id, waiting_for } of byId.values()) {
    if (waiting_for?.kind === "concurrency" && waiting_for.task_ids?.some(hasLeft)) lookUp(id);
  }
}

function progressed({ task_id, new_progress, progress_details }: Pushes["task_progress_update"]): void {
  const known = byId.get(task_id);
  if (known === undefined) return lookUp(task_id);
  put({ ...known, progress: new_progress, progress_details: progress_details ?? known.progress_details });
}

function permissionAsked({ task_id, type: _, timestamp: __, ...asked }: Pushes["permission_request"]): void {
  const known = byId.get(task_id);
  if (known === undefined) return lookUp(task_id);
  const others = (known.pending_permissions ?? []).filter((one) => one.permission_id !== asked.permission_id);
  put({ ...known, pending_permissions: [...others, asked] });
}

function questionAsked({ task_id, type: _, timestamp: __, ...asked }: Pushes["question_asked"]): void {
  const known = byId.get(task_id);
  if (known === undefined) return lookUp(task_id);
  const others = (known.pending_questions ?? []).filter((one) => one.question_id !== asked.question_id);
  put({ ...known, pending_questions: [...others, asked] });
}

/** Fields whose change no other push tells. */
const TOLD_BY_NAME = [
  "review",
  "changes",
  "workspace",
  "turn",
  "queued_messages",
  "waiting_for",
  "pull_request",
  "project",
  "archived",
  // By `update_task`.
  "description",
  "priority",
  "dependencies",
  "timeout",
  "metadata",
  "execution",
  "scheduled_time",
];

/** Those that began with what has just changed may now be out of date. No push says so. */
function lookUpDependents(id: string): void {
  for (const task of byId.values()) {
    if (task.attempt > 0 && task.dependencies?.includes(id)) lookUp(task.id);
  }
}

/** The push says what has changed, not how. Of the questions, only what is no longer open must be looked up. */
function taskChanged({ task_id, changed }: Pushes["task_changed"]): void {
  const known = byId.get(task_id);
  if (known === undefined) return;
  if (changed.includes("review") || changed.includes("turn")) lookUpDependents(task_id);
  const isAnswered = known.pending_questions !== undefined && changed.includes("pending_questions");
  if (isAnswered || changed.some((field) => TOLD_BY_NAME.includes(field))) lookUp(task_id);
}

/**
 * If an agent no longer waits, someone has answered it. Its status comes with measurements and may be older than the
 * question, so the task is looked up.
 */
function agentChanged({ agent }: Pushes["agent_update"]): void {
  const known = byId.get(agent.task_id);
  // A paused agent still waits for its answer.
  if (known === undefined || agent.status === "paused" || agent.status === "stopping") return;
  const asks = (known.pending_permissions?.length ?? 0) > 0;
  if (asks !== (agent.status === "waiting_for_permission") && !isFinished(known.status)) {
    lookUp(agent.task_id);
  }
}

function summarised({ summary }: Pushes["task_manager_status"]): void {
  taskSummary.value = summary;
  tasksTotal.value = summary.total;
  const isLongAgo = systemClock.monotonic() - loaded_ms > RELOAD_EVERY_MS;
  if (tasksLoaded.value && summary.total < tasks.peek().length && isLongAgo) load().catch(report);
}

/** To be called once, before `listen`. */
export function keepTasks(): void {
  // A load from before the reconnection may have missed something.
  onResubscribed(() => loading?.then(load, load) ?? load());
  onPush("task_status_update", statusChanged);
  onPush("task_progress_update", progressed);
  onPush("permission_request", permissionAsked);
  onPush("question_asked", questionAsked);
  onPush("task_changed", taskChanged);
  onPush("agent_update", agentChanged);
  onPush("task_manager_status", summarised);
}

/** Looks one task up again, such as after an answer to its permission request. */
export async function refreshTask(task_id: string): Promise<Task> {
  const { task } = await ask("get_task_status", { task_id });
  // The id of a schedule is answered in the shape of a task, which it is not.
  if (task.recurring === undefined) put(task);
  return task;
}
