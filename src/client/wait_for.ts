/** Waits for the end of a task, over lost connections too. */
import { ApiError } from "../domain/errors.ts";
import type { SubscriptionFilters } from "../protocol/subscription_messages.ts";
import type { Channel } from "../protocol/subscription_messages.ts";
import type { Task, TaskStatus } from "../domain/task.ts";
import type { Requester } from "./replies.ts";
import type { PushStream } from "./subscriptions.ts";

const FINISHED: readonly TaskStatus[] = ["completed", "failed", "cancelled"];

/** Whether a task of this status is over, unless somebody retries it. */
export function isFinished(status: TaskStatus): boolean {
  return FINISHED.includes(status);
}

interface Watcher extends Requester {
  subscribe(channels: Channel[], filters?: SubscriptionFilters): Promise<PushStream>;
}

/** The task as it ended. Rejects with `TASK_NOT_FOUND`, when the client is closed, or with the signal's reason. */
export async function waitForTask(client: Watcher, task_id: string, signal?: AbortSignal): Promise<Task> {
  signal?.throwIfAborted();
  const pushes = await client.subscribe(["task_status"], { task_status: { task_ids: [task_id] } });
  const leave = () => void pushes.return?.();
  signal?.addEventListener("abort", leave, { once: true });
  try {
    while (true) {
      const task = await statusOf(client, task_id, signal);
      if (task && isFinished(task.status)) return task;
      if (!(await somethingEnded(pushes))) {
        signal?.throwIfAborted();
        throw new ApiError("CONNECTION_LOST", "The client was closed");
      }
    }
  } finally {
    signal?.removeEventListener("abort", leave);
    leave();
  }
}

/** Undefined when the connection was lost meanwhile: after it is back, the status is asked for again. */
async function statusOf(client: Requester, task_id: string, signal?: AbortSignal): Promise<Task | undefined> {
  try {
    return (await client.request("get_task_status", { task_id }, { signal })).task;
  } catch (error) {
    if (error instanceof ApiError && error.code === "CONNECTION_LOST" && error.details.sent === true) {
      return undefined;
    }
    throw error;
  }
}

/** True at the first push after which the status is worth a look; false when there will be none. */
async function somethingEnded(pushes: PushStream): Promise<boolean> {
  for (;;) {
    const { done, value } = await pushes.next();
    if (done) return false;
    if (value.type === "resubscribed") return true;
    if (value.type === "task_status_update" && isFinished(value.new_status)) return true;
  }
}
