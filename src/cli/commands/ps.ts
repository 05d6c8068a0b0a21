/** `ps`: the agents' processes, or all processes. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { bytes, duration, percent } from "../../protocol/formats.ts";
import {
  type Process,
  PROCESS_SORT_FIELDS,
  type ProcessSortField,
  ProcessStatus,
  ProcessType,
} from "../../protocol/process.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { addListOptions, anyOf, type ListFlags, number, path } from "../options.ts";
import { type Column, printTable } from "../table.ts";

interface PsFlags extends CommonFlags, ListFlags<ProcessSortField> {
  all?: boolean;
  type?: ProcessType[];
  status?: ProcessStatus[];
  name?: string;
  contains?: string;
  cwd?: string;
  minCpu?: number;
  minMemory?: number;
}

/** Fields that sort ascending by default. */
const ASCENDING = /^(?:pid|name|cmdline|status|type|agent|task_id|working_dir|activity|start_time)$/;

export function addPs(program: Command, cli: Cli): void {
  const command = cli.command(program, "ps", "list the agents' processes, the busiest first")
    .option("-a, --all", "all processes of the machine")
    .addOption(anyOf("type", ProcessType.options))
    .addOption(anyOf("status", ProcessStatus.options))
    .option("--name <text>", "processes whose name contains this text")
    .option("--contains <text>", "processes whose command line contains this text")
    .option("--cwd <dir>", "processes that work in this folder", (dir) => resolve(path(dir)))
    .option("--min-cpu <percent>", "processes that use at least this much of the machine", number)
    .option("--min-memory <percent>", "processes that use at least this much of the memory", number);
  addListOptions(command, PROCESS_SORT_FIELDS, "cpu_percent", "desc for figures, asc for names and pids")
    .action(async (flags: PsFlags) => {
      const reply = await cli.http(flags).request("request_process_list", {
        filter: {
          type: flags.type,
          status: flags.status,
          name_contains: flags.name,
          cmdline_contains: flags.contains,
          working_dir: flags.cwd,
          cpu_percent_min: flags.minCpu,
          memory_percent_min: flags.minMemory,
        },
        sort: { field: flags.sort, order: flags.order ?? (ASCENDING.test(flags.sort) ? "asc" : "desc") },
        limit: flags.limit,
        offset: flags.offset,
        include_system_processes: flags.all ?? false,
      });
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      const { processes, filtered_count } = reply.data;
      printTable(terminal, processes, COLUMNS);
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
