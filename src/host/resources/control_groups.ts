/**
 * The memory that control groups (cgroups) of Linux leave to this process: those of containers, systemd units and
 * Kubernetes. Both versions, and machines that mount both.
 */

import { type Mount, MOUNTINFO, mountsIn } from "../mounts.ts";

/** The text of a file; undefined if it does not exist or may not be read. */
export type ReadText = (path: string) => string | undefined;

/** In bytes. */
export interface GroupMemory {
  /** The smallest limit of this process's groups, from its own up. */
  limit: number;
  /** What is left until the first of these groups reaches its limit. Caches count as free, as for the machine. */
  available: number;
}

/** The files of one version. */
interface Version {
  limits: readonly string[];
  usage: string;
  /** The entry of `memory.stat` for the cache that the kernel drops first. */
  cache: string;
  /** The entry of `memory.stat` for the smallest limit up to the top, where containers do not see that far. */
  hierarchy?: string;
}

const V2: Version = {
  // Above `memory.high` the kernel slows a group down so much that more memory is of no use to it.
  limits: ["memory.max", "memory.high"],
  usage: "memory.current",
  cache: "inactive_file",
};
const V1: Version = {
  limits: ["memory.limit_in_bytes"],
  usage: "memory.usage_in_bytes",
  cache: "total_inactive_file",
  hierarchy: "hierarchical_memory_limit",
};

/** Undefined if no group limits the memory, or if /proc or /sys may not be read. */
export function groupMemory(read: ReadText = readText): GroupMemory | undefined {
  const groups = read("/proc/self/cgroup") ?? "";
  const mounts = read(MOUNTINFO) ?? "";
  const found = [
    ...foldersOf(groups, mounts, V2).map((folder) => memoryOf(folder, V2, read)),
    ...foldersOf(groups, mounts, V1).map((folder) => memoryOf(folder, V1, read)),
  ].filter((group) => group !== undefined);
  if (found.length === 0) return undefined;
  return {
    limit: Math.min(...found.map(({ limit }) => limit)),
    available: Math.min(...found.map(({ available }) => available)),
  };
}

/** The files that `groupMemory` reads besides the two of /proc, whose content is given. */
export function groupFiles(groups: string, mounts: string): string[] {
  return [V2, V1].flatMap((version) =>
    foldersOf(groups, mounts, version).flatMap((folder) =>
      [...version.limits, version.usage, "memory.stat"].map((file) => `${folder}/${file}`)
    )
  );
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // Another system, named permissions, or a group without this file.
    return undefined;
  }
}

/** The folders of this process's group and of the groups around it, as far up as they are mounted here. */
function foldersOf(groups: string, mounts: string, version: Version): string[] {
  const path = version === V2
    ? /^0::(.*)$/m.exec(groups)?.[1]
    : /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
  const mount = mountsIn(mounts).find((one) => holds(one, version));
  if (path === undefined || !mount) return [];
  // A container sees its own group as the root of the mount. A path from elsewhere, such as `/../x`, is not mounted.
  const isMounted = mount.root === "/" || path === mount.root || path.startsWith(`${mount.root}/`);
  const below = isMounted && !path.includes("/..")
    ? path.slice(mount.root === "/" ? 0 : mount.root.length)
    : "";
  const names = below.split("/").filter((name) => name !== "");
  return Array.from({ length: names.length + 1 }, (_, i) => [mount.point, ...names.slice(0, i)].join("/"));
}

/** Whether a mount is the hierarchy of this version. */
function holds({ type, super_options }: Mount, version: Version): boolean {
  return version === V2 ? type === "cgroup2" : type === "cgroup" && super_options.includes("memory");
}

/** The limit of one group and what is left of it; undefined if it has none. */
function memoryOf(
  folder: string,
  { limits, usage, cache, hierarchy }: Version,
  read: ReadText,
): GroupMemory | undefined {
  // `max` is no limit. Version 1 has a number for that, which is larger than every machine.
  const number = (file: string) => bytesIn(read(`${folder}/${file}`)?.trim());
  const stat = read(`${folder}/memory.stat`) ?? "";
  const entry = (name: string) => bytesIn(new RegExp(`^${name} (\\d+)$`, "m").exec(stat)?.[1]);
  const limit = Math.min(
    ...limits.map((file) => number(file) ?? Infinity),
    hierarchy && entry(hierarchy) || Infinity,
  );
  if (limit === Infinity) return undefined;
  const used = Math.max(0, (number(usage) ?? 0) - (entry(cache) ?? 0));
  return { limit, available: Math.max(0, limit - used) };
}

function bytesIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
