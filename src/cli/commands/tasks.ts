/** `tasks`: the tasks in a table. */
import { type Command, Option } from "commander";
import { Priority, type Task, TaskStatus, TaskType } from "../../domain/task.ts";
import { TASK_SORT_FIELDS, type TaskFilter, type TaskSortField } from "../../protocol/task_messages.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { statusStyle, taken } from "../task_view.ts";
import { type Column, table } from "../text.ts";
import { duration } from "../../protocol/formats.ts";
import { whole } from "../whole_number.ts";

interface TasksFlags extends CommonFlags {
  status?: TaskStatus[];
  type?: TaskType[];
  priority?: Priority[];
  contains?: string;
  sort: TaskSortField;
  order?: "asc" | "desc";
  limit: number;
  offset: number;
}

export function addTasks(program: Command, cli: Cli): void {
  const choice = (flag: string, values: readonly string[]) =>
    new Option(`${flag}...>`, values.join(", ")).choices(values);
  cli.command(program, "tasks", "list tasks, the newest first")
    .addOption(choice("--status <status", TaskStatus.options))
    .addOption(choice("--type <type", TaskType.options))
    .addOption(choice("--priority <priority", Priority.options))
    .option("--contains <text>", "tasks whose description holds this")
    .addOption(new Option("--sort <field>").choices(TASK_SORT_FIELDS).default("created_at"))
    .addOption(
      new Option("--order <order>", "(default: desc for times and progress, else asc)").choices([
        "asc",
        "desc",
      ]),
    )
    .option("-n, --limit <count>", "at most so many, 1 to 1000", whole, 50)
    .option("--offset <count>", "skip so many", whole, 0)
    .action(async (flags: TasksFlags) => {
      const filter: TaskFilter = {};
      if (flags.status) filter.status = flags.status;
      if (flags.type) filter.type = flags.type;
      if (flags.priority) filter.priority = flags.priority;
      if (flags.contains !== undefined) filter.description_contains = flags.contains;
      const order = flags.order ?? (/_at$|^progress$|^priority$/.test(flags.sort) ? "desc" : "asc");
      const reply = await (await cli.asker(flags)).request("list_tasks", {
        filter,
        sort: { field: flags.sort, order },
        limit: flags.limit,
        offset: flags.offset,
      });
      if (flags.json) return cli.terminal.json(reply, 2);
      for (const line of taskTable(cli, reply.tasks)) cli.terminal.line(line);
      const { filtered_count, total_count, tasks } = reply;
      cli.terminal.note(
        `${tasks.length} of ${filtered_count} tasks` +
          (filtered_count < total_count ? ` (${total_count} in all)` : ""),
      );
    });
}

/** Cut to the screen in a terminal, whole in a pipe. */
export function taskTable({ terminal, clock }: Cli, tasks: Task[]): string[] {
  const now = clock.now();
  const shown: Column<Task>[] = [
    { title: "ID", value: (task) => task.id },
    {
      title: "STATUS",
      value: (task) => task.status,
      paint: (cell, task) => terminal.paint(cell, statusStyle(task.status)),
    },
    { title: "PROGRESS", value: (task) => `${task.progress} %` },
    { title: "PRIORITY", value: (task) => task.priority },
    { title: "TYPE", value: (task) => task.type },
    {
      title: "TIME",
      value: (task) => {
        const ms = taken(task, now);
        return ms === undefined ? "" : duration(ms);
      },
    },
    { title: "DESCRIPTION", value: (task) => task.description },
  ];
  return table(tasks, shown, terminal.isTerminal ? terminal.width : undefined);
}
