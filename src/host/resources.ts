/**
 * The machine's resources. What the permissions or the platform do not tell is absent; the figures that every
 * answer must have fail with SERVICE_UNAVAILABLE and the name of the permission. Nothing here uses a library that
 * reads on its own, so that no figure can end the server.
 */
import { statfs } from "node:fs";
import { promisify } from "node:util";
import { cpus } from "node:os";
import { type Clock, isoTime, sleep, within } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import type { SystemResources } from "../protocol/resources.ts";
import { createNetworkMonitor } from "./network.ts";
import { percent } from "./process_scan.ts";

/** The one in `node:fs/promises` is not in Deno 2.4. */
const diskFigures = promisify(statfs);

/** A network drive that is gone can hold `statfs` for ever. */
const DISK_BOUND_MS = 2000;

/** The first figure needs two looks at the processors; later ones compare with the one before. */
const FIRST_PAUSE_MS = 200;

/** Ticks come 100 times a second, so a shorter time says little: the last figure is given again. */
const SHORTEST_WINDOW_MS = 200;

export interface Ticks {
  busy: number;
  total: number;
}

export interface ResourceMonitor {
  /** The resources as of now; the process counts come from the caller's scan, where there is one. */
  read(counts?: { active_processes: number; claude_processes: number }): Promise<SystemResources>;
}

export function createResourceMonitor(clock: Clock, data_path: string): ResourceMonitor {
  let sample: { at: number; ticks: Ticks; usage: number } | undefined;
  let first: Promise<void> | undefined;
  const network = createNetworkMonitor(clock);

  async function cpuUsage(): Promise<number> {
    if (!sample) {
      first ??= (async () => {
        const ticks = readTicks().ticks;
        await sleep(clock, FIRST_PAUSE_MS);
        const now = readTicks().ticks;
        sample = { at: clock.monotonic(), ticks: now, usage: usageBetween(ticks, now) };
      })().finally(() => first = undefined);
      await first;
      return sample!.usage;
    }
    const at = clock.monotonic();
    if (at - sample.at < SHORTEST_WINDOW_MS) return sample.usage;
    const { ticks } = readTicks();
    sample = { at, ticks, usage: usageBetween(sample.ticks, ticks) };
    return sample.usage;
  }

  return {
    async read(counts) {
      const [cpu_usage, disk, network_stats] = await Promise.all([
        cpuUsage(),
        readDisk(clock, data_path),
        network.read(),
      ]);
      const { cores, frequency } = readTicks();
      const load_average = optional(() => Deno.loadavg() as [number, number, number]);
      const uptime_seconds = optional(() => Deno.osUptime());
      return {
        cpu_usage,
        cpu_cores: cores,
        ...(frequency > 0 ? { cpu_frequency: frequency } : {}),
        ...readMemory(),
        ...disk,
        ...(network_stats ? { network_stats } : {}),
        ...counts,
        // Windows has no such figure and says zero.
        ...(load_average && Deno.build.os !== "windows" ? { load_average } : {}),
        ...(uptime_seconds === undefined ? {} : { uptime_seconds }),
        timestamp: isoTime(clock.now()),
      };
    },
  };
}

/** Busy share of the time between two looks, 0–100. */
export function usageBetween(before: Ticks, after: Ticks): number {
  const total = after.total - before.total;
  return total > 0 ? percent(100 * (after.busy - before.busy) / total) : 0;
}

function unavailable(what: string, permission: string, error: unknown): ApiError {
  const denied = error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied ||
    (error as { code?: string }).code === "EACCES" || (error as { code?: string }).code === "EPERM";
  return new ApiError("SERVICE_UNAVAILABLE", `The ${what} cannot be read: ${(error as Error).message}`, {
    missing: [denied ? permission : what],
    ...(denied ? { permission: `--allow-${permission}` } : {}),
  });
}

function readTicks(): { ticks: Ticks; cores: number; frequency: number } {
  try {
    const all = cpus();
    const ticks = { busy: 0, total: 0 };
    for (const { times } of all) {
      const busy = times.user + times.nice + times.sys + times.irq;
      ticks.busy += busy;
      ticks.total += busy + times.idle;
    }
    return { ticks, cores: all.length, frequency: all[0]?.speed ?? 0 };
  } catch (error) {
    throw unavailable("processor usage", "sys", error);
  }
}

function readMemory(): Pick<
  SystemResources,
  "memory_usage" | "memory_used" | "memory_total" | "memory_available"
> {
  try {
    const { total, available } = Deno.systemMemoryInfo();
    return {
      memory_usage: percent(100 * (total - available) / total),
      memory_used: total - available,
      memory_total: total,
      memory_available: available,
    };
  } catch (error) {
    throw unavailable("memory usage", "sys", error);
  }
}

/** The file system that the data lies on. Used is what is not free; free is what we may still write. */
export async function readDisk(clock: Clock, path: string): Promise<
  Pick<SystemResources, "disk_usage" | "disk_used" | "disk_total" | "disk_free">
> {
  try {
    const disk = await within(clock, DISK_BOUND_MS, diskFigures(path), undefined);
    if (!disk) throw new Error(`no answer within ${DISK_BOUND_MS} ms`);
    const total = disk.blocks * disk.bsize;
    const used = (disk.blocks - disk.bfree) * disk.bsize;
    return {
      disk_usage: percent(100 * used / total),
      disk_used: used,
      disk_total: total,
      disk_free: disk.bavail * disk.bsize,
    };
  } catch (error) {
    throw unavailable("disk usage", "read", error);
  }
}

function optional<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // Not permitted or not known here: the field is absent.
    return undefined;
  }
}
