/** The disk that holds the data. */
import { statfs } from "node:fs";
import { promisify } from "node:util";
import { type Clock, within } from "../../clock/clock.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import { percent } from "./percent.ts";
import { unreadable } from "./unreadable.ts";

/** Deno 2.4 has no `statfs` in `node:fs/promises`. */
const statfsOf = promisify(statfs);

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
    const disk = await within(clock, BOUND_MS, statfsOf(path), undefined);
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
