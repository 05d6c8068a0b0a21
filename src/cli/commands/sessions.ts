/** `sessions`: the sessions that an agent keeps, so that a task can go on with one. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { AgentSession } from "../../domain/agent_session.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { localDateTime } from "../local_time.ts";
import { path } from "../options.ts";
import { ownCommand } from "../own_command.ts";
import { type Column, printTable } from "../table.ts";

interface SessionsFlags extends CommonFlags {
  cwd?: string;
}

export function addSessions(program: Command, cli: Cli): void {
  cli.command(
    program,
    "sessions <agent>",
    "list the sessions that an agent keeps, in folders that tasks may use",
  )
    .option("--cwd <dir>", "only those of this folder", path)
    .action(async (agent: string, flags: SessionsFlags) => {
      const { terminal } = cli;
      const working_dir = flags.cwd === undefined ? undefined : resolve(Deno.cwd(), flags.cwd);
      if (!flags.json) terminal.note(`starting ${agent}`);
      const reply = await cli.http(flags).request("list_agent_sessions", { agent, working_dir });
      if (flags.json) return terminal.json(reply, 2);
      printTable(terminal, reply.sessions, COLUMNS);
      const [first] = reply.sessions;
      if (first === undefined) return terminal.note("it keeps none in folders that tasks may use");
      const run = `run "…" --agent ${agent} --session ID --cwd FOLDER`;
      terminal.note(`have a task go on with one: ${ownCommand(run, flags)}`);
    });
}

const COLUMNS: Column<AgentSession>[] = [
  { title: "SESSION", value: ({ session_id }) => session_id },
  { title: "UPDATED", value: ({ updated_at }) => updated_at === undefined ? "-" : localDateTime(updated_at) },
  { title: "FOLDER", value: ({ working_dir }) => working_dir },
  { title: "TITLE", value: ({ title }) => title ?? "-" },
];
