/** Whether a file system was mounted so that no program on it may be run (`noexec`). Linux only. */

const MOUNTS = "/proc/self/mountinfo";

/** The mount point of the file system that `path` is on, if it forbids to run programs; undefined if not, or unknown. */
export async function noexecMount(path: string): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const [mounts, real_path] = await Promise.all([Deno.readTextFile(MOUNTS), Deno.realPath(path)]);
    return noexecMountIn(mounts, real_path);
  } catch {
    // Named permissions do not reach /proc. Then the start says what is wrong.
    return undefined;
  }
}

/** `mounts`: the content of a mountinfo file. `real_path`: without links. */
export function noexecMountIn(mounts: string, real_path: string): string | undefined {
  let closest = { point: "", options: "" };
  for (const line of mounts.split("\n")) {
    const [, , , , escaped = "", options = ""] = line.split(" ");
    const point = escaped.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
    // Of two mounts at one point, the later hides the earlier.
    if (point.length >= closest.point.length && isBelow(real_path, point)) closest = { point, options };
  }
  return closest.options.split(",").includes("noexec") ? closest.point : undefined;
}

function isBelow(path: string, point: string): boolean {
  return point !== "" && (path === point || path.startsWith(point === "/" ? "/" : `${point}/`));
}
