/** `ps`: the agents' processes, and all others if wanted. */
import { type Command, Option } from "commander";
import {
  type Process,
  PROCESS_SORT_FIELDS,
  type ProcessFilter,
  type ProcessSortField,
  ProcessStatus,
  ProcessType,
} from "../../protocol/process.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { given } from "../new_task.ts";
import { type Column, table } from "../text.ts";
import { bytes, duration, percent } from "../../protocol/formats.ts";
import { number, whole } from "../whole_number.ts";

interface PsFlags extends CommonFlags {
  all?: boolean;
  type?: ProcessType[];
  status?: ProcessStatus[];
  name?: string;
  contains?: string;
  cwd?: string;
  minCpu?: number;
  minMemory?: number;
  sort: ProcessSortField;
  order?: "asc" | "desc";
  limit: number;
  offset: number;
}

/** Of these the smallest is what one looks for first. */
const ASCENDING = /^(?:pid|name|cmdline|status|type|agent|task_id|working_dir|activity|start_time)$/;

export function addPs(program: Command, cli: Cli): void {
  const choice = (flag: string, values: readonly string[]) =>
    new Option(`${flag}...>`, values.join(", ")).choices(values);
  cli.command(program, "ps", "list the agents' processes, the busiest first")
    .option("-a, --all", "all processes of the machine")
    .addOption(choice("--type <type", ProcessType.options))
    .addOption(choice("--status <status", ProcessStatus.options))
    .option("--name <text>", "whose name holds this")
    .option("--contains <text>", "whose command line holds this")
    .option("--cwd <dir>", "that work in this folder")
    .option("--min-cpu <percent>", "that take at least so much of the machine", number)
    .option("--min-memory <percent>", "that hold at least so much of the memory", number)
    .addOption(new Option("--sort <field>").choices(PROCESS_SORT_FIELDS).default("cpu_percent"))
    .addOption(
      new Option("--order <order>", "(default: desc for figures, asc for names and pids)").choices([
        "asc",
        "desc",
      ]),
    )
    .option("-n, --limit <count>", "at most so many, 1 to 1000", whole, 50)
    .option("--offset <count>", "skip so many", whole, 0)
    .action(async (flags: PsFlags) => {
      const filter: ProcessFilter = given({
        type: flags.type,
        status: flags.status,
        name_contains: flags.name,
        cmdline_contains: flags.contains,
        working_dir: flags.cwd,
        cpu_percent_min: flags.minCpu,
        memory_percent_min: flags.minMemory,
      });
      const reply = await (await cli.asker(flags)).request("request_process_list", {
        filter,
        sort: { field: flags.sort, order: flags.order ?? (ASCENDING.test(flags.sort) ? "asc" : "desc") },
        limit: flags.limit,
        offset: flags.offset,
        include_system_processes: flags.all ?? false,
      });
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      const { processes, filtered_count } = reply.data;
      const width = terminal.isTerminal ? terminal.width : undefined;
      for (const line of table(processes, COLUMNS, width)) terminal.line(line);
      terminal.note(`${processes.length} of ${filtered_count} processes`);
    });
}

const COLUMNS: Column<Process>[] = [
  { title: "PID", value: ({ pid }) => String(pid) },
  { title: "TYPE", value: ({ type, agent }) => type === "unknown" ? agent ?? "-" : type },
  { title: "STATUS", value: ({ status }) => status },
  { title: "CPU", value: ({ cpu_percent }) => percent(cpu_percent) },
  { title: "MEMORY", value: ({ memory_rss }) => bytes(memory_rss) },
  { title: "TIME", value: ({ runtime_seconds }) => duration(runtime_seconds * 1000) },
  { title: "TASK", value: ({ task_id }) => task_id ?? "-" },
  { title: "COMMAND", value: ({ cmdline, name }) => cmdline || name },
];
