/** `logs`: what agents printed and what the server did. */
import type { Command } from "commander";
import type { Client } from "../../client/client.ts";
import { ApiError } from "../../domain/errors.ts";
import type { LogLevel } from "../../domain/log_entry.ts";
import type { RequestInput } from "../../protocol/messages.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { levelsFrom, logLines } from "../log_text.ts";
import { localZone } from "../local_time.ts";
import { levelOption, wholeNumber } from "../options.ts";
import { pointInTime } from "../when.ts";

interface LogsFlags extends CommonFlags {
  follow?: boolean;
  level: LogLevel;
  limit: number;
  contains?: string;
  since?: string;
}

type Filter = NonNullable<RequestInput<"request_log_entries">["filter"]>;

export function addLogs(program: Command, cli: Cli): void {
  cli.command(program, "logs [task]", "show log entries, of one task or of all")
    .option("-f, --follow", "keep showing new entries until Ctrl-C")
    .addOption(levelOption("debug", "entries of this level and above"))
    .option("-n, --limit <count>", "the newest entries, at most 1000", wholeNumber, 50)
    .option("--contains <text>", "entries whose message contains this text")
    .option("--since <time>", "entries since then: 10m, 2h, yesterday, 09:00, or a date and time")
    .action(async (task: string | undefined, flags: LogsFlags) => {
      const filter = {
        agent: task,
        level: flags.level === "debug" ? undefined : levelsFrom(flags.level),
        message_contains: flags.contains,
        since: flags.since === undefined
          ? undefined
          : pointInTime(flags.since, "since", { now_ms: cli.clock.now(), zone: localZone() }).time,
      };
      await (flags.follow ? followEntries : showEntries)(cli, task, flags, filter);
    });
}

async function showEntries(cli: Cli, task: string | undefined, flags: LogsFlags, filter: Filter) {
  const { terminal } = cli;
  const server = cli.http(flags);
  if (task !== undefined) await server.request("get_task_status", { task_id: task });
  const reply = await server.request("request_log_entries", {
    filter,
    limit: flags.limit,
    sort: { field: "time", order: "desc" },
  });
  const { entries } = reply.data;
  entries.reverse();
  if (flags.json) return terminal.json(reply, 2);
  for (const entry of entries) terminal.line(logLines(entry, terminal, task === undefined));
  if (entries.length === 0) terminal.note("no log entries");
}

async function followEntries(cli: Cli, task: string | undefined, flags: LogsFlags, filter: Filter) {
  const { terminal } = cli;
  const client = await cli.connect(flags);
  try {
    if (task !== undefined && !await exists(client, task)) {
      terminal.note(`no task '${task}' yet; its entries appear when it exists`);
    }
    for await (const log of await client.followLogs(filter, { tail: flags.limit })) {
      if (flags.json) terminal.json({ type: "log_entry", log });
      else terminal.line(logLines(log, terminal, true));
    }
  } finally {
    client.close();
  }
}

async function exists(client: Client, task_id: string): Promise<boolean> {
  try {
    await client.request("get_task_status", { task_id });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.code === "TASK_NOT_FOUND") return false;
    throw error;
  }
}
