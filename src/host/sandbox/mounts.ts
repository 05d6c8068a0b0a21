/** The mounts of a sandbox, and the arguments by which bubblewrap makes them. Pure. */
import { dirname } from "node:path";
import { isInside } from "../../domain/path_inside.ts";

/**
 * hide: nothing is there. read, write: as it is outside. guard: read-only inside what may be written, and not to be replaced.
 * Of several for one path, the last of these counts.
 */
export type Access = "hide" | "read" | "write" | "guard";

export interface SeenPlace {
  /** Absolute, links resolved. */
  path: string;
  access: Access;
  /** What is hidden is a file, no folder. */
  isFile?: boolean;
  /** What is there inside, if not the same as outside. */
  from?: string;
}

const RANK: Record<Access, number> = { hide: 0, read: 1, write: 2, guard: 3 };

/** What the account of the server could change there as root, in files that belong to the kernel. */
const KERNEL = ["sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi", "mtrr", "asound"];

/**
 * The mounts that are needed, in order. The most specific place counts: what is inside another is mounted over it. What changes
 * nothing is left out; the whole system is read-only.
 */
export function mountsOf(places: readonly SeenPlace[]): SeenPlace[] {
  const byPath = new Map<string, SeenPlace>();
  for (const place of places) {
    const other = byPath.get(place.path);
    if (other === undefined || RANK[place.access] > RANK[other.access]) byPath.set(place.path, place);
  }
  const kept: SeenPlace[] = [];
  // An ancestor's path is the beginning of those below it.
  for (const place of [...byPath.values()].sort((a, b) => a.path < b.path ? -1 : 1)) {
    const around = kept.findLast((one) => isInside(one.path, place.path));
    const seen = around?.from === undefined ? around?.access ?? "read" : "another";
    if (!isNeeded(place, seen)) continue;
    if (seen === "write" && place.access !== "read") kept.push(...pinned(around!.path, place.path));
    kept.push(place);
  }
  return kept;
}

/** `seen`: what would be there without it; another: of what stands in for a folder. */
function isNeeded({ access, from }: SeenPlace, seen: Access | "another"): boolean {
  if (from !== undefined) return true;
  if (access === "guard") return seen === "write";
  // Who may write may read.
  if (access === "read") return seen === "hide" || seen === "another";
  return access !== seen;
}

/** The folders on the way, as mounts of their own: a mount can be neither moved nor deleted, but a folder that has one in it can. */
function pinned(from: string, to: string): SeenPlace[] {
  const between: SeenPlace[] = [];
  for (let path = dirname(to); path !== from; path = dirname(path)) {
    between.unshift({ path, access: "write" });
  }
  return between;
}

export interface SandboxView {
  places: readonly SeenPlace[];
  network: boolean;
  /** Whether the account is root's. Its files of the kernel are guarded; elsewhere that would only keep sandboxes out of this one. */
  isRoot: boolean;
  /** The folder that the program starts in. */
  cwd: string;
}

/** bubblewrap's arguments, without the program. */
export function sandboxArguments({ places, network, isRoot, cwd }: SandboxView): string[] {
  const mounts = mountsOf(places);
  return [
    ...["--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"],
    ...network ? [] : ["--unshare-net"],
    // A terminal of the server gets no keystrokes from it. Even root has no power over the kernel.
    ...["--new-session", "--cap-drop", "ALL"],
    ...["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"],
    ...(isRoot ? KERNEL : []).flatMap((name) => ["--ro-bind-try", `/proc/${name}`, `/proc/${name}`]),
    ...mounts.flatMap(mounting),
    ...mounts.filter(isEmptyFolder).flatMap(({ path }) => ["--remount-ro", path]),
    ...["--chdir", cwd, "--"],
  ];
}

function isEmptyFolder({ access, isFile, from }: SeenPlace): boolean {
  return access === "hide" && !isFile && from === undefined;
}

function mounting({ path, access, isFile, from = path }: SeenPlace): string[] {
  switch (access) {
    case "hide":
      return isFile ? ["--ro-bind", "/dev/null", path] : ["--tmpfs", path];
    case "read":
    case "guard":
      return ["--ro-bind", from, path];
    case "write":
      return ["--bind", from, path];
  }
}
