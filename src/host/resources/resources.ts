/**
 * The machine's resources. Figures that the permissions or the platform do not give are absent. Figures that every
 * answer must have fail with `SERVICE_UNAVAILABLE` and the name of the permission. No library that reads in the
 * background is used here, so no figure can end the server.
 */
import { type Clock, isoTime } from "../../clock/clock.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import { diskFigures } from "./disk.ts";
import { loadAverage } from "./load.ts";
import { memoryFigures } from "./memory.ts";
import { createNetworkMonitor } from "./network.ts";
import { ProcessorUsage, readProcessors } from "./processors.ts";
import { optional } from "./unreadable.ts";

export interface ResourceMonitor {
  /** Reads the resources. `counts`: the process counts of the caller's scan, if there is one. */
  read(counts?: { active_processes: number; claude_processes: number }): Promise<SystemResources>;
}

/** `data_path`: a folder on the disk that is shown. */
export function createResourceMonitor(clock: Clock, data_path: string): ResourceMonitor {
  const processors = new ProcessorUsage(clock);
  const network = createNetworkMonitor(clock);
  return {
    async read(counts) {
      const [cpu_usage, disk, network_stats] = await Promise.all([
        processors.read(),
        diskFigures(clock, data_path),
        network.read(),
      ]);
      const { cores, frequency } = readProcessors();
      const load = loadAverage();
      return {
        cpu_usage,
        cpu_cores: cores,
        cpu_frequency: frequency > 0 ? frequency : undefined,
        ...memoryFigures(),
        ...disk,
        network_stats,
        ...counts,
        load_average: load && [load.load1, load.load5, load.load15],
        uptime_seconds: optional(() => Deno.osUptime()),
        timestamp: isoTime(clock.now()),
      };
    },
  };
}
