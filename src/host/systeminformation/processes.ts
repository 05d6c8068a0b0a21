/** The processes of the machine from systeminformation. */
import { type Clock, localEpochOf } from "../../clock/clock.ts";
import type { ProcessStatus } from "../../protocol/process.ts";
import type { ProcessSource, RawProcess } from "../processes/process_source.ts";
import type { BoundedLibrary, SystemInformation } from "./library.ts";

/** Start times have whole seconds, and some are derived from the process's age. */
const START_TOLERANCE_MS = 2000;

type Listed = Awaited<ReturnType<SystemInformation["processes"]>>["list"][number];

export function openLibraryProcesses(clock: Clock, library: BoundedLibrary): ProcessSource {
  // The start times as first seen, since they may vary by a second.
  let known = new Map<number, number>();

  async function list(): Promise<RawProcess[]> {
    const { list } = await library.ask("processes", (it) => it.processes());
    const rows = list.map((listed) => processOf(listed, known.get(listed.pid), clock.now()));
    known = new Map(rows.map(({ pid, started }) => [pid, started]));
    return rows;
  }

  return {
    kind: "systeminformation",
    start_tolerance_ms: START_TOLERANCE_MS,
    list,
    one: async (pid) => (await list()).find((row) => row.pid === pid),
    connections: () => Promise.resolve(new Map()),
  };
}

/** `before`: when it started, as seen earlier. Without a start time, of a process that nobody may look at, it is `now_ms`. */
export function processOf(listed: Listed, before: number | undefined, now_ms: number): RawProcess {
  const { pid, parentPid, name, path, command, params, state, started, memRss, mem, cpu } = listed;
  const start = localEpochOf(started ?? "");
  const line = [command || name, params].filter(Boolean).join(" ");
  const isSame = before !== undefined && !(Math.abs(before - start) > START_TOLERANCE_MS);
  return {
    pid,
    ppid: parentPid,
    name: name || command,
    executable: path || undefined,
    argv: argumentsOf(line, path),
    command: line,
    status: STATUSES[state] ?? "running",
    started: isSame ? before : Number.isNaN(start) ? now_ms : start,
    cpu_ms: 0,
    cpu_step_ms: 1000,
    cpu_percent: cpu,
    rss: memRss * 1024,
    memory_percent: mem,
  };
}

const STATUSES: Partial<Record<string, ProcessStatus>> = {
  running: "running",
  sleeping: "sleeping",
  blocked: "sleeping",
  paging: "sleeping",
  stopped: "stopped",
  zombie: "zombie",
  dead: "dead",
};

/** A command line in its parts. Only the program may contain spaces: its path shows where it ends, or quotes do. */
function argumentsOf(line: string, path: string | undefined): string[] {
  const split = (rest: string) => rest.split(" ").filter((part) => part !== "");
  const [, quoted, after = ""] = /^"([^"]+)"(.*)$/.exec(line) ?? [];
  if (quoted !== undefined) return [quoted, ...split(after)];
  if (path && line.startsWith(path)) return [path, ...split(line.slice(path.length))];
  return split(line);
}
