/** `request_process_list`: filters, sorts, pages and sums one scan. */
import type {
  Process,
  ProcessFilter,
  ProcessSortField,
  ResourceSummary,
  SystemLoad,
} from "../protocol/process.ts";
import { ProcessStatus, ProcessType } from "../protocol/process.ts";
import { epochOf } from "../clock/clock.ts";
import { many } from "../domain/scalars.ts";
import { isAgent, type Scan } from "./scan.ts";

export interface ProcessQuery {
  filter?: ProcessFilter;
  /** By default: by pid. */
  sort?: { field: ProcessSortField; order: "asc" | "desc" };
  limit: number;
  offset: number;
  /** True: every process; false: agents and the processes of our tasks. */
  include_system_processes?: boolean;
  /** The only tasks whose processes there are; undefined for all processes. */
  sees?(task_id: string): boolean;
}

export interface ProcessPage {
  processes: Process[];
  /** The number of listed processes before the filter. */
  total_count: number;
  /** The number of processes that match the filter, before paging. */
  filtered_count: number;
  system_load?: SystemLoad;
  /** Over the whole scan, regardless of the filter. */
  resource_summary: ResourceSummary;
  timestamp: string;
}

type Predicate = (process: Process) => boolean;

function contains(text: string): (value: string) => boolean {
  const requested = text.toLowerCase();
  return (value) => value.toLowerCase().includes(requested);
}

/** A folder's path without trailing slashes. */
function folder(path: string): string {
  return path.length > 1 ? path.replace(/(?<=.)\/+$/, "") : path;
}

function predicates(filter: ProcessFilter): Predicate[] {
  const all: Predicate[] = [];
  if (filter.type !== undefined) {
    const requested = new Set(many(filter.type));
    all.push((process) => requested.has(process.type));
  }
  if (filter.status !== undefined) {
    const requested = new Set(many(filter.status));
    all.push((process) => requested.has(process.status));
  }
  for (const field of ["cpu_percent", "memory_percent"] as const) {
    const min = filter[`${field}_min`];
    const max = filter[`${field}_max`];
    if (min !== undefined) all.push((process) => process[field] >= min);
    if (max !== undefined) all.push((process) => process[field] <= max);
  }
  if (filter.created_after !== undefined) {
    const bound_s = epochOf(filter.created_after) / 1000;
    all.push((process) => process.create_time > bound_s);
  }
  if (filter.created_before !== undefined) {
    const bound_s = epochOf(filter.created_before) / 1000;
    all.push((process) => process.create_time < bound_s);
  }
  if (filter.working_dir !== undefined) {
    const requested = folder(filter.working_dir);
    all.push((process) => process.working_dir === requested);
  }
  if (filter.name_contains !== undefined) {
    const matches = contains(filter.name_contains);
    all.push((process) => matches(process.name));
  }
  if (filter.cmdline_contains !== undefined) {
    const matches = contains(filter.cmdline_contains);
    all.push((process) => matches(process.cmdline));
  }
  return all;
}

type Key = string | number | undefined;

function sortKey(process: Process, field: ProcessSortField): Key {
  if (field === "status") return ProcessStatus.options.indexOf(process.status);
  if (field === "type") return ProcessType.options.indexOf(process.type);
  const value = process[field];
  return typeof value === "boolean" ? Number(value) : value;
}

/** Absent values come last in either order. Equal values are ordered by pid, so that pages never overlap. */
function comparator(sort: ProcessQuery["sort"]): (a: Process, b: Process) => number {
  const field = sort?.field ?? "pid";
  const direction = sort?.order === "desc" ? -1 : 1;
  return (a, b) => {
    const left = sortKey(a, field);
    const right = sortKey(b, field);
    if (left === right) return a.pid - b.pid;
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    return (left < right ? -1 : 1) * direction;
  };
}

function sum(processes: Process[], field: "cpu_percent" | "memory_percent"): number {
  const total = processes.reduce((so_far, process) => so_far + process[field], 0);
  // Shared memory counts for each process that shares it, so the sum may exceed 100.
  return Math.round(Math.min(100, total) * 100) / 100;
}

/** What the machine and the agents use. Memory in use is the machine's own figure if it can be read. */
function resourceSummary(scan: Scan): ResourceSummary {
  const all = scan.processes.map((scanned) => scanned.process);
  const agents = scan.processes.filter(isAgent).map((scanned) => scanned.process);
  return {
    total_cpu_percent: sum(all, "cpu_percent"),
    total_memory_percent: scan.memory_percent ?? sum(all, "memory_percent"),
    claude_cpu_percent: sum(agents, "cpu_percent"),
    claude_memory_percent: sum(agents, "memory_percent"),
  };
}

/** One page of a scan. */
/** The scan with the processes of some tasks alone. */
export function seenBy(scan: Scan, sees: ProcessQuery["sees"]): Scan {
  if (sees === undefined) return scan;
  const isSeen = ({ task_id }: Process) => task_id !== undefined && sees(task_id);
  return { ...scan, processes: scan.processes.filter(({ process }) => isSeen(process)) };
}

export function queryProcesses(whole: Scan, query: ProcessQuery): ProcessPage {
  const scan = seenBy(whole, query.sees);
  const listed = scan.processes
    .filter((scanned) => query.include_system_processes || isAgent(scanned))
    .map((scanned) => scanned.process);
  const conditions = predicates(query.filter ?? {});
  const matching = listed.filter((process) => conditions.every((condition) => condition(process)));
  matching.sort(comparator(query.sort));
  return {
    processes: matching.slice(query.offset, query.offset + query.limit),
    total_count: listed.length,
    filtered_count: matching.length,
    system_load: scan.system_load,
    resource_summary: resourceSummary(scan),
    timestamp: scan.timestamp,
  };
}
