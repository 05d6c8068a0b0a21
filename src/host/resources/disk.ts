/** The disk that holds the data. */
import type { StatsFs } from "node:fs";
import { type Clock, within } from "../../clock/clock.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import { percent } from "./percent.ts";
import { unreadable } from "./unreadable.ts";

/** A dead network drive can block `statfs` forever. */
const BOUND_MS = 2000;

/**
 * The file system of `path`, in bytes. Used: all that is not free. Free: all that this server may still write. Throws
 * `ApiError` if the figures cannot be read.
 */
export async function diskFigures(clock: Clock, path: string): Promise<
  Pick<SystemResources, "disk_usage" | "disk_used" | "disk_total" | "disk_free">
> {
  try {
    const disk = await within(clock, BOUND_MS, fileSystemOf(path), undefined);
    if (!disk) throw new Error(`no answer within ${BOUND_MS} ms`);
    const total = disk.blocks * disk.bsize;
    const used = (disk.blocks - disk.bfree) * disk.bsize;
    return {
      disk_usage: percent(100 * used / total),
      disk_used: used,
      disk_total: total,
      disk_free: disk.bavail * disk.bsize,
    };
  } catch (error) {
    throw unreadable("disk usage", "read", error);
  }
}

/** Loads `node:fs` for it, which a start does not need. Deno 2.4 has no `statfs` in `node:fs/promises`. */
async function fileSystemOf(path: string): Promise<StatsFs> {
  const { statfs } = await import("node:fs");
  return await new Promise((resolve, reject) =>
    statfs(path, (error, found) => error ? reject(error) : resolve(found))
  );
}
