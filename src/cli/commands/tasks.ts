/** `tasks`: the tasks in a table. */
import type { Command } from "commander";
import { Priority, type Task, TaskStatus, TaskType } from "../../domain/task.ts";
import { duration } from "../../protocol/formats.ts";
import { TASK_SORT_FIELDS, type TaskSortField } from "../../protocol/task_messages.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { addListOptions, anyOf, type ListFlags } from "../options.ts";
import { type Column, printTable } from "../table.ts";
import { runTime, statusStyle } from "../task_text.ts";

interface TasksFlags extends CommonFlags, ListFlags<TaskSortField> {
  status?: TaskStatus[];
  type?: TaskType[];
  priority?: Priority[];
  contains?: string;
}

/** Fields that sort descending by default. */
const DESCENDING = /_at$|^progress$|^priority$/;

export function addTasks(program: Command, cli: Cli): void {
  const command = cli.command(program, "tasks", "list tasks, the newest first")
    .addOption(anyOf("status", TaskStatus.options))
    .addOption(anyOf("type", TaskType.options))
    .addOption(anyOf("priority", Priority.options))
    .option("--contains <text>", "tasks whose description contains this text");
  addListOptions(command, TASK_SORT_FIELDS, "created_at", "desc for times and progress, else asc")
    .action(async (flags: TasksFlags) => {
      const reply = await cli.http(flags).request("list_tasks", {
        filter: {
          status: flags.status,
          type: flags.type,
          priority: flags.priority,
          description_contains: flags.contains,
        },
        sort: { field: flags.sort, order: flags.order ?? (DESCENDING.test(flags.sort) ? "desc" : "asc") },
        limit: flags.limit,
        offset: flags.offset,
      });
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      printTable(terminal, reply.tasks, columnsFor(cli));
      const { filtered_count, total_count, tasks } = reply;
      terminal.note(
        `${tasks.length} of ${filtered_count} tasks` +
          (filtered_count < total_count ? ` (${total_count} in all)` : ""),
      );
    });
}

function columnsFor({ terminal, clock }: Cli): Column<Task>[] {
  const now_ms = clock.now();
  return [
    { title: "ID", value: ({ id }) => id },
    {
      title: "STATUS",
      value: ({ status }) => status,
      paint: (cell, { status }) => terminal.paint(cell, statusStyle(status)),
    },
    { title: "PROGRESS", value: ({ progress }) => `${progress} %` },
    { title: "PRIORITY", value: ({ priority }) => priority },
    { title: "TYPE", value: ({ type }) => type },
    {
      title: "TIME",
      value: (task) => {
        const ms = runTime(task, now_ms);
        return ms === undefined ? "" : duration(ms);
      },
    },
    { title: "DESCRIPTION", value: ({ description }) => description },
  ];
}
