/** Whether a file system was mounted so that no program on it may be run (`noexec`). Linux only. */

import { MOUNTINFO, mountsIn } from "../mounts.ts";

/** The mount point of the file system that `path` is on, if it forbids to run programs; undefined if not, or unknown. */
export async function noexecMount(path: string): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const [mounts, real_path] = await Promise.all([Deno.readTextFile(MOUNTINFO), Deno.realPath(path)]);
    return noexecMountIn(mounts, real_path);
  } catch {
    // Named permissions do not reach /proc. Then the start says what is wrong.
    return undefined;
  }
}

/** `mounts`: the content of a mountinfo file. `real_path`: without links. */
export function noexecMountIn(mounts: string, real_path: string): string | undefined {
  const holders = mountsIn(mounts).filter(({ point }) => isBelow(real_path, point));
  const longest = Math.max(...holders.map(({ point }) => point.length));
  // Of two mounts at one point, the later hides the earlier.
  const closest = holders.findLast(({ point }) => point.length === longest);
  return closest?.options.includes("noexec") ? closest.point : undefined;
}

function isBelow(path: string, point: string): boolean {
  return path === point || path.startsWith(point === "/" ? "/" : `${point}/`);
}
