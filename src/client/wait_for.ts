/** Waits for a task to end, even if the connection is lost in the meantime. */
import { ApiError } from "../domain/errors.ts";
import type { SubscriptionFilters } from "../protocol/subscription_messages.ts";
import type { Channel } from "../protocol/subscription_messages.ts";
import type { Task } from "../domain/task.ts";
import { isFinished } from "../domain/task_values.ts";
import type { Requester } from "./replies.ts";
import type { PushStream } from "./subscriptions.ts";

interface Watcher extends Requester {
  subscribe(channels: Channel[], filters?: SubscriptionFilters): Promise<PushStream>;
}

/** The ended task. Rejects with `TASK_NOT_FOUND`, with the signal's reason, or when the client is closed. */
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

/** The task; undefined if the connection was lost. The caller asks again after the reconnection. */
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

/** True at the first push that may change the status; false when no more pushes come. */
async function somethingEnded(pushes: PushStream): Promise<boolean> {
  for (;;) {
    const { done, value } = await pushes.next();
    if (done) return false;
    if (value.type === "resubscribed") return true;
    if (value.type === "task_status_update" && isFinished(value.new_status)) return true;
  }
}
