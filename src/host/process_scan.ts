/** The list of all processes, with the processor time each one takes. */
import { cpus } from "node:os";
import type { Clock } from "../clock/clock.ts";
import { CpuRates } from "./cpu_rates.ts";
import { openProcfs } from "./procfs.ts";
import { openPs } from "./ps.ts";
import type { ProcessSource, RawProcess } from "./process_source.ts";

/** The best source that this server's permissions open: /proc with all of them, else `ps`. */
export function openProcessSource(clock: Clock): ProcessSource {
  return openProcfs(clock) ?? openPs(clock);
}

/** Number of processors, for percentages of the whole machine. */
export function processorCount(): number {
  try {
    return cpus().length || navigator.hardwareConcurrency;
  } catch {
    // Without the permission to ask the system; the runtime's own number needs none.
    return navigator.hardwareConcurrency;
  }
}

/** Total memory in bytes, and the part in use as a percentage; undefined without the permission to know. */
export function machineMemory(): { total: number; used_percent: number } | undefined {
  try {
    const { total, available } = Deno.systemMemoryInfo();
    return { total, used_percent: percent(100 * (total - available) / total) };
  } catch {
    return undefined;
  }
}

/** Two decimals within 0–100, as the API shows percentages. */
export function percent(value: number): number {
  return Number.isFinite(value) ? Math.round(Math.min(100, Math.max(0, value)) * 100) / 100 : 0;
}

export interface MeasuredProcess extends RawProcess {
  /** Of the whole machine, 0–100. */
  cpu_percent: number;
  memory_percent: number;
}

export interface ProcessScan {
  /** Each call is one scan. The very first takes two looks, half a second apart, to have a rate at all. */
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
      const total = machineMemory()?.total;
      return rows.map((row) => ({
        ...row,
        cpu_percent: percent(cpu.get(row.pid) ?? 0),
        memory_percent: percent(total === undefined ? row.memory_percent ?? 0 : 100 * row.rss / total),
      }));
    },
  };
}
