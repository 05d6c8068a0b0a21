/** Lists all processes, with the processor time that each uses. */
import type { Clock } from "../../clock/clock.ts";
import { processorCount } from "../resources/processors.ts";
import { openLibraryProcesses } from "../systeminformation/processes.ts";
import { openLibrary } from "../systeminformation/library.ts";
import { memoryTotal } from "../resources/memory.ts";
import { percent } from "../resources/percent.ts";
import { CpuRates } from "./cpu_rates.ts";
import { openProcfs } from "./procfs.ts";
import type { ProcessSource, RawProcess } from "./process_source.ts";
import { openPs } from "./ps_source.ts";

/**
 * Opens the best source that this server's permissions allow: /proc with all permissions, else `ps`. Windows has neither;
 * there it is systeminformation.
 */
export function openProcessSource(clock: Clock, os: typeof Deno.build.os = Deno.build.os): ProcessSource {
  if (os === "windows") return openLibraryProcesses(clock, openLibrary(clock));
  return openProcfs(clock) ?? openPs(clock);
}

export interface MeasuredProcess extends RawProcess {
  /** Percent of the whole machine, 0–100. */
  cpu_percent: number;
  memory_percent: number;
}

export interface ProcessScan {
  /** Each call is one scan. The first reads twice, half a second apart, because a rate needs two readings. */
  run(): Promise<MeasuredProcess[]>;
}

export function createProcessScan(
  clock: Clock,
  source: ProcessSource,
  processors: number = processorCount(),
): ProcessScan {
  const rates = new CpuRates(clock, source, processors);
  return {
    async run() {
      if (rates.empty) {
        rates.measure(await source.list());
        await rates.firstPause();
      }
      const rows = await source.list();
      const cpu = rates.measure(rows);
      const total = memoryTotal();
      return rows.map((row) => ({
        ...row,
        cpu_percent: percent(row.cpu_percent ?? cpu.get(row.pid) ?? 0),
        memory_percent: percent(total === undefined ? row.memory_percent ?? 0 : 100 * row.rss / total),
      }));
    },
  };
}
