/** The disk that holds the data. */
import type { StatsFs } from "node:fs";
import { type Clock, within } from "../../clock/clock.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import { percent } from "./percent.ts";
import { unreadable } from "./unreadable.ts";

/** A dead network drive can block `statfs` forever. */
const BOUND_MS = 2000;

export type DiskFigures = Pick<SystemResources, "disk_usage" | "disk_used" | "disk_total" | "disk_free">;

type Blocks = Pick<StatsFs, "blocks" | "bfree" | "bavail" | "bsize">;

/** The file system of `path`, as `df` shows it, in bytes. Throws `ApiError` if the figures cannot be read. */
export async function diskFigures(clock: Clock, path: string): Promise<DiskFigures> {
  try {
    const disk = await within(clock, BOUND_MS, fileSystemOf(path), undefined);
    if (!disk) throw new Error(`no answer within ${BOUND_MS} ms`);
    return diskUse(disk);
  } catch (error) {
    throw unreadable("disk usage", "read", error);
  }
}

/** The figures of a file system. Blocks reserved for the administrator count neither as used nor as free, as in `df`. */
export function diskUse({ blocks, bfree, bavail, bsize }: Blocks): DiskFigures {
  return diskFields((blocks - bfree) * bsize, bavail * bsize, blocks * bsize);
}

/** The fields of a message, from bytes. `free`: what this server may still use. */
export function diskFields(used: number, free: number, total: number): DiskFigures {
  return {
    disk_usage: percent(100 * used / (used + free)),
    disk_used: used,
    disk_total: total,
    disk_free: free,
  };
}

/** Loads `node:fs` for it, which a start does not need. Deno 2.4 has no `statfs` in `node:fs/promises`. */
async function fileSystemOf(path: string): Promise<StatsFs> {
  const { statfs } = await import("node:fs");
  return await new Promise((resolve, reject) =>
    statfs(path, (error, found) => error ? reject(error) : resolve(found))
  );
}
