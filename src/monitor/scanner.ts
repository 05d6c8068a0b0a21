/** The processes of the machine, seen once for everybody who asks at the same time. */
import { type Clock, isoTime } from "../clock/clock.ts";
import type { ClaudeProcess, Process, SystemLoad } from "../protocol/process.ts";
import { type Classification, type Classifier, NO_AGENT } from "./classify.ts";
import { isSameProcess } from "../host/processes/process_identity.ts";
import type { MeasuredProcess, ProcessScan } from "../host/processes/process_scan.ts";
import type { ProcessSource } from "../host/processes/process_source.ts";
import { loadAverage } from "../host/resources/load.ts";
import { machineMemory } from "../host/resources/memory.ts";

/** A scan younger than this is as good as a new one. */
const FRESH_MS = 500;

const NAME_MAX = 256;
const LINE_MAX = 4096;

/** A process that this server has started for a task. */
export interface OwnChild {
  task_id: string;
  /** Name of the agent in the configuration. */
  agent: string;
  /** What the task is doing, in the words of its progress. */
  activity?: string;
}

export interface ScannedProcess {
  process: Process;
  ppid: number;
  /** Epoch milliseconds; with the pid, the identity of the process. */
  started: number;
  /** Started by this server for a task: its process itself, or one that descends from it. */
  own?: "child" | "descendant";
  /** Set for those classified as agents. */
  agent?: string;
  /** When a scan first saw it. */
  discovered_at: string;
}

export interface Scan {
  /** By pid, ascending. */
  processes: ScannedProcess[];
  /** Absent without the permission to ask for it. */
  system_load?: SystemLoad;
  /** Memory in use on the whole machine, 0–100; absent without the permission to ask for it. */
  memory_percent?: number;
  scan_duration_ms: number;
  timestamp: string;
}

export interface ProcessScanner {
  /** The processes as of now, or of at most half a second ago. Fails with SERVICE_UNAVAILABLE. */
  scan(): Promise<Scan>;
  /** The last scan, however old. */
  latest(): Scan | undefined;
  /** Makes the next `scan` a new one, since something is known to have changed. */
  expire(): void;
}

export interface ScannerOptions {
  clock: Clock;
  source: ProcessSource;
  processes: ProcessScan;
  classify: Classifier;
  /** The processes started for tasks that run now, by pid. */
  ownChildren: () => ReadonlyMap<number, OwnChild>;
  /** This server, which is never an agent. */
  self_pid?: number;
}

/** A task's process, or an agent that somebody else runs: what is listed without system processes. */
export function isAgent(scanned: ScannedProcess): boolean {
  return scanned.agent !== undefined || scanned.own === "child";
}

/** What may be ended: agents, and everything that was started for our tasks. */
export function isEndable(scanned: ScannedProcess): boolean {
  return scanned.agent !== undefined || scanned.own !== undefined;
}

export function createProcessScanner(options: ScannerOptions): ProcessScanner {
  const { clock, source, classify, self_pid = Deno.pid } = options;
  let latest: { scan: Scan; at: number; children: string } | undefined;
  let running: { scan: Promise<Scan>; children: string } | undefined;
  let discovered = new Map<number, { started: number; at: string }>();

  /** When each process was first seen; those that are gone are forgotten. */
  function discover(rows: MeasuredProcess[], now: string): typeof discovered {
    const next: typeof discovered = new Map();
    for (const { pid, started } of rows) {
      const known = discovered.get(pid);
      const same = known && isSameProcess({ pid, started }, { pid, ...known }, source.start_tolerance_ms);
      next.set(pid, same ? known : { started, at: now });
    }
    discovered = next;
    return next;
  }

  async function scanNow(): Promise<Scan> {
    const begun = clock.monotonic();
    const rows = await options.processes.run();
    const now_ms = clock.now();
    const timestamp = isoTime(now_ms);
    // Kept, since another scan may overtake this one.
    const seen = discover(rows, timestamp);
    const children = options.ownChildren();
    const owners = inheritOwners(rows, children);
    const kinds = new Map(rows.map((row) => [row.pid, row.pid === self_pid ? NO_AGENT : classify(row)]));
    const shown = rows.filter((row) => owners.has(row.pid) || kinds.get(row.pid)!.agent !== undefined);
    const [connections, folders] = await Promise.all([
      source.connections(shown.map((row) => row.pid)),
      source.workingDirs?.(shown),
    ]);
    const processes = rows.map((row): ScannedProcess => {
      const kind = kinds.get(row.pid)!;
      const owner = owners.get(row.pid);
      return {
        process: toProcess(
          { ...row, working_dir: row.working_dir ?? folders?.get(row.pid) },
          kind,
          owner,
          connections.get(row.pid),
          now_ms,
        ),
        ppid: row.ppid,
        started: row.started,
        ...(owner ? { own: children.has(row.pid) ? "child" as const : "descendant" as const } : {}),
        ...(kind.agent === undefined ? {} : { agent: kind.agent }),
        discovered_at: seen.get(row.pid)!.at,
      };
    }).sort((a, b) => a.process.pid - b.process.pid);
    const load = loadAverage();
    const memory = machineMemory();
    const scan: Scan = {
      processes,
      ...(load ? { system_load: load } : {}),
      ...(memory ? { memory_percent: memory.used_percent } : {}),
      scan_duration_ms: Math.round((clock.monotonic() - begun) * 100) / 100,
      timestamp,
    };
    return scan;
  }

  return {
    scan() {
      // A task that has started or ended since is known, so a scan without it is an old one.
      const children = [...options.ownChildren().keys()].join();
      if (latest?.children === children && clock.monotonic() - latest.at < FRESH_MS) {
        return Promise.resolve(latest.scan);
      }
      if (running?.children === children) return running.scan;
      const scan = scanNow().then((scan) => {
        // One that was overtaken shows what has been since.
        if (running === own) latest = { scan, at: clock.monotonic(), children };
        return scan;
      }).finally(() => {
        if (running === own) running = undefined;
      });
      const own = running = { scan, children };
      return scan;
    },
    latest: () => latest?.scan,
    expire() {
      running = undefined;
      if (latest) latest.at = -Infinity;
    },
  };
}

/** The task of each process that a child of ours has started, directly or not. */
export function inheritOwners(
  rows: readonly { pid: number; ppid: number }[],
  own: ReadonlyMap<number, OwnChild>,
): Map<number, OwnChild> {
  const owners = new Map<number, OwnChild>();
  if (own.size === 0) return owners;
  const children = new Map<number, number[]>();
  const present = new Set<number>();
  for (const { pid, ppid } of rows) {
    present.add(pid);
    const siblings = children.get(ppid);
    if (siblings) siblings.push(pid);
    else children.set(ppid, [pid]);
  }
  for (const [root, owner] of own) {
    if (!present.has(root)) continue;
    owners.set(root, owner);
    const open = [root];
    while (open.length > 0) {
      for (const pid of children.get(open.pop()!) ?? []) {
        // One that runs a task of its own belongs to that one.
        if (owners.has(pid) || own.has(pid)) continue;
        owners.set(pid, owner);
        open.push(pid);
      }
    }
  }
  return owners;
}

/** The beginning of `text`, of at most `max` code points. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const part = text.slice(0, max);
  // Half a pair at the end would be no character.
  return /[\ud800-\udbff]$/.test(part) ? part.slice(0, -1) : part;
}

function toProcess(
  row: MeasuredProcess,
  kind: Classification,
  owner: OwnChild | undefined,
  connections: number | undefined,
  now_ms: number,
): Process {
  return {
    pid: row.pid,
    name: cut(row.name, NAME_MAX),
    cmdline: cut(row.command, LINE_MAX),
    status: row.status,
    cpu_percent: row.cpu_percent,
    memory_percent: row.memory_percent,
    memory_rss: row.rss,
    create_time: row.started / 1000,
    type: kind.type,
    ...(kind.agent === undefined ? {} : { agent: kind.agent }),
    ...(owner ? { task_id: owner.task_id } : {}),
    ...(row.working_dir === undefined ? {} : { working_dir: cut(row.working_dir, LINE_MAX) }),
    ...(owner?.activity === undefined ? {} : { activity: owner.activity }),
    is_opencode: kind.is_opencode,
    is_claude_desktop: kind.is_claude_desktop,
    ...(row.threads === undefined ? {} : { threads: row.threads }),
    ...(row.open_files === undefined ? {} : { open_files: row.open_files }),
    ...(connections === undefined ? {} : { connections }),
    start_time: isoTime(row.started),
    runtime_seconds: Math.max(0, Math.floor((now_ms - row.started) / 1000)),
  };
}

/** The agents of a scan as `claude_processes` shows them: those classified, and the processes of our tasks. */
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

/** The counts of a scan that go into other messages. */
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
