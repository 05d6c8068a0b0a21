/** `asks`: what tasks need a person for. */
import type { Command } from "commander";
import { epochOf } from "../../clock/clock.ts";
import { duration } from "../../protocol/formats.ts";
import { type Ask, asksOf, hintsFor, NEED_NAMES, needyTasks } from "../asks.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { ownCommand } from "../own_command.ts";
import { type Column, printTable } from "../table.ts";

export function addAsks(program: Command, cli: Cli): void {
  cli.command(
    program,
    "asks",
    "list what waits for you: permission requests, questions, conflicts, feedback, work to review; the most urgent first",
  )
    .option("--project <name>", "only that of the tasks of this project (default: of all tasks)")
    .action(async ({ project, ...flags }: CommonFlags & { project?: string }) => {
      const { terminal } = cli;
      const asks = asksOf(await needyTasks(cli.http(flags), { project }));
      if (flags.json) return terminal.json({ asks }, 2);
      const where = project === undefined ? "" : ` in project ${project}`;
      if (asks.length === 0) return terminal.line(`nothing waits for you${where}`);
      printTable(terminal, asks, columnsFor(cli));
      for (const hint of hintsFor(asks)) terminal.note(hint);
      terminal.note(`each as: ${ownCommand("COMMAND", flags)}`);
    });
}

function columnsFor({ terminal, clock }: Cli): Column<Ask>[] {
  return [
    {
      title: "NEEDS",
      value: ({ kind }) => NEED_NAMES[kind],
      paint: (cell, { kind }) => terminal.paint(cell, kind === "review" ? "cyan" : "yellow"),
    },
    { title: "TASK", value: ({ task_id }) => task_id },
    {
      title: "TIME",
      value: ({ expires_at, since }) =>
        expires_at === undefined
          ? `for ${duration(clock.now() - epochOf(since))}`
          : `${duration(Math.max(0, epochOf(expires_at) - clock.now()))} left`,
    },
    { title: "COMMAND", value: ({ command }) => command },
    { title: "WHAT", value: ({ what }) => what },
  ];
}
