/** What `top` shows, and how pushes change it. Pure. */
import type { Subscribed } from "../../client/subscriptions.ts";
import { needOf, NEEDS } from "../../domain/needs.ts";
import { isFinished } from "../../domain/task_values.ts";
import type { LogEntry } from "../../domain/log_entry.ts";
import type { Pushes } from "../../protocol/pushes.ts";
import type { PermissionRequest } from "../../domain/permission_request.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import type { TaskSummary } from "../../protocol/system_messages.ts";
import type { Task, TaskStatus } from "../../domain/task.ts";
import { openPermissions } from "../task_text.ts";

export interface Board {
  url: string;
  connected: boolean;
  /** The tasks that have not ended, and the latest ended ones, by id. */
  tasks: ReadonlyMap<string, Task>;
  summary?: TaskSummary;
  resources?: SystemResources;
  /** The task with the cursor. */
  selected?: string;
  /** The newest log entries of the selected task, oldest first. */
  entries: readonly LogEntry[];
  page: "board" | "log" | "help" | "request";
  /** The request that is shown in full before it is answered. `reason`: what is being typed for the agent, to deny it. */
  answering?: { permission_id: string; scrolled: number; reason?: string };
  /** What is done if the user confirms it. */
  confirming?: { type: "cancel_task" | "accept_changes" | "discard_changes"; task_id: string };
  /** The outcome of the last key. */
  notice?: string;
}

export function emptyBoard(url: string): Board {
  return { url, connected: true, tasks: new Map(), entries: [], page: "board" };
}

/** In the order of the board. */
export const OPEN_STATUSES: TaskStatus[] = ["running", "paused", "queued", "pending"];

/** Tasks that need a person first, the most urgent at the top; then running, waiting and ended ones, the newest first. */
export function ordered({ tasks }: Board): Task[] {
  const rank = (task: Task) => {
    const need = needOf(task);
    if (need !== undefined) return NEEDS.indexOf(need) - NEEDS.length;
    return isFinished(task.status) ? OPEN_STATUSES.length : OPEN_STATUSES.indexOf(task.status);
  };
  const moment = (task: Task) => task.completed_at ?? task.started_at ?? task.created_at;
  return [...tasks.values()].sort((a, b) =>
    rank(a) - rank(b) ||
    (isFinished(a.status) ? compare(moment(b), moment(a)) : compare(moment(a), moment(b))) ||
    compare(a.id, b.id)
  );
}

const compare = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;

/** The board with these tasks. The cursor stays on its task or goes to the first. */
export function withTasks(board: Board, tasks: Task[]): Board {
  const known = new Map(tasks.map((task) => [task.id, task]));
  const next = { ...board, tasks: known };
  if (board.selected !== undefined && known.has(board.selected)) return next;
  return { ...next, selected: ordered(next)[0]?.id, entries: [] };
}

/** The request that is shown in full, while it is open. */
export function shownRequest(board: Board): PermissionRequest | undefined {
  const task = selectedTask(board);
  return task && openPermissions(task).find((one) => one.permission_id === board.answering?.permission_id);
}

export function selectedTask({ tasks, selected }: Board): Task | undefined {
  return selected === undefined ? undefined : tasks.get(selected);
}

/** The board after a push, and whether the tasks must be loaded again. */
export function afterPush(board: Board, push: Subscribed): { board: Board; stale: boolean } {
  switch (push.type) {
    case "resource_update":
      return { board: { ...board, resources: push.resources }, stale: false };
    case "task_manager_status":
      return { board: { ...board, summary: push.summary }, stale: false };
    case "resubscribed":
      return { board, stale: true };
    case "task_status_update":
    case "task_progress_update":
    case "permission_request": {
      const task = board.tasks.get(push.task_id);
      if (!task) return { board, stale: push.type !== "task_progress_update" };
      const tasks = new Map(board.tasks).set(task.id, changed(task, push));
      // A request may have been answered elsewhere: no push announces that.
      const stale = push.type !== "permission_request" && openPermissions(task).length > 0;
      return { board: { ...board, tasks }, stale };
    }
    case "task_changed":
      return { board, stale: push.changed.some((field) => TOLD_BY_FIELD.has(field)) };
    default:
      return { board, stale: false };
  }
}

/** Fields by which a task comes to need somebody, or needs nobody any more. */
const TOLD_BY_FIELD = new Set([
  "pending_questions",
  "waiting_for",
  "review",
  "changes",
  "pull_request",
  "archived",
]);

type TaskPush = Pushes["task_status_update" | "task_progress_update" | "permission_request"];

function changed(task: Task, push: TaskPush): Task {
  switch (push.type) {
    case "task_progress_update":
      return { ...task, progress: push.new_progress, progress_details: push.progress_details };
    case "permission_request": {
      const { type: _, task_id: __, timestamp: ___, ...asked } = push;
      const others = openPermissions(task).filter((other) => other.permission_id !== asked.permission_id);
      return { ...task, pending_permissions: [...others, asked] };
    }
    case "task_status_update": {
      const { old_status, new_status, progress, error, timestamp } = push;
      const isStarted = new_status === "running" && old_status !== "paused";
      const isEnded = isFinished(new_status);
      return {
        ...task,
        status: new_status,
        progress,
        error,
        waiting_for: undefined,
        started_at: isStarted ? timestamp : task.started_at,
        completed_at: isEnded ? timestamp : undefined,
        pending_permissions: isEnded ? undefined : task.pending_permissions,
        pending_questions: isEnded ? undefined : task.pending_questions,
      };
    }
  }
}
