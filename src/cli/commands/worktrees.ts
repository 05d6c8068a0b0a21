/** `worktrees`: the worktrees of tasks, and what is left of them. */
import type { Command } from "commander";
import { bytes as inBytes } from "../../protocol/formats.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { number } from "../options.ts";
import { ownCommand } from "../own_command.ts";
import { type Column, printTable } from "../table.ts";

interface WorktreesFlags extends CommonFlags {
  prune?: boolean;
  dryRun?: boolean;
  olderThan?: number;
}

interface Row {
  task_id?: string;
  path: string;
  branch?: string;
  bytes: number;
  review?: string;
  orphan: boolean;
}

const COLUMNS: Column<Row>[] = [
  { title: "TASK", value: ({ task_id }) => task_id ?? "-" },
  { title: "REVIEW", value: ({ review, orphan }) => orphan ? "orphan" : review ?? "none" },
  { title: "SIZE", value: ({ bytes }) => inBytes(bytes) },
  { title: "BRANCH", value: ({ branch }) => branch ?? "-" },
  { title: "FOLDER", value: ({ path }) => path },
];

export function addWorktrees(program: Command, cli: Cli): void {
  cli.command(program, "worktrees", "list the worktrees of tasks, and remove those that nobody needs")
    .option("--prune", "remove those that are accepted, discarded, unchanged or orphaned")
    .option("--dry-run", "with --prune: say which, and remove nothing")
    .option("--older-than <days>", "with --prune: only those that are as old", number)
    .action(async ({ prune, dryRun: dry_run, olderThan: older_than_days, ...flags }: WorktreesFlags) => {
      const { terminal } = cli;
      const server = cli.http(flags);
      if (!prune) {
        const reply = await server.request("list_worktrees", {});
        if (flags.json) return terminal.json(reply, 2);
        if (reply.worktrees.length === 0) return terminal.note("there are no worktrees");
        printTable(terminal, reply.worktrees, COLUMNS);
        for (const { path, stays } of reply.worktrees) {
          if (stays !== undefined) {
            terminal.note(`${path} cannot be removed, although its task's time is over: ${stays}`);
          }
        }
        return;
      }
      const reply = await server.request("prune_worktrees", { older_than_days, dry_run });
      if (flags.json) return terminal.json(reply, 2);
      if (reply.worktrees.length > 0) printTable(terminal, reply.worktrees, COLUMNS);
      for (const { path, kept_as = [] } of reply.worktrees) {
        for (const ref of kept_as) terminal.note(`what was in ${path} is kept as ${ref}`);
      }
      for (const { path, reason } of reply.left) {
        terminal.note(`${path} stays: ${reason.replaceAll("_", " ")}`);
      }
      if (reply.worktrees.length === 0) return terminal.note("there is nothing to remove");
      const verb = dry_run ? "would free" : "freed";
      terminal.note(`${verb} ${inBytes(reply.bytes)}`);
      if (dry_run) terminal.note(`remove them: ${ownCommand("worktrees --prune", flags)}`);
    });
}
