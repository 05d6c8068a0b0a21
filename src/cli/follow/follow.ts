/** Follows a task to its end: its log, its progress and what its agent asks. */
import type { Client } from "../../client/client.ts";
import type { Requester } from "../../client/replies.ts";
import type { PushStream } from "../../client/subscriptions.ts";
import { isFinished } from "../../domain/task_values.ts";
import { ApiError } from "../../domain/errors.ts";
import type { LogEntry, LogLevel } from "../../domain/log_entry.ts";
import type { Task, TaskStatus } from "../../domain/task.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { EXIT } from "../exit_codes.ts";
import { ownCommand } from "../own_command.ts";
import { levelsFrom } from "../log_text.ts";
import { nextSteps } from "../review_text.ts";
import { untilSignalled } from "../signals.ts";
import { JsonView } from "./json_view.ts";
import { LogPrinter } from "./log_printer.ts";
import { Questions } from "./questions.ts";
import { TextView } from "./text_view.ts";
import type { View } from "./view.ts";

export interface FollowOptions {
  task_id: string;
  level: LogLevel;
  /** Leaves out what the log had before. */
  after?: LogEnd;
}

/** The end of a task's log. */
export interface LogEnd {
  time: string;
  /** Those of that time, by which the next ones begin. */
  entries: readonly LogEntry[];
}

/** How many entries may have the same time. */
const SAME_TIME_MAX = 100;

/** Where the task's log ends now, for following only what comes next. */
export async function logEnd(server: Requester, task_id: string): Promise<LogEnd | undefined> {
  const sort = { field: "time", order: "desc" } as const;
  const asked = { limit: SAME_TIME_MAX, filter: { agent: task_id }, sort };
  const { data: { entries } } = await server.request("request_log_entries", asked);
  const time = entries[0]?.time;
  return time === undefined ? undefined : { time, entries: entries.filter((entry) => entry.time === time) };
}

/**
 * Follows the task from its first log entry, or from what is `after` another, to its end. Returns the exit code: 0 completed, 1 failed, 130
 * cancelled. Ctrl-C (130) and SIGTERM (143) end only the following; the task continues.
 */
export async function follow(cli: Cli, flags: CommonFlags, options: FollowOptions): Promise<number> {
  const interrupted = untilInterrupted(cli, flags, options.task_id);
  const client = await Promise.race([cli.connect(flags), interrupted]);
  if (typeof client === "number") return client;
  try {
    return await followWith(cli, client, flags, options, interrupted);
  } finally {
    client.close();
  }
}

async function followWith(
  cli: Cli,
  client: Client,
  flags: CommonFlags,
  { task_id, level, after }: FollowOptions,
  interrupted: Promise<number>,
): Promise<number> {
  const json = flags.json ?? false;
  const view: View = json ? new JsonView(cli.terminal) : new TextView(cli.terminal, cli.clock);
  const questions = new Questions(cli.terminal, client, task_id, json, flags);
  const only = { task_ids: [task_id] };
  const pushes = await client.subscribe(["task_status", "task_progress", "conversations"], {
    task_status: only,
    task_progress: only,
    conversations: only,
  });
  const filter = { agent: task_id, level: levelsFrom(level), since: after?.time };
  try {
    const entries = await client.followLogs(filter);
    const log = new LogPrinter(entries, view, after?.entries);
    const printed = log.run();
    const ended = await Promise.race([
      untilEnded(client, task_id, pushes, view, questions),
      interrupted,
      // If the log ends, the task may still be running. If the log fails, following fails.
      printed.then(() => new Promise<never>(() => {})),
    ]);
    if (typeof ended === "number") return ended;
    await log.printAll(cli.clock, client, filter);
    await entries.return?.();
    await printed;
    view.ended(ended);
    if (!json) nextSteps(ended, flags).forEach((step) => cli.terminal.note(step));
    return exitOf(ended.status);
  } finally {
    questions.close();
    view.close();
    await pushes.return?.();
  }
}

function exitOf(status: TaskStatus): number {
  if (status === "completed") return EXIT.done;
  return status === "cancelled" ? EXIT.cancelled : EXIT.failed;
}

async function untilEnded(
  client: Client,
  task_id: string,
  pushes: PushStream,
  view: View,
  questions: Questions,
): Promise<Task> {
  const look = async () => {
    const { task } = await client.request("get_task_status", { task_id });
    view.task(task);
    questions.askOpen(task);
    return task;
  };
  let task = await look();
  while (!isFinished(task.status)) {
    const { done, value: push } = await pushes.next();
    if (done) throw new ApiError("CONNECTION_LOST", "The connection was closed", { sent: true });
    if (push.type === "task_progress_update") {
      view.progress(push);
    } else if (push.type === "permission_request") {
      view.permission(push);
      questions.ask(push);
    } else if (push.type === "question_asked") {
      view.question(push);
      questions.show(push);
    } else if (push.type === "conversation_message") {
      view.message(push);
    } else if (push.type === "task_status_update") {
      view.status(push);
      task = await look();
    } else if (push.type === "task_changed") {
      if (push.changed.includes("waiting_for")) task = await look();
    } else if (push.type === "resubscribed") {
      task = await look();
    }
  }
  return task;
}

/** Resolves to the exit code when a signal ends the following before the task ends. */
async function untilInterrupted(
  { clock, terminal }: Cli,
  flags: CommonFlags,
  task_id: string,
): Promise<number> {
  const signal = await untilSignalled(clock);
  terminal.status("");
  terminal.note(
    `no longer following; task ${task_id} continues\n` +
      `again: ${ownCommand(`follow ${task_id}`, flags)}\nto end it: ${
        ownCommand(`cancel ${task_id}`, flags)
      }`,
  );
  return signal === "SIGTERM" ? EXIT.terminated : EXIT.cancelled;
}
