/**
 * The machine's resources. Figures that the permissions or the platform do not give are absent. Figures that every
 * answer must have fail with `SERVICE_UNAVAILABLE` and the name of the permission. Where the platform does not give a
 * figure, systeminformation may; it is not asked on Linux, which gives all of them.
 */
import { type Clock, isoTime } from "../../clock/clock.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import { libraryDisk, libraryLoad, libraryMemory } from "../systeminformation/figures.ts";
import { openLibrary } from "../systeminformation/library.ts";
import { diskFigures } from "./disk.ts";
import { loadAverage } from "./load.ts";
import {
  createMemoryMonitor,
  limitedMemory,
  memoryFields,
  memoryFigures,
  type MemoryMonitor,
} from "./memory.ts";
import { createNetworkMonitor } from "./network.ts";
import { processorCount, ProcessorUsage, readProcessors } from "./processors.ts";
import { optional } from "./unreadable.ts";

export interface ResourceMonitor {
  /** Reads the resources. `counts`: the process counts of the caller's scan, if there is one. */
  read(counts?: { active_processes: number; claude_processes: number }): Promise<SystemResources>;
}

/** `data_path`: a folder on the disk that is shown. */
export function createResourceMonitor(
  clock: Clock,
  data_path: string,
  os: typeof Deno.build.os = Deno.build.os,
  memory: MemoryMonitor = createMemoryMonitor(clock),
): ResourceMonitor {
  const processors = new ProcessorUsage(clock);
  const library = openLibrary(clock);
  const network = createNetworkMonitor(clock, library, os);

  /** The platform's own figures, else the library's; if it has none either, why the platform's cannot be read. */
  async function either<T>(own: () => T | Promise<T>, other: () => Promise<T | undefined>): Promise<T> {
    try {
      return await own();
    } catch (error) {
      const found = os === "linux" ? undefined : await other().catch(() => undefined);
      if (found === undefined) throw error;
      return found;
    }
  }

  return {
    async read(counts) {
      const [cpu_usage, memory_figures, disk, network_stats] = await Promise.all([
        either(() => processors.read(), () => libraryLoad(library)),
        either(
          () => memoryFigures(memory),
          async () => memoryFields(limitedMemory(await libraryMemory(library), undefined)),
        ),
        either(() => diskFigures(clock, data_path), () => libraryDisk(library, data_path)),
        network.read(),
      ]);
      const { cores, frequency } = optional(readProcessors) ?? { cores: processorCount(), frequency: 0 };
      const load = loadAverage();
      return {
        cpu_usage,
        cpu_cores: cores,
        cpu_frequency: frequency > 0 ? frequency : undefined,
        ...memory_figures,
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
