/** Lists processes for those who supervise them: from /proc where it may be read, else from `ps`. */
import { type Clock, sleep } from "../../clock/clock.ts";
import { attempt, bootTime, parseStat, PROCFS_SLICE, procfsPids, procfsUnits } from "./procfs.ts";
import { listPs, ourOs, type PsRow, type PsSelection } from "./ps.ts";

/** What shows which processes belong together, and what each of them is. */
export type ProcessRow = Pick<PsRow, "pid" | "ppid" | "pgid" | "session" | "started" | "state" | "command">;

/** Longer than the bound of a scan, because a tree that cannot be listed cannot be ended either. */
const PS_BOUND_MS = 20_000;

/** The selected processes. Throws `SERVICE_UNAVAILABLE` if neither /proc nor `ps` lists them. */
export async function listRows(clock: Clock, selection: PsSelection): Promise<ProcessRow[]> {
  const units = procfsUnits();
  if (!units) return await listPs(clock, selection, ourOs(), PS_BOUND_MS);
  const tick_ms = 1000 / units.ticks_per_second;
  const boot_ms = bootTime(clock);
  const rows: ProcessRow[] = [];
  for (const [i, pid] of (typeof selection === "number" ? [selection] : procfsPids()).entries()) {
    if (i % PROCFS_SLICE === PROCFS_SLICE - 1) await sleep(clock, 0);
    const text = attempt(() => Deno.readTextFileSync(`/proc/${pid}/stat`));
    if (text === undefined) continue;
    const { ppid, pgid, session, state, start_ticks } = parseStat(text);
    const started = Math.round(boot_ms + start_ticks * tick_ms);
    const command = words(pid, selection === "all_with_environment");
    rows.push({ pid, ppid, pgid, session, state: state[0]!, started, command });
  }
  return rows;
}

/** When process `pid` started, in epoch milliseconds; undefined if there is no such process. */
export async function startTime(clock: Clock, pid: number): Promise<number | undefined> {
  return (await listRows(clock, pid))[0]?.started;
}

/** The arguments of a process, and its environment if that is wanted and may be read, separated by spaces as by `ps`. */
function words(pid: number, withEnvironment: boolean): string {
  return (withEnvironment ? ["cmdline", "environ"] : ["cmdline"])
    .map((file) => attempt(() => Deno.readTextFileSync(`/proc/${pid}/${file}`)) ?? "")
    .join("").replaceAll("\0", " ").trimEnd();
}
