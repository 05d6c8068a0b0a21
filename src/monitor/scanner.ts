/** Scans the processes of the machine. Callers that ask at the same time share one scan. */
import { Masker } from "../domain/masking.ts";
import { type Clock, isoTime } from "../clock/clock.ts";
import { isSameProcess } from "../host/processes/process_identity.ts";
import type { MeasuredProcess, ProcessScan } from "../host/processes/process_scan.ts";
import type { ProcessSource } from "../host/processes/process_source.ts";
import { loadAverage } from "../host/resources/load.ts";
import { createMemoryMonitor, type MemoryMonitor } from "../host/resources/memory.ts";
import { type Classifier, NO_AGENT } from "./classify.ts";
import { inheritOwners, type OwnChild, programsOf } from "./owners.ts";
import { processOf, type Scan, type ScannedProcess } from "./scan.ts";

/** Within this time the last scan is used again. */
const FRESH_MS = 500;

export interface ProcessScanner {
  /** A scan that is at most half a second old. Fails with SERVICE_UNAVAILABLE. */
  scan(): Promise<Scan>;
  /** The last scan, however old. */
  latest(): Scan | undefined;
  /** Makes the next `scan` a new one, because processes have changed. */
  expire(): void;
}

export interface ScannerOptions {
  clock: Clock;
  source: ProcessSource;
  processes: ProcessScan;
  /** One that others read, too, spares a reading. */
  memory?: MemoryMonitor;
  classify: Classifier;
  /** The processes of the running tasks, by pid. */
  ownChildren: () => ReadonlyMap<number, OwnChild>;
  /** Of command lines, which filters see masked too. Default: of no values. */
  masker?: Masker;
  /** This server, which is never an agent. */
  self_pid?: number;
}

export function createProcessScanner(options: ScannerOptions): ProcessScanner {
  const {
    clock,
    source,
    classify,
    memory = createMemoryMonitor(options.clock),
    self_pid = Deno.pid,
    masker = new Masker([]),
  } = options;
  let latest: { scan: Scan; at: number; children: string } | undefined;
  let running: { scan: Promise<Scan>; children: string } | undefined;
  let discovered = new Map<number, { started: number; at: string }>();

  /** When each process was first found. Processes that are gone are forgotten. */
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
    // Kept in a local, because another scan may overtake this one.
    const seen = discover(rows, timestamp);
    const children = options.ownChildren();
    const owners = inheritOwners(rows, children);
    const programs = programsOf(rows, children);
    const kinds = new Map(rows.map((row) => [row.pid, row.pid === self_pid ? NO_AGENT : classify(row)]));
    const shown = rows.filter((row) => owners.has(row.pid) || kinds.get(row.pid)!.agent !== undefined);
    const [connections, folders, used] = await Promise.all([
      source.connections(shown.map((row) => row.pid)),
      source.workingDirs?.(shown),
      // Absent without the permission to read it.
      memory.read().then(({ used_percent }) => used_percent, () => undefined),
    ]);
    const ownership = (pid: number): ScannedProcess["own"] =>
      !owners.has(pid) ? undefined : programs.has(pid) ? "child" : "descendant";
    const processes = rows.map((row): ScannedProcess => {
      const { pid, ppid, started, working_dir = folders?.get(pid) } = row;
      const classification = kinds.get(pid)!;
      return {
        process: processOf({ ...row, working_dir }, {
          classification,
          owner: owners.get(pid),
          connections: connections.get(pid),
          now_ms,
          masker,
        }),
        ppid,
        started,
        own: ownership(pid),
        agent: classification.agent,
        discovered_at: seen.get(pid)!.at,
      };
    }).sort((a, b) => a.process.pid - b.process.pid);
    return {
      processes,
      system_load: loadAverage(),
      memory_percent: used,
      scan_duration_ms: Math.round((clock.monotonic() - begun) * 100) / 100,
      timestamp,
    };
  }

  return {
    scan() {
      // A scan from before a task started or ended is out of date.
      const children = [...options.ownChildren().keys()].join();
      if (latest?.children === children && clock.monotonic() - latest.at < FRESH_MS) {
        return Promise.resolve(latest.scan);
      }
      if (running?.children === children) return running.scan;
      const scan = scanNow().then((scan) => {
        // A scan that was overtaken is older than the latest one.
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
