/** `archive`: puts finished tasks away from the lists. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";
import { ownCommand } from "../own_command.ts";

interface ArchiveFlags extends CommonFlags {
  undo?: boolean;
}

export function addArchive(program: Command, cli: Cli): void {
  cli.command(
    program,
    "archive <task...>",
    "leave finished tasks out of lists and counts; all of them or none",
  )
    .option("--undo", "take them out of the archive")
    .action(async (task_ids: string[], flags: ArchiveFlags) => {
      const reply = await cli.http(flags).request("archive_tasks", { task_ids, archived: !flags.undo });
      if (flags.json) return cli.terminal.json(reply, 2);
      for (const id of reply.task_ids) {
        cli.terminal.line(`task ${id} ${reply.archived ? "archived" : "is no longer archived"}`);
      }
      for (const id of reply.to_review ?? []) {
        cli.terminal.note(
          `nobody has accepted or discarded the changes of ${id}, which stay: ${
            ownCommand(`diff ${id}`, flags)
          }`,
        );
      }
    });
}
