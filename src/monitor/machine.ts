/** The machine, for the other rooms: resources, processes, kill. */
import type { Clock } from "../clock/clock.ts";
import type { Masker } from "../domain/masking.ts";
import type { Actor } from "../domain/actor.ts";
import { ApiError } from "../domain/errors.ts";
import type { Killed, ProcessList } from "../protocol/monitor_messages.ts";
import type { ClaudeProcess, KillSignal } from "../protocol/process.ts";
import type { SystemResources } from "../protocol/resources.ts";
import { createClassifier } from "./classify.ts";
import type { HealthFinding } from "../protocol/system_messages.ts";
import { createKiller } from "./kill.ts";
import { type ProcessQuery, queryProcesses, seenBy } from "./process_query.ts";
import type { Ability, ProcessAbility } from "../host/processes/ability.ts";
import type { AgentRecognizer } from "../host/processes/launched.ts";
import { createProcessScan, openProcessSource } from "../host/processes/process_scan.ts";
import { diskFigures } from "../host/resources/disk.ts";
import { createMemoryMonitor } from "../host/resources/memory.ts";
import { createResourceMonitor } from "../host/resources/resources.ts";
import type { OwnChild } from "./owners.ts";
import { claudeProcesses, processCounts, type Scan } from "./scan.ts";
import { createProcessScanner } from "./scanner.ts";

export interface Machine {
  resources(): Promise<SystemResources>;
  processes(query: ProcessQuery): Promise<ProcessList & { scan_duration_ms: number }>;
  /** `sees`: as in `ProcessQuery`. */
  agents(sees?: ProcessQuery["sees"]): Promise<{
    processes: ClaudeProcess[];
    opencode_processes: number;
    claude_desktop_processes: number;
    timestamp: string;
  }>;
  kill(pid: number, signal: KillSignal, by: Actor): Promise<Killed>;
  /** The task that the process with this pid works for. */
  taskOf(pid: number): Promise<string | undefined>;
  /** To be called when processes were paused or resumed, since the last scan is then out of date. */
  changed(): void;
  /** The problems of the disk that holds the data, for the health report. */
  diskFindings(): Promise<HealthFinding[]>;
  /** The problems with listing processes, for the health report. */
  processFindings(): Promise<HealthFinding[]>;
}

/** The percentage of the disk in use at which the health report has a finding. */
const DISK_WARNING = 95;
const DISK_CRITICAL = 99;

/**
 * Methods that need the list of processes fail with `SERVICE_UNAVAILABLE` if it cannot be read, `kill` also if no signals
 * can be sent: at once if `ability` knows that.
 */
export function createMachine(
  clock: Clock,
  data_path: string,
  ownChildren: () => ReadonlyMap<number, OwnChild>,
  recognizers: readonly AgentRecognizer[],
  masker: Masker,
  ability?: ProcessAbility,
): Machine {
  const source = openProcessSource(clock);
  const memory = createMemoryMonitor(clock);
  const scanner = createProcessScanner({
    clock,
    source,
    processes: createProcessScan(clock, source),
    memory,
    classify: createClassifier(recognizers),
    ownChildren,
    masker,
  });
  const killer = createKiller({ clock, source, scanner });
  const monitor = createResourceMonitor(clock, data_path, Deno.build.os, memory);

  function requireAble(...needed: Ability[]): void {
    for (const to of needed) {
      const obstacle = ability?.obstacle(to);
      if (obstacle) throw obstacle;
    }
  }

  async function scanned(): Promise<Scan> {
    requireAble("list");
    return await scanner.scan();
  }

  async function counts() {
    try {
      const { active_processes, claude_processes } = processCounts(await scanned());
      return { active_processes, claude_processes };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // If processes cannot be listed, only their counts are absent.
      return undefined;
    }
  }

  return {
    async resources() {
      return await monitor.read(await counts());
    },
    async processes(query) {
      const scan = await scanned();
      return { ...queryProcesses(scan, query), scan_duration_ms: scan.scan_duration_ms };
    },
    async agents(sees) {
      const scan = seenBy(await scanned(), sees);
      const { opencode_processes, claude_desktop_processes } = processCounts(scan);
      return {
        processes: claudeProcesses(scan),
        opencode_processes,
        claude_desktop_processes,
        timestamp: scan.timestamp,
      };
    },
    async diskFindings() {
      const { disk_usage, disk_free = 0 } = await diskFigures(clock, data_path);
      if (disk_usage < DISK_WARNING) return [];
      const severity = disk_usage < DISK_CRITICAL ? "warning" : "critical";
      const message = `The disk with the data is ${disk_usage} % full (${disk_free} bytes free)`;
      return [{ code: "DISK_SPACE_EXCEEDED", severity, message }];
    },
    async processFindings() {
      await scanned();
      return [];
    },
    async kill(pid, signal, by) {
      requireAble("list", "signal");
      return await killer.kill(pid, signal, by);
    },
    async taskOf(pid) {
      return (await scanned()).processes.find(({ process }) => process.pid === pid)?.process.task_id;
    },
    changed: () => scanner.expire(),
  };
}
