/** The memory of control groups, read by programs: with named permissions Deno does not open /proc and /sys itself. */
import type { Clock } from "../../clock/clock.ts";
import { runBriefly } from "../processes/brief_program.ts";
import { MOUNTINFO } from "../mounts.ts";
import { groupFiles, type GroupMemory, groupMemory } from "./control_groups.ts";

const BOUND_MS = 1000;

/** Undefined if no group limits the memory, or if `cat` and `grep` may not be run or do not work. */
export async function printedGroupMemory(clock: Clock): Promise<GroupMemory | undefined> {
  try {
    // Both are in the same groups as this process.
    const own = (await runBriefly(clock, "cat", ["/proc/self/cgroup", MOUNTINFO], BOUND_MS)).stdout;
    const files = groupFiles(own, own);
    if (files.length === 0) return undefined;
    // It prints each line with the name of its file.
    const { stdout } = await runBriefly(clock, "grep", ["-sH", "", "--", ...files], BOUND_MS);
    const lines = stdout.split("\n");
    return groupMemory((path) => {
      if (path.startsWith("/proc/")) return own;
      const found = lines.filter((line) => line.startsWith(`${path}:`));
      return found.length === 0 ? undefined : found.map((line) => line.slice(path.length + 1)).join("\n");
    });
  } catch {
    // A program is missing or hangs. The limit itself is known all the same.
    return undefined;
  }
}
