/** One scan of all processes, and the parts of it that messages show. Pure. */
import { isoTime } from "../clock/clock.ts";
import { maskedCommand, type Masker } from "../domain/masking.ts";
import type { MeasuredProcess } from "../host/processes/process_scan.ts";
import type { ClaudeProcess, Process, SystemLoad } from "../protocol/process.ts";
import type { Classification } from "./classify.ts";
import type { OwnChild } from "./owners.ts";

const NAME_MAX = 256;
const LINE_MAX = 4096;

export interface ScannedProcess {
  process: Process;
  ppid: number;
  /** Epoch milliseconds; with the pid, the identity of the process. */
  started: number;
  /** Set for processes of this server's tasks. `child`: the process that it started. `descendant`: below that. */
  own?: "child" | "descendant";
  /** The agent's name, if the process is classified as one. */
  agent?: string;
  /** When a scan first found it. */
  discovered_at: string;
}

export interface Scan {
  /** By pid, ascending. */
  processes: ScannedProcess[];
  /** Absent without the permission to read it. */
  system_load?: SystemLoad;
  /** Memory in use on the whole machine, 0–100; absent without the permission to read it. */
  memory_percent?: number;
  scan_duration_ms: number;
  timestamp: string;
}

/** What is known about a process besides its row in the list. */
export interface ProcessContext {
  classification: Classification;
  owner: OwnChild | undefined;
  connections: number | undefined;
  now_ms: number;
  masker: Masker;
}

/** The process as the API shows it. */
export function processOf(row: MeasuredProcess, context: ProcessContext): Process {
  const { classification, owner, connections, now_ms, masker } = context;
  return {
    pid: row.pid,
    name: beginning(row.name, NAME_MAX),
    cmdline: beginning(maskedCommand(row.command, masker), LINE_MAX),
    status: row.status,
    cpu_percent: row.cpu_percent,
    memory_percent: row.memory_percent,
    memory_rss: row.rss,
    create_time: row.started / 1000,
    type: classification.type,
    agent: classification.agent,
    task_id: owner?.task_id,
    working_dir: row.working_dir === undefined ? undefined : beginning(row.working_dir, LINE_MAX),
    activity: owner?.activity,
    is_opencode: classification.is_opencode,
    is_claude_desktop: classification.is_claude_desktop,
    threads: row.threads,
    open_files: row.open_files,
    connections,
    start_time: isoTime(row.started),
    runtime_seconds: Math.max(0, Math.floor((now_ms - row.started) / 1000)),
  };
}

/** The first `max` UTF-16 units of `text`. A surrogate pair is not split. */
function beginning(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max).replace(/[\ud800-\udbff]$/, "");
}

/** Whether the process is an agent or a task's process. These are listed by default. */
export function isAgent(scanned: ScannedProcess): boolean {
  return scanned.agent !== undefined || scanned.own === "child";
}

/** Whether the process may be ended: an agent, or any process of this server's tasks. */
export function isEndable(scanned: ScannedProcess): boolean {
  return scanned.agent !== undefined || scanned.own !== undefined;
}

/** The agents of a scan as `claude_processes` shows them: those classified, and the tasks' processes. */
export function claudeProcesses(scan: Scan): ClaudeProcess[] {
  return scan.processes.filter(isAgent).map(({ process, discovered_at }) => {
    const {
      memory_rss,
      create_time: _create_time,
      threads: _threads,
      open_files: _open_files,
      connections: _connections,
      runtime_seconds: _runtime,
      ...shared
    } = process;
    return { ...shared, memory_usage: memory_rss, discovered_at };
  });
}

/** The counts of a scan for other messages. */
export function processCounts(scan: Scan): {
  active_processes: number;
  claude_processes: number;
  opencode_processes: number;
  claude_desktop_processes: number;
} {
  const agents = scan.processes.filter(isAgent);
  return {
    active_processes: scan.processes.length,
    claude_processes: agents.length,
    opencode_processes: agents.filter(({ process }) => process.is_opencode).length,
    claude_desktop_processes: agents.filter(({ process }) => process.is_claude_desktop).length,
  };
}
