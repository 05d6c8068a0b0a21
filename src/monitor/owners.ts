/** Assigns processes to this server's tasks. Pure. */

/** A process that this server has started for a task. */
export interface OwnChild {
  task_id: string;
  /** Name of the agent in the configuration. */
  agent: string;
  /** What the task is doing: the current step of its progress. */
  activity?: string;
}

/** The owner of each process that descends from a child of this server. */
export function inheritOwners(
  rows: readonly { pid: number; ppid: number }[],
  own: ReadonlyMap<number, OwnChild>,
): Map<number, OwnChild> {
  const owners = new Map<number, OwnChild>();
  if (own.size === 0) return owners;
  const children = new Map<number, number[]>();
  const present = new Set<number>();
  for (const { pid, ppid } of rows) {
    present.add(pid);
    const siblings = children.get(ppid);
    if (siblings) siblings.push(pid);
    else children.set(ppid, [pid]);
  }
  for (const [root, owner] of own) {
    if (!present.has(root)) continue;
    owners.set(root, owner);
    const open = [root];
    while (open.length > 0) {
      for (const pid of children.get(open.pop()!) ?? []) {
        // A process that runs its own task belongs to that task.
        if (owners.has(pid) || own.has(pid)) continue;
        owners.set(pid, owner);
        open.push(pid);
      }
    }
  }
  return owners;
}

/** What holds a sandbox, and works for nobody. */
const HOLDER = "bwrap";

/** The pids of the programs that were started: each child itself, or what runs in the sandbox that it holds. */
export function programsOf(
  rows: readonly { pid: number; ppid: number; name: string }[],
  own: ReadonlyMap<number, OwnChild>,
): Set<number> {
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  const programs = new Set<number>();
  for (const pid of own.keys()) {
    let row = byPid.get(pid);
    while (row?.name === HOLDER) {
      const holder = row.pid;
      row = rows.find(({ ppid }) => ppid === holder);
    }
    programs.add(row?.pid ?? pid);
  }
  return programs;
}
