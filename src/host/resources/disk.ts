/** The disk that the data lies on. */
import { statfs } from "node:fs";
import { promisify } from "node:util";
import { type Clock, within } from "../../clock/clock.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import { percent } from "./percent.ts";
import { unreadable } from "./unreadable.ts";

/** The one in `node:fs/promises` is not in Deno 2.4. */
const statfsOf = promisify(statfs);

/** A network drive that is gone can hold `statfs` forever. */
const BOUND_MS = 2000;

/**
 * The file system of `path`, in bytes. Used is what is not free; free is what we may still write. Throws `ApiError`
 * when it cannot be read.
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
