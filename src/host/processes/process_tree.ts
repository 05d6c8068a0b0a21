/** Finds the processes of a run: the descendants of its agent, and processes with its mark in their environment. */
import { isSameProcess, type ProcessIdentity, PS_START_TOLERANCE_MS } from "./process_identity.ts";
import type { ProcessLists } from "./process_lists.ts";
import type { ProcessRow } from "./process_rows.ts";

/** How often the list is made again for processes that have just started. */
const LIST_ROUNDS = 3;

/** Variables, as `NAME=VALUE` without white space, that identify a process whatever its parent is. */
export interface EnvironmentMark {
  all: string[];
  none?: string[];
}

/** A state of `?` and a group of 0 are unknown. */
export type Member = Pick<ProcessRow, "pid" | "pgid" | "state">;

export interface Tree {
  /** The live processes of the tree now. Zombies have ended and are left out. */
  members(): Promise<Member[]>;
}

/** The tree of what is contained and nothing else, for when processes cannot be listed. */
export function containedTree(contained: () => Promise<readonly number[] | undefined>): Tree {
  return { members: async () => (await contained() ?? []).map((pid) => ({ pid, pgid: 0, state: "?" })) };
}

/**
 * The tree of all processes that descend from `roots` or have `mark`. A process that was once a member stays one until
 * it is gone, even if the process that connected it ends first. This process and its ancestors are never members.
 * `contained`: the pids of more members, and of nothing else, found by what they cannot leave.
 */
export function createTree(
  lists: ProcessLists,
  roots: ProcessIdentity[],
  mark?: EnvironmentMark,
  contained?: () => Promise<readonly number[] | undefined>,
): Tree {
  let known: ProcessRow[] = [];

  /** All processes, and those of them that are contained. These are asked for last, since a pid may be used again. */
  async function listed(): Promise<{ rows: ProcessRow[]; held: ReadonlySet<number> }> {
    for (let round = 1;; round++) {
      const rows = await lists.withEnvironment();
      if (rows.length === 0) throw new Error("no process is listed");
      const held = new Set(await contained?.());
      const pids = new Set(rows.map(({ pid }) => pid));
      // One that has started since the list was made is found in the next.
      if (round === LIST_ROUNDS || [...held].every((pid) => pids.has(pid))) return { rows, held };
    }
  }

  return {
    async members() {
      const { rows, held } = await listed();
      const ours = ancestors(rows, Deno.pid);
      const isNew = (row: ProcessRow) => !ours.has(row.pid) && !known.some((member) => isSame(row, member));
      const marked = mark ? await bearers(lists, rows.filter(isNew), mark) : [];
      const pids = descendants(rows, [
        ...roots,
        ...known,
        ...marked,
        ...rows.filter(({ pid }) => held.has(pid)),
      ]);
      known = rows.filter((row) => pids.has(row.pid) && !ours.has(row.pid) && row.state !== "Z");
      return known;
    },
  };
}

/** The columns that show which processes belong together. */
export type Kin = Pick<ProcessRow, "pid" | "ppid" | "pgid" | "session" | "started">;

/**
 * The pids of the `roots` that still run, of the processes in groups and sessions that the roots led, and of all their
 * descendants. A root whose pid now belongs to another process leads to nothing.
 */
export function descendants(rows: Kin[], roots: ProcessIdentity[]): Set<number> {
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

/** `pid` and all its parents. */
function ancestors(rows: Kin[], pid: number): Set<number> {
  const by_pid = new Map(rows.map((row) => [row.pid, row]));
  const found = new Set<number>();
  for (let row = by_pid.get(pid); row && !found.has(row.pid); row = by_pid.get(row.ppid)) found.add(row.pid);
  return found;
}

function isSame(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return isSameProcess(a, b, PS_START_TOLERANCE_MS);
}

/**
 * Those of `rows` whose environment has the mark: one in an argument is none. If /proc may not be read, the mark must
 * appear less often in the arguments alone than in arguments and environment together.
 */
async function bearers(
  lists: ProcessLists,
  rows: ProcessRow[],
  mark: EnvironmentMark,
): Promise<ProcessRow[]> {
  const bearing: ProcessRow[] = [];
  const unread: ProcessRow[] = [];
  for (const row of rows) {
    if (!showsMark(row.command.split(" "), mark)) continue;
    try {
      const environment = await Deno.readTextFile(`/proc/${row.pid}/environ`);
      if (showsMark(environment.split("\0"), mark)) bearing.push(row);
    } catch {
      // No permission, no /proc, or the process is gone. `ps` answers in all these cases.
      unread.push(row);
    }
  }
  if (unread.length === 0) return bearing;
  const plain = new Map((await lists.withoutEnvironment()).map((row) => [row.pid, row]));
  const times = (command: string, variable: string) =>
    command.split(" ").filter((word) => word === variable).length;
  return bearing.concat(unread.filter((row) => {
    const bare = plain.get(row.pid);
    if (!bare || !isSame(row, bare)) return false;
    return mark.all.every((variable) => times(row.command, variable) > times(bare.command, variable));
  }));
}

function showsMark(words: string[], mark: EnvironmentMark): boolean {
  // Without this check, every process would have an empty mark.
  return mark.all.length > 0 && mark.all.every((variable) => words.includes(variable)) &&
    !(mark.none ?? []).some((variable) => words.includes(variable));
}
