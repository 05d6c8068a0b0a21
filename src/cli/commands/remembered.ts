/** `remembered`: the answers to permission requests that are remembered, and how to forget one. */
import type { Command } from "commander";
import type { Reply } from "../../protocol/messages.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { localDateTime } from "../local_time.ts";
import { type Column, printTable } from "../table.ts";

interface RememberedFlags extends CommonFlags {
  forget?: string;
  task?: string;
  project?: string;
}

type Row = Reply<"list_remembered">["remembered"][number];

const COLUMNS: Column<Row>[] = [
  { title: "ID", value: ({ id }) => id },
  { title: "ANSWER", value: ({ decision }) => decision },
  {
    title: "IN",
    value: ({ scope, project, task_id }) => scope === "project" ? `project ${project}` : `task ${task_id}`,
  },
  { title: "AGENT", value: ({ agent }) => agent },
  { title: "KIND", value: ({ kind }) => kind },
  { title: "SINCE", value: ({ at }) => localDateTime(at) },
  { title: "WHAT", value: ({ command, paths = [] }) => command ?? paths.join(", ") },
];

export function addRemembered(program: Command, cli: Cli): void {
  cli.command(program, "remembered", "list the answers to permission requests that are remembered")
    .option("--task <id>", "only those that this task's agent asked for")
    .option("--project <name>", "only those of this project")
    .option("--forget <id>", "forget this one: the same request is asked again")
    .action(async ({ forget, task, project, ...flags }: RememberedFlags) => {
      const { terminal } = cli;
      const server = cli.http(flags);
      if (forget !== undefined) {
        const reply = await server.request("forget_remembered", { id: forget });
        return flags.json ? terminal.json(reply, 2) : terminal.line(`forgotten: ${reply.id}`);
      }
      const reply = await server.request("list_remembered", { task_id: task, project });
      if (flags.json) return terminal.json(reply, 2);
      if (reply.remembered.length > 0) return printTable(terminal, reply.remembered, COLUMNS);
      terminal.note("nothing is remembered: `allow` and `deny` take --remember");
    });
}
