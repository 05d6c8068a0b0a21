/** `projects`: the projects of the configuration, and how their tasks do. */
import type { Command } from "commander";
import type { ProjectView } from "../../protocol/project_messages.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { type Column, printTable } from "../table.ts";

export function addProjects(program: Command, cli: Cli): void {
  cli.command(program, "projects", "list the projects of the configuration, with their tasks")
    .action(async (flags: CommonFlags) => {
      const reply = await cli.http(flags).request("list_projects", {});
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      if (reply.projects.length === 0) {
        return terminal.note("no project is configured: `projects` in the configuration file names them");
      }
      printTable(terminal, reply.projects, COLUMNS);
    });
}

const count = (title: string, of: keyof ProjectView["tasks"]): Column<ProjectView> => ({
  title,
  value: ({ tasks }) => String(tasks[of]),
});

const COLUMNS: Column<ProjectView>[] = [
  { title: "PROJECT", value: ({ name }) => name },
  count("RUNNING", "running"),
  count("QUEUED", "queued"),
  count("PENDING", "pending"),
  count("PAUSED", "paused"),
  count("TO REVIEW", "to_review"),
  { title: "AGENT", value: ({ agent }) => agent ?? "" },
  { title: "ISOLATION", value: ({ isolation }) => isolation ?? "" },
  {
    title: "BRANCH",
    value: ({ base_branch, is_git }) => base_branch ?? (is_git ? "" : "no repository"),
  },
  { title: "PATH", value: ({ path }) => path },
];
