/** Processes from the `ps` program, for which the permission to run it is enough. Linux and macOS. */
import { type Clock, epochOf, within } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import {
  fullName,
  type ProcessIdentity,
  type ProcessSource,
  type RawProcess,
  statusOf,
} from "./process_source.ts";

/** `ps` takes milliseconds; one that hangs (a dead network drive) must not hold a scan for ever. */
const PS_BOUND_MS = 5000;

/** `ps` derives start times from the uptime, and they differ by a second from call to call. */
const START_TOLERANCE_MS = 2000;

/** The kernel's name is no last column and may hold spaces, so it gets a fixed width. */
const NAME_WIDTH = 20;

export const LINUX_COLUMNS =
  `pid=,ppid=,stat=,rss=,pcpu=,pmem=,cputimes=,nlwp=,lstart=,comm:${NAME_WIDTH}=,args=`;
const MACOS_COLUMNS = "pid=,ppid=,stat=,rss=,pcpu=,pmem=,time=,lstart=,args=";

const HEAD = String.raw`^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\d+)\s+([\d.]+)\s+([\d.]+)\s+`;
const LSTART = String.raw`\w{3}\s+(\w{3})\s+(\d{1,2})\s+(\d\d:\d\d:\d\d)\s+(\d{4})\s`;
const LINUX_ROW = new RegExp(String.raw`${HEAD}(\d+)\s+(\d+)\s+${LSTART}(.*)$`);
const MACOS_ROW = new RegExp(String.raw`${HEAD}([\d:.-]+)\s+${LSTART}(.*)$`);

function seconds(month: string, day: string, time: string, year: string): number {
  return epochOf(`${month} ${day}, ${year} ${time} UTC`);
}

/**
 * Processor time, which `cputimes` gives in whole seconds; the lifetime average tells more of a young process.
 * Both are cut off, so the truth lies in the second that `whole_s` begins.
 */
function finerCpu(whole_s: number, pcpu: number, age_ms: number): { cpu_ms: number; cpu_step_ms: number } {
  const step_ms = Math.min(1000, age_ms / 1000);
  const by_average = age_ms * pcpu / 100;
  return {
    cpu_ms: Math.min(Math.max(by_average, whole_s * 1000), whole_s * 1000 + 999),
    cpu_step_ms: Math.max(10, step_ms),
  };
}

/**
 * Rows of `ps -o LINUX_COLUMNS` in UTC, read at `now_ms`. What is no row is left out. `known` are start times
 * seen before, by pid.
 */
export function parseLinux(
  output: string,
  now_ms: number,
  known: ReadonlyMap<number, number> = new Map(),
): RawProcess[] {
  const rows: RawProcess[] = [];
  for (const line of output.split("\n")) {
    const match = LINUX_ROW.exec(line);
    if (!match) continue;
    const [, pid, ppid, state, rss, pcpu, pmem, cpu, threads, month, day, time, year, rest] =
      match as unknown as string[];
    const name = rest!.slice(0, NAME_WIDTH).trimEnd();
    const command = rest!.slice(NAME_WIDTH + 1).trimEnd();
    const argv = command.startsWith("[") ? [] : command.split(" ");
    const started = settled(known.get(Number(pid)), seconds(month!, day!, time!, year!));
    rows.push({
      pid: Number(pid),
      ppid: Number(ppid),
      name: fullName(name, argv[0]),
      argv,
      command,
      status: statusOf(state!),
      started,
      ...finerCpu(Number(cpu), Number(pcpu), Math.max(0, now_ms - started)),
      rss: Number(rss) * 1024,
      memory_percent: Number(pmem),
      threads: Number(threads),
    });
  }
  return rows;
}

/** The start time as first seen, when it may be the same; what wobbles would blur rates and identities. */
function settled(before: number | undefined, started: number): number {
  return before !== undefined && Math.abs(before - started) <= START_TOLERANCE_MS ? before : started;
}

/** `[[DD-]HH:]MM:SS.cc` */
export function parseMacTime(text: string): number {
  const [clock, days] = text.includes("-") ? [text.split("-")[1]!, Number(text.split("-")[0])] : [text, 0];
  const total_s = clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return Math.round((days * 86_400 + total_s) * 1000);
}

/** Rows of `ps -o MACOS_COLUMNS` in UTC; `executables` are the rows of `ps -o pid=,comm=`. */
export function parseMacos(output: string, executables: string): RawProcess[] {
  const paths = new Map<number, string>();
  for (const line of executables.split("\n")) {
    const match = /^\s*(\d+)\s+(.+?)\s*$/.exec(line);
    if (match) paths.set(Number(match[1]), match[2]!);
  }
  const rows: RawProcess[] = [];
  for (const line of output.split("\n")) {
    const match = MACOS_ROW.exec(line);
    if (!match) continue;
    const [, pid, ppid, state, rss, , pmem, cpu, month, day, time, year, rest] = match as unknown as string[];
    // The column before is padded.
    const command = rest!.trim();
    const executable = paths.get(Number(pid));
    // The path tells where argv[0] ends, since it may hold spaces.
    const argv = executable !== undefined && command.startsWith(executable)
      ? [executable, ...command.slice(executable.length).split(" ").filter((part) => part !== "")]
      : command.split(" ");
    rows.push({
      pid: Number(pid),
      ppid: Number(ppid),
      name: (executable ?? argv[0]!).split("/").pop()!,
      ...(executable === undefined ? {} : { executable }),
      argv,
      command,
      status: statusOf(state!),
      started: seconds(month!, day!, time!, year!),
      cpu_ms: parseMacTime(cpu!),
      cpu_step_ms: 10,
      rss: Number(rss) * 1024,
      memory_percent: Number(pmem),
    });
  }
  return rows;
}

/** The error for processes that cannot be listed or ended for want of a program or a permission. */
export function programMissing(program: string, error: unknown): ApiError {
  const denied = error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied;
  return denied
    ? new ApiError(
      "SERVICE_UNAVAILABLE",
      `This server may not run '${program}', so it cannot see to processes`,
      {
        missing: ["run"],
        permission: `--allow-run=${program}`,
      },
    )
    : new ApiError(
      "SERVICE_UNAVAILABLE",
      `The program '${program}' cannot be run: ${(error as Error).message}`,
      {
        missing: [program],
      },
    );
}

/** Runs a program that answers at once. A missing permission or program is an `ApiError`. */
export async function runBriefly(
  clock: Clock,
  program: string,
  args: string[],
): Promise<{ code: number; stdout: string; stderr: string; pid: number }> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args,
      // In UTC, a change to summer time does not change start times.
      env: { LC_ALL: "C", TZ: "UTC" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw programMissing(program, error);
  }
  const output = await within(clock, PS_BOUND_MS, child.output(), undefined);
  if (output === undefined) {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended just now, which is what we want.
    }
    throw new ApiError("SERVICE_UNAVAILABLE", `'${program}' did not answer within ${PS_BOUND_MS} ms`, {
      missing: [program],
      retry_after_seconds: 1,
    });
  }
  const text = new TextDecoder();
  return {
    code: output.code,
    stdout: text.decode(output.stdout),
    stderr: text.decode(output.stderr),
    pid: child.pid,
  };
}

/** A process seldom changes its folder, and to ask costs a program of its own. */
const FOLDERS_MS = 10_000;

/** Where processes work, from the `pwdx` program that comes with Linux's `ps`; nothing where it is not to be had. */
function createFolders(
  clock: Clock,
): (processes: readonly ProcessIdentity[]) => Promise<Map<number, string>> {
  let known = new Map<number, { started: number; asked_ms: number; path?: string }>();
  let isMissing = false;

  async function ask(pids: number[]): Promise<string> {
    try {
      return (await runBriefly(clock, "pwdx", pids.map(String))).stdout;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // One that did not answer in time may do so later.
      isMissing = error.details.retry_after_seconds === undefined;
      return "";
    }
  }

  return async (processes) => {
    const now_ms = clock.monotonic();
    const next: typeof known = new Map();
    const due = processes.filter(({ pid, started }) => {
      const before = known.get(pid);
      const isKnown = before?.started === started && now_ms - before.asked_ms < FOLDERS_MS;
      next.set(pid, isKnown ? before : { started, asked_ms: now_ms });
      return !isKnown;
    });
    known = next;
    const answer = due.length === 0 || isMissing ? "" : await ask(due.map(({ pid }) => pid));
    for (const [, pid, path] of answer.matchAll(/^(\d+): (.+)$/gm)) {
      const process = next.get(Number(pid));
      if (process) process.path = path!;
    }
    return new Map([...next].flatMap(([pid, { path }]) => path === undefined ? [] : [[pid, path]]));
  };
}

/** The source over `ps`. Open files and connections are not to be had from it. */
export function openPs(clock: Clock, os: string = Deno.build.os): ProcessSource {
  // Start times as first seen, for those that are listed now.
  let known = new Map<number, number>();

  async function rows(selection: string[]): Promise<RawProcess[]> {
    const ps = (columns: string) => runBriefly(clock, "ps", [...selection, "-o", columns]);
    if (os === "darwin") {
      const [all, executables] = await Promise.all([ps(MACOS_COLUMNS), ps("pid=,comm=")]);
      // The listing programs are nobody's processes by the time of the answer.
      const ours = [all.pid, executables.pid];
      return parseMacos(all.stdout, executables.stdout).filter((row) => !ours.includes(row.pid));
    }
    const { stdout, stderr, pid } = await ps(LINUX_COLUMNS);
    const found = parseLinux(stdout, clock.now(), known).filter((row) => row.pid !== pid);
    if (found.length === 0 && stderr !== "") {
      throw new ApiError("SERVICE_UNAVAILABLE", `'ps' gives no list: ${stderr.slice(0, 200).trim()}`, {
        missing: ["ps"],
      });
    }
    return found;
  }
  return {
    kind: "ps",
    start_tolerance_ms: START_TOLERANCE_MS,
    async list() {
      const found = await rows(["axww"]);
      known = new Map(found.map((row) => [row.pid, row.started]));
      return found;
    },
    one: async (pid) => (await rows(["ww", "-p", String(pid)])).find((row) => row.pid === pid),
    connections: () => Promise.resolve(new Map()),
    ...(os === "linux" ? { workingDirs: createFolders(clock) } : {}),
  };
}
