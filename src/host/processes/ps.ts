/** Runs the `ps` program and parses its output. Needs only the permission to run it. Linux and macOS. */
import { type Clock, epochOf } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { type BriefOutput, runBriefly } from "./brief_program.ts";
import type { ProcessIdentity } from "./process_identity.ts";

/** One process as `ps` shows it. */
export interface PsRow extends ProcessIdentity {
  ppid: number;
  pgid: number;
  /** 0 if the platform does not show it. */
  session: number;
  /** The first letter of the state. `Z`: the process has ended, but its parent has not collected its exit status. */
  state: string;
  /** Resident memory in bytes. */
  rss: number;
  /** Average over the life of the process. 100 is one whole processor. */
  cpu_percent: number;
  memory_percent: number;
  /** Processor time used so far. Linux cuts it to whole seconds. */
  cpu_ms: number;
  /** Linux only. */
  threads?: number;
  /** The kernel's name for it, cut to 15 bytes. Linux only. */
  name?: string;
  /** Arguments and, if requested, environment, separated by spaces. */
  command: string;
}

export type PsOs = "linux" | "darwin";

/** The kernel's name may contain spaces and is not the last column, so it has a fixed width. */
const NAME_WIDTH = 20;

/** The columns for `ps -o`. */
export const PS_COLUMNS: Record<PsOs, string> = {
  linux: "pid=,ppid=,pgid=,sess=,stat=,rss=,pcpu=,pmem=,cputimes=,nlwp=,lstart=," +
    `comm:${NAME_WIDTH}=,args=`,
  darwin: "pid=,ppid=,pgid=,sess=,stat=,rss=,pcpu=,pmem=,time=,lstart=,args=",
};

const HEAD = String.raw`^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S)\S*\s+(\d+)\s+([\d.]+)\s+([\d.]+)\s+`;
/** `Mon Nov 23 21:40:49 2026` */
const STARTED = String.raw`\w{3}\s+(\w{3})\s+(\d{1,2})\s+(\d\d:\d\d:\d\d)\s+(\d{4})(?:\s(.*))?$`;
const ROWS: Record<PsOs, RegExp> = {
  linux: new RegExp(String.raw`${HEAD}(\d+)\s+(\d+)\s+${STARTED}`),
  // No column for threads. An empty group keeps the group numbers the same.
  darwin: new RegExp(String.raw`${HEAD}([\d:.-]+)()\s+${STARTED}`),
};

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Epoch milliseconds of `2026`, `Mar`, `9`, `01:02:03` in UTC. */
function startOf(year: string, month: string, day: string, time: string): number {
  const two = (value: string | number) => String(value).padStart(2, "0");
  return epochOf(`${year}-${two(MONTHS.indexOf(month) + 1)}-${two(day)}T${time}Z`);
}

/** The rows of `ps -o PS_COLUMNS[os]` in UTC. Lines that are not rows are left out. */
export function parsePs(output: string, os: PsOs): PsRow[] {
  const rows: PsRow[] = [];
  for (const line of output.split("\n")) {
    const match = ROWS[os].exec(line);
    if (!match) continue;
    const [, pid, ppid, pgid, session, state, rss, pcpu, pmem, cpu, threads, month, day, time, year, rest] =
      match as unknown as string[];
    const text = rest ?? "";
    const row: PsRow = {
      pid: Number(pid),
      ppid: Number(ppid),
      pgid: Number(pgid),
      // macOS prints an address here, which is not a session id.
      session: /^\d+$/.test(session!) ? Number(session) : 0,
      state: state!,
      started: startOf(year!, month!, day!, time!),
      rss: Number(rss) * 1024,
      cpu_percent: Number(pcpu),
      memory_percent: Number(pmem),
      cpu_ms: os === "linux" ? Number(cpu) * 1000 : parseMacTime(cpu!),
      command: (os === "linux" ? text.slice(NAME_WIDTH + 1) : text).trim(),
    };
    if (os === "linux") {
      row.threads = Number(threads);
      row.name = text.slice(0, NAME_WIDTH).trimEnd();
    }
    rows.push(row);
  }
  return rows;
}

/** `[[DD-]HH:]MM:SS.cc` in milliseconds. */
export function parseMacTime(text: string): number {
  const [clock, days] = text.includes("-") ? [text.split("-")[1]!, Number(text.split("-")[0])] : [text, 0];
  const total_s = clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return Math.round((days * 86_400 + total_s) * 1000);
}

/** All processes, all with their environment after the command, or one by its pid. */
export type PsSelection = "all" | "all_with_environment" | number;

/**
 * The selected processes without the `ps` that lists them. The environment is shown only for processes of the server's
 * own user. Throws as `runBriefly` does, and `SERVICE_UNAVAILABLE` for a `ps` that cannot list processes in this way.
 */
export async function listPs(
  clock: Clock,
  selection: PsSelection,
  os: PsOs = ourOs(),
  bound_ms?: number,
): Promise<PsRow[]> {
  const output = await askPs(clock, selection, PS_COLUMNS[os], bound_ms);
  const rows = parsePs(output.stdout, os);
  // Every selection contains this process, so a `ps` that does not show it tells us nothing about the others either.
  if (!rows.some((row) => row.pid === Deno.pid)) throw unable(output);
  return rows.filter((row) =>
    row.pid !== output.pid && (typeof selection !== "number" || row.pid === selection)
  );
}

/** Runs `ps -o columns` for the selected processes, and for this one, and returns its output. */
export function askPs(
  clock: Clock,
  selection: PsSelection,
  columns: string,
  bound_ms?: number,
): Promise<BriefOutput> {
  const selected = typeof selection === "number"
    ? ["ww", "-p", [...new Set([selection, Deno.pid])].join()]
    : [selection === "all" ? "axww" : "axeww"];
  return runBriefly(clock, "ps", [...selected, "-o", columns], bound_ms);
}

/** A `ps` without the options that are used here, such as BusyBox's, or one that does not work. */
function unable({ code, stdout, stderr }: BriefOutput): ApiError {
  const said = (stderr.trim() || stdout.trim()).slice(0, 200);
  const reason = said === "" ? `it printed nothing and ended with code ${code}` : said;
  const advice = Deno.build.os === "linux" ? ". Install procps; BusyBox's 'ps' does not suffice" : "";
  return new ApiError("SERVICE_UNAVAILABLE", `'ps' does not list the processes here: ${reason}${advice}`, {
    missing: ["ps"],
    program: "ps",
    exit_code: code,
    reason,
  });
}

export function ourOs(): PsOs {
  return Deno.build.os === "darwin" ? "darwin" : "linux";
}
