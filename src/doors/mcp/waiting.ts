/** Waits for a task's end, up to a time limit, and reports to the caller meanwhile. */
import { isFinished } from "../../domain/task_values.ts";
import type { Clock } from "../../clock/clock.ts";
import type { Task } from "../../domain/task.ts";
import type { Change, McpBackend } from "./backend.ts";

/** MCP clients give up on a tool that is silent for a minute. */
const SIGN_OF_LIFE_MS = 10_000;

export interface Waiting {
  backend: McpBackend;
  clock: Clock;
  task_id: string;
  timeout_ms: number;
  signal: AbortSignal;
  /** Called at every change and every ten seconds. */
  heard(elapsed_ms: number, text: string): void;
}

/** Returns the task when it has ended or the time is up. Rejects with the backend's errors and the signal's reason. */
export async function waitAtMost(waiting: Waiting): Promise<Task> {
  const { backend, clock, task_id, timeout_ms, signal } = waiting;
  const begin = clock.monotonic();
  signal.throwIfAborted();
  let news: Change[] = [];
  let wake = () => {};
  const stop = await backend.watch(task_id, (change) => {
    news.push(change);
    wake();
  });
  const timer = clock.every(SIGN_OF_LIFE_MS, () => wake());
  let isLate = false;
  const end = clock.after(timeout_ms, () => {
    isLate = true;
    wake();
  });
  const abort = () => wake();
  signal.addEventListener("abort", abort);
  try {
    let task = await status(backend, task_id, signal);
    let now: Change = { ...task, step: task.progress_details?.current_step };
    while (!isFinished(task.status) && !isLate) {
      signal.throwIfAborted();
      if (news.length === 0) await new Promise<void>((resolve) => wake = resolve);
      wake = () => {};
      signal.throwIfAborted();
      const isLookDue = news.some((change) => Object.keys(change).length === 0) ||
        news.some((change) => change.status !== undefined && isFinished(change.status));
      for (const change of news) now = { ...now, ...change };
      news = [];
      if (isLookDue) task = await status(backend, task_id, signal);
      else waiting.heard(clock.monotonic() - begin, described(now));
    }
    return isFinished(task.status) ? task : await status(backend, task_id, signal);
  } finally {
    stop();
    timer.cancel();
    end.cancel();
    signal.removeEventListener("abort", abort);
  }
}

async function status(backend: McpBackend, task_id: string, signal: AbortSignal): Promise<Task> {
  return (await backend.request("get_task_status", { task_id }, { signal })).task;
}

function described({ status, progress, step }: Change): string {
  return `${status}, ${progress ?? 0} %${step ? `: ${step}` : ""}`;
}
