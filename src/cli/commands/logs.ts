/** `logs`: what agents printed and the server did. */
import { type Command, Option } from "commander";
import type { Client } from "../../client/client.ts";
import { ApiError } from "../../domain/errors.ts";
import { LogLevel } from "../../domain/log_entry.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { levelsFrom, logLines } from "../task_view.ts";
import { whole } from "../whole_number.ts";

interface LogsFlags extends CommonFlags {
  follow?: boolean;
  level: LogLevel;
  limit: number;
  contains?: string;
  since?: string;
}

export function levelOption(level: LogLevel, description: string): Option {
  return new Option("--level <level>", description).choices(LogLevel.options).default(level);
}

export function addLogs(program: Command, cli: Cli): void {
  cli.command(program, "logs [task]", "show log entries, of one task or of all")
    .option("-f, --follow", "go on with new entries until Ctrl-C")
    .addOption(levelOption("debug", "entries of this level and above"))
    .option("-n, --limit <count>", "the newest so many, at most 1000", whole, 50)
    .option("--contains <text>", "entries whose message holds this")
    .option("--since <time>", "entries since this time (ISO 8601)")
    .action(async (task: string | undefined, flags: LogsFlags) => {
      const filter = {
        ...(task === undefined ? {} : { agent: task }),
        ...(flags.level === "debug" ? {} : { level: levelsFrom(flags.level) }),
        ...(flags.contains === undefined ? {} : { message_contains: flags.contains }),
        ...(flags.since === undefined ? {} : { since: flags.since }),
      };
      const { terminal } = cli;
      if (flags.follow) {
        const client = await cli.listener(flags);
        try {
          if (task !== undefined && !await exists(client, task)) {
            terminal.note(`no task '${task}' so far; its entries come once it is there`);
          }
          for await (const log of await client.followLogs(filter, { tail: flags.limit })) {
            if (flags.json) terminal.json({ type: "log_entry", log });
            else terminal.line(logLines(log, terminal, true));
          }
        } finally {
          client.close();
        }
        return;
      }
      const client = await cli.asker(flags);
      if (task !== undefined) await client.request("get_task_status", { task_id: task });
      const reply = await client.request("request_log_entries", {
        filter,
        limit: flags.limit,
        sort: { field: "time", order: "desc" },
      });
      reply.data.entries.reverse();
      if (flags.json) return terminal.json(reply, 2);
      for (const entry of reply.data.entries) terminal.line(logLines(entry, terminal, task === undefined));
      if (reply.data.entries.length === 0) terminal.note("no log entries");
    });
}

async function exists(client: Pick<Client, "request">, task_id: string): Promise<boolean> {
  try {
    await client.request("get_task_status", { task_id });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.code === "TASK_NOT_FOUND") return false;
    throw error;
  }
}
