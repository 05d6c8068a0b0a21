/** Watches one task until its end: its log as it comes, its progress, its questions. */
import type { Client } from "../client/client.ts";
import type { PushStream } from "../client/subscriptions.ts";
import { isFinished } from "../client/wait_for.ts";
import { within } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import type { LogEntry, LogLevel } from "../domain/log_entry.ts";
import type { Task } from "../domain/task.ts";
import { type Cli, type CommonFlags, EXIT } from "./cli.ts";
import { FollowView, type View } from "./follow_view.ts";
import { JsonView } from "./json_view.ts";
import { Questions } from "./questions.ts";
import { untilSignalled } from "./signals.ts";
import { levelsFrom } from "./task_view.ts";

/** How long the last log entries of an ended task are waited for. */
const LAST_ENTRIES_MS = 3000;

export interface FollowOptions {
  task_id: string;
  json: boolean;
  level: LogLevel;
}

/**
 * Follows the task to its end, from its first log entry on. The exit code: 0 completed, 1 failed, 130 cancelled.
 * Ctrl-C (130) and SIGTERM (143) end the following alone, the task goes on.
 */
export async function follow(cli: Cli, flags: CommonFlags, options: FollowOptions): Promise<number> {
  const left = interrupted(cli, options.task_id);
  const opening = cli.listener(flags);
  const client = await Promise.race([opening, left]);
  if (typeof client === "number") return client;
  try {
    return await followWith(cli, client, options, left);
  } finally {
    client.close();
  }
}

async function followWith(
  cli: Cli,
  client: Client,
  options: FollowOptions,
  left: Promise<number>,
): Promise<number> {
  const { task_id } = options;
  const view: View = options.json ? new JsonView(cli.terminal) : new FollowView(cli.terminal, cli.clock);
  const questions = new Questions(cli, client, task_id, options.json);
  const only = { task_ids: [task_id] };
  const pushes = await client.subscribe(["task_status", "task_progress"], {
    task_status: only,
    task_progress: only,
  });
  try {
    const entries = await client.followLogs({ agent: task_id, level: levelsFrom(options.level) });
    const log = new LogPrinter(entries, view);
    const printed = log.run();
    const ended = await Promise.race([
      watch(client, task_id, pushes, view, questions),
      left,
      // Its end is no news, its failure is.
      printed.then(() => new Promise<never>(() => {})),
    ]);
    if (typeof ended === "number") return ended;
    await log.printAll(cli, client, task_id, levelsFrom(options.level));
    await entries.return?.();
    await printed;
    view.ended(ended);
    return ended.status === "completed"
      ? EXIT.done
      : ended.status === "cancelled"
      ? EXIT.cancelled
      : EXIT.failed;
  } finally {
    questions.close();
    view.close();
    await pushes.return?.();
  }
}

class LogPrinter {
  count = 0;
  #printed = Promise.withResolvers<void>();
  constructor(private readonly entries: AsyncIterable<LogEntry>, private readonly view: View) {}

  async run(): Promise<void> {
    for await (const entry of this.entries) {
      this.view.entry(entry);
      this.count++;
      this.#printed.resolve();
      this.#printed = Promise.withResolvers<void>();
    }
  }

  /** The end of a task is told before the last of its log may be: waits until as many entries were printed as there are. */
  async printAll(cli: Cli, client: Client, task_id: string, level: LogLevel[]): Promise<void> {
    const { data } = await client.request("request_log_entries", {
      limit: 1,
      filter: { agent: task_id, level },
    });
    const deadline = cli.clock.monotonic() + LAST_ENTRIES_MS;
    while (this.count < data.filtered_count) {
      const left = deadline - cli.clock.monotonic();
      if (left <= 0) return;
      await within(cli.clock, left, this.#printed.promise, undefined);
    }
  }
}

async function watch(
  client: Client,
  task_id: string,
  pushes: PushStream,
  view: View,
  questions: Questions,
): Promise<Task> {
  const look = async () => {
    const { task } = await client.request("get_task_status", { task_id });
    view.task(task);
    questions.open(task);
    return task;
  };
  let task = await look();
  while (!isFinished(task.status)) {
    const { done, value } = await pushes.next();
    if (done) throw new ApiError("CONNECTION_LOST", "The connection was closed", { sent: true });
    if (value.type === "task_progress_update") {
      view.progress(value);
    } else if (value.type === "permission_request") {
      view.permission(value);
      questions.ask(value);
    } else if (value.type === "task_status_update") {
      view.status(value);
      task = await look();
    } else if (value.type === "resubscribed") {
      task = await look();
    }
  }
  return task;
}

/** Resolves only when we should leave before the task has ended. */
async function interrupted({ clock, terminal }: Cli, task_id: string): Promise<number> {
  const signal = await untilSignalled(clock);
  terminal.status("");
  terminal.note(
    `no longer following; task ${task_id} goes on\n` +
      `again: opencode-agents follow ${task_id}\nto end it: opencode-agents cancel ${task_id}`,
  );
  return signal === "SIGTERM" ? EXIT.terminated : EXIT.cancelled;
}
