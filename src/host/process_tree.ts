/**
 * Which processes belong to a run. `ps` is the source, since it works with the permission to run it alone;
 * /proc needs every permission.
 */
import { epochOf } from "../clock/clock.ts";
import { wholeText } from "./child_streams.ts";

export interface ProcessRow {
  pid: number;
  ppid: number;
  pgid: number;
  /** 0 where the platform does not tell. */
  session: number;
  /** First letter of the state; `Z` is a process that has ended and waits for its parent to take note. */
  state: string;
  /** Epoch milliseconds, to the second. */
  started: number;
  /** Arguments and, when asked for, environment, separated by spaces, as `ps` shows them. */
  command: string;
}

/** A process that is certainly meant, even when its pid has been given to another one since. */
export interface ProcessIdentity {
  pid: number;
  /** Epoch milliseconds. */
  started: number;
}

/** Start times are derived by `ps` from the uptime, and differ by a second from call to call. */
const START_TOLERANCE_MS = 2000;

/** pid ppid pgid session state "Mon Nov 23 21:40:49 2026" command */
const ROW =
  /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S)\S*\s+\w{3}\s+(\w{3})\s+(\d{1,2})\s+(\d\d:\d\d:\d\d)\s+(\d{4})(?:\s(.*))?$/;

const COLUMNS = "pid=,ppid=,pgid=,sess=,stat=,lstart=,args=";

/** The rows of `ps -o pid=,ppid=,pgid=,sess=,stat=,lstart=,args=` in UTC; what is no row is left out. */
export function parseProcesses(text: string): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const line of text.split("\n")) {
    const match = ROW.exec(line);
    if (!match) continue;
    const [, pid, ppid, pgid, session, state, month, day, time, year, command] = match;
    rows.push({
      pid: Number(pid),
      ppid: Number(ppid),
      pgid: Number(pgid),
      // macOS prints an address here, which is no session id.
      session: /^\d+$/.test(session!) ? Number(session) : 0,
      state: state!,
      started: epochOf(`${month} ${day}, ${year} ${time} UTC`),
      command: command ?? "",
    });
  }
  return rows;
}

async function ps(selection: string[]): Promise<string> {
  const child = new Deno.Command("ps", {
    args: [...selection, "-o", COLUMNS],
    // In UTC, a change to summer time does not change start times.
    env: { LC_ALL: "C", TZ: "UTC" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const [text] = await Promise.all([wholeText(child.stdout), child.status]);
  return text;
}

/** All processes; with `environment`, the commands of our own user's ones are followed by their variables. */
export async function listProcesses(environment: boolean): Promise<ProcessRow[]> {
  const rows = parseProcesses(await ps([environment ? "axeww" : "axww"]));
  if (rows.length === 0) throw new Error("ps lists no process");
  return rows;
}

/** When `pid` started, in epoch milliseconds; undefined when there is no such process. */
export async function startTime(pid: number): Promise<number | undefined> {
  return parseProcesses(await ps(["-p", String(pid)]))[0]?.started;
}

export function isSame(row: ProcessRow, identity: ProcessIdentity): boolean {
  return row.pid === identity.pid && Math.abs(row.started - identity.started) <= START_TOLERANCE_MS;
}

/**
 * The pids of `roots` that still run, of everything in groups and sessions that they led, and of all that
 * these have started, directly or not. A root's number that another process bears by now leads to nothing.
 */
export function descendants(rows: ProcessRow[], roots: ProcessIdentity[]): Set<number> {
  const by_pid = new Map(rows.map((row) => [row.pid, row]));
  const members = new Set<number>();
  const leads = new Set<number>();
  for (const root of roots) {
    const row = by_pid.get(root.pid);
    if (row && !isSame(row, root)) continue;
    if (row) members.add(root.pid);
    leads.add(root.pid);
  }
  let grown = leads.size > 0;
  while (grown) {
    grown = false;
    for (const row of rows) {
      if (members.has(row.pid)) continue;
      if (!leads.has(row.ppid) && !leads.has(row.pgid) && !leads.has(row.session)) continue;
      members.add(row.pid);
      leads.add(row.pid);
      grown = true;
    }
  }
  return members;
}

/** Variables, as `NAME=VALUE` without white space, by which a process is known, whoever its parent is. */
export interface EnvironmentMark {
  all: string[];
  none?: string[];
}

function showsMark(words: string[], mark: EnvironmentMark): boolean {
  // A mark of nothing would be borne by everything.
  return mark.all.length > 0 && mark.all.every((variable) => words.includes(variable)) &&
    !(mark.none ?? []).some((variable) => words.includes(variable));
}

/**
 * Whether the mark is really in the environment of `row`, and not merely in an argument. Where /proc may not
 * be read, the arguments alone must show the mark less often than arguments and environment together.
 */
async function bearsMark(row: ProcessRow, mark: EnvironmentMark): Promise<boolean> {
  if (!showsMark(row.command.split(" "), mark)) return false;
  try {
    const environment = await Deno.readTextFile(`/proc/${row.pid}/environ`);
    return showsMark(environment.split("\0"), mark);
  } catch {
    // No permission, no /proc, or gone: `ps` tells, too.
  }
  const [plain] = parseProcesses(await ps(["ww", "-p", String(row.pid)]));
  if (!plain) return false;
  const times = (command: string, variable: string) =>
    command.split(" ").filter((word) => word === variable).length;
  return mark.all.every((variable) => times(row.command, variable) > times(plain.command, variable));
}

export interface Tree {
  /** The live processes that belong to it, as of now. Zombies have ended and are left out. */
  members(): Promise<ProcessRow[]>;
}

/**
 * Everything that descends from `roots` or bears `mark`. Processes seen once stay members until they are gone,
 * also when what connected them has ended since. This process and its ancestors are never members.
 */
export function createTree(roots: ProcessIdentity[], mark?: EnvironmentMark): Tree {
  let known: ProcessRow[] = [];
  return {
    async members() {
      const rows = await listProcesses(true);
      const ours = ancestors(rows, Deno.pid);
      const marked: ProcessRow[] = [];
      for (const row of mark ? rows : []) {
        if (ours.has(row.pid) || known.some((member) => isSame(row, member))) continue;
        if (await bearsMark(row, mark!)) marked.push(row);
      }
      const pids = descendants(rows, [...roots, ...known, ...marked]);
      known = rows.filter((row) => pids.has(row.pid) && !ours.has(row.pid) && row.state !== "Z");
      return known;
    },
  };
}

/** `pid` and all its parents. */
function ancestors(rows: ProcessRow[], pid: number): Set<number> {
  const by_pid = new Map(rows.map((row) => [row.pid, row]));
  const found = new Set<number>();
  for (let row = by_pid.get(pid); row && !found.has(row.pid); row = by_pid.get(row.ppid)) found.add(row.pid);
  return found;
}
