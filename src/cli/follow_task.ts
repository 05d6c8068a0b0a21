/** Stays with one task until it ends: its log, its progress, its questions; and ends it when told to. */
import type { Client, ConnectionChange } from "../client/client.ts";
import type { Timer } from "../clock/clock.ts";
import { ApiError } from "../protocol/errors.ts";
import type { Task, TaskStatus } from "../protocol/task.ts";
import { type Cli, EXIT } from "./context.ts";
import type { FollowView } from "./follow_view.ts";
import { type OpenPermission, PermissionDialog } from "./permission_dialog.ts";
import { connectTo, type ServerOptions } from "./server_options.ts";

/** A server that is away for longer than this is not waited for. */
const PATIENCE_MS = 300_000;

const EXIT_OF: Partial<Record<TaskStatus, number>> = {
  completed: EXIT.ok,
  failed: EXIT.failed,
  cancelled: EXIT.interrupted,
};

/**
 * Follows a task to its end; the exit code: 0 completed, 1 failed, 130 cancelled. The first Ctrl-C asks the server
 * to cancel the task, the second leaves at once.
 */
export async function followTask(
  cli: Cli,
  server: ServerOptions,
  task_id: string,
  view: FollowView,
): Promise<number> {
  const leaving = new AbortController();
  const patience = new Patience(cli, () =>
    leaving.abort(
      new ApiError("CONNECTION_LOST", `The server has been away for ${PATIENCE_MS / 1000} s`, {
        task_id,
        hint: [`The task may go on there: \`opencode-agents task ${task_id}\`.`],
      }),
    ));
  const changed = (change: ConnectionChange) => {
    patience.changed(change);
    view.connection(change);
  };
  patience.start();
  let client: Client | undefined;
  let interrupts = 0;
  const undo = cli.onInterrupt(() => {
    if (++interrupts > 1) return leaving.abort(new Left());
    view.print("Cancelling the task … (Ctrl-C again to leave without waiting)");
    const cancelled = client?.request("cancel_task", { task_id }, { signal: leaving.signal });
    cancelled?.catch((error) => view.print(`Not cancelled: ${error.message}`));
    if (!cancelled) leaving.abort(new Left());
  });
  try {
    const opening = connectTo(cli, server, { changed });
    client = await untilAborted(opening, leaving.signal, (late) => late.close());
    const task = await untilAborted(watch(cli, client, task_id, view), leaving.signal);
    view.ended(task);
    return EXIT_OF[task.status] ?? EXIT.failed;
  } catch (error) {
    if (error instanceof Left) return EXIT.interrupted;
    throw error;
  } finally {
    undo();
    patience.stop();
    client?.close();
  }
}

async function watch(cli: Cli, client: Client, task_id: string, view: FollowView): Promise<Task> {
  const dialog = new PermissionDialog(cli, client, task_id, (line) => view.print(line));
  const only = { task_ids: [task_id] };
  const pushes = await client.subscribe(["task_status", "task_progress"], {
    task_status: only,
    task_progress: only,
  });
  const logs = await client.followLogs({ agent: task_id });
  const askWhatIsOpen = async () => {
    const { task } = await client.request("get_task_status", { task_id });
    for (const request of task.pending_permissions ?? []) dialog.open(request as unknown as OpenPermission);
  };
  const reading = Promise.all([
    (async () => {
      for await (const entry of logs) view.log(entry);
    })(),
    (async () => {
      for await (const push of pushes) {
        view.push(push);
        if (push.type === "permission_request") dialog.open(push);
        if (push.type === "resubscribed") await askWhatIsOpen();
      }
    })(),
  ]);
  const ending = (async () => {
    await askWhatIsOpen();
    const task = await client.waitFor(task_id);
    // What was said of the task before its end was pushed before this reply, and read before the next.
    await client.request("ping");
    return task;
  })();
  // Reading ends by itself only by failing.
  return await Promise.race([ending, reading.then(() => ending)]);
}

/** Ctrl-C was pressed twice. */
class Left extends Error {}

/** `promise`, or the signal's reason; what comes too late is handed to `late`. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal, late?: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    promise.then((value) => {
      if (signal.aborted) late?.(value);
      resolve(value);
    }, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Counts how long there has been no connection. */
class Patience {
  readonly #cli: Cli;
  readonly #ended: () => void;
  #timer: Timer | undefined;

  constructor(cli: Cli, ended: () => void) {
    this.#cli = cli;
    this.#ended = ended;
  }

  start(): void {
    this.#timer ??= this.#cli.clock.after(PATIENCE_MS, this.#ended);
  }

  changed({ state }: ConnectionChange): void {
    if (state === "connected") this.stop();
    else this.start();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
