/** Reads processes from `ps`, which does not show open files and connections. */
import type { Clock } from "../../clock/clock.ts";
import { PS_START_TOLERANCE_MS } from "./process_identity.ts";
import { fullName, type ProcessSource, type RawProcess, statusOf } from "./process_source.ts";
import { askPs, listPs, ourOs, type PsOs, type PsRow, type PsSelection } from "./ps.ts";
import { createWorkingDirs } from "./working_dirs.ts";

/** The source over `ps`. `os` decides the format of its output. */
export function openPs(clock: Clock, os: PsOs = ourOs()): ProcessSource {
  // The start times of the listed processes, as first seen.
  let known = new Map<number, number>();

  async function processes(selection: PsSelection): Promise<RawProcess[]> {
    if (os === "darwin") {
      const [rows, executables] = await Promise.all([
        listPs(clock, selection, os),
        askPs(clock, selection, "pid=,comm="),
      ]);
      return macosProcesses(rows.filter((row) => row.pid !== executables.pid), executables.stdout);
    }
    return linuxProcesses(await listPs(clock, selection, os), clock.now(), known);
  }

  return {
    kind: "ps",
    start_tolerance_ms: PS_START_TOLERANCE_MS,
    async list() {
      const found = await processes("all");
      known = new Map(found.map((row) => [row.pid, row.started]));
      return found;
    },
    one: async (pid) => (await processes(pid)).find((row) => row.pid === pid),
    connections: () => Promise.resolve(new Map()),
    workingDirs: os === "linux" ? createWorkingDirs(clock) : undefined,
  };
}

/** Converts rows of Linux, read at `now_ms`. `known`: earlier start times by pid. */
export function linuxProcesses(
  rows: PsRow[],
  now_ms: number,
  known: ReadonlyMap<number, number> = new Map(),
): RawProcess[] {
  return rows.map(({ pid, ppid, name = "", command, state, rss, memory_percent, threads, ...row }) => {
    const argv = command.startsWith("[") ? [] : command.split(" ");
    const started = settled(known.get(pid), row.started);
    return {
      pid,
      ppid,
      name: fullName(name, argv[0]),
      argv,
      command,
      status: statusOf(state),
      started,
      ...finerCpu(row.cpu_ms, row.cpu_percent, Math.max(0, now_ms - started)),
      rss,
      memory_percent,
      threads,
    };
  });
}

/** Returns the start time as first seen if both may be the same: varying times would spoil rates and identities. */
function settled(before: number | undefined, started: number): number {
  return before !== undefined && Math.abs(before - started) <= PS_START_TOLERANCE_MS ? before : started;
}

/**
 * Refines the processor time, which Linux's `ps` gives in whole seconds, by the lifetime average, which is more precise
 * for a young process. Both are rounded down, so the true value lies within one second above `whole_ms`.
 */
function finerCpu(
  whole_ms: number,
  percent: number,
  age_ms: number,
): { cpu_ms: number; cpu_step_ms: number } {
  const by_average = age_ms * percent / 100;
  return {
    cpu_ms: Math.min(Math.max(by_average, whole_ms), whole_ms + 999),
    cpu_step_ms: Math.max(10, Math.min(1000, age_ms / 1000)),
  };
}

/** Converts rows of macOS. `executables`: the output of `ps -o pid=,comm=`. */
export function macosProcesses(rows: PsRow[], executables: string): RawProcess[] {
  const paths = new Map<number, string>();
  for (const line of executables.split("\n")) {
    const match = /^\s*(\d+)\s+(.+?)\s*$/.exec(line);
    if (match) paths.set(Number(match[1]), match[2]!);
  }
  return rows.map(({ pid, ppid, command, state, started, cpu_ms, rss, memory_percent }) => {
    const executable = paths.get(pid);
    // argv[0] may contain spaces. The path shows where it ends.
    const argv = executable !== undefined && command.startsWith(executable)
      ? [executable, ...command.slice(executable.length).split(" ").filter((part) => part !== "")]
      : command.split(" ");
    return {
      pid,
      ppid,
      name: (executable ?? argv[0]!).split("/").pop()!,
      executable,
      argv,
      command,
      status: statusOf(state),
      started,
      cpu_ms,
      cpu_step_ms: 10,
      rss,
      memory_percent,
    };
  });
}
