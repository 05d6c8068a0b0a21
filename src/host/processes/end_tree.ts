/** Ends, stops and continues whole process trees. POSIX only. */
import { getLogger } from "@logtape/logtape";
import { type Clock, sleep } from "../../clock/clock.ts";
import type { Member, Tree } from "./process_tree.ts";
import { signalAll } from "./signals.ts";

const log = getLogger(["opencode-agents", "agents"]);

/** How long a SIGKILL may take. Only a process stuck in the kernel takes longer. */
const KILLED_WITHIN_MS = 5000;

/** How often a stop is repeated, to catch processes that were started during it. */
const STOP_ROUNDS = 3;

/**
 * Sends SIGTERM to the whole tree, including paused processes. After `kill_after_ms` it sends SIGKILL to all survivors
 * and to everything started since. Returns how many processes there were once all are gone. If some survive SIGKILL for
 * 5 s, it logs them and returns.
 */
export async function endTree(clock: Clock, tree: Tree, kill_after_ms: number): Promise<number> {
  const seen = new Set<number>();
  const termed = new Set<number>();
  const kill_at = clock.monotonic() + kill_after_ms;
  const give_up_at = kill_at + KILLED_WITHIN_MS;
  for (let pause_ms = 20;; pause_ms = Math.min(pause_ms * 2, 200)) {
    const members = await tree.members();
    if (members.length === 0) return seen.size;
    for (const { pid } of members) seen.add(pid);
    if (clock.monotonic() >= give_up_at) {
      log.error("processes {pids} survive SIGKILL", { pids: members.map((row) => row.pid) });
      return seen.size;
    }
    if (clock.monotonic() >= kill_at) {
      await signalAll(clock, withGroups(members), "SIGKILL");
    } else {
      const fresh = members.filter((row) => !termed.has(row.pid));
      for (const { pid } of fresh) termed.add(pid);
      await signalAll(clock, fresh.map((row) => row.pid), "SIGTERM");
      // A stopped process handles SIGTERM only after SIGCONT.
      const stopped = members.filter(({ state }) => state === "T" || state === "?");
      await signalAll(clock, stopped.map(({ pid }) => pid), "SIGCONT");
    }
    await sleep(clock, Math.min(pause_ms, Math.max(1, kill_at - clock.monotonic())));
  }
}

/** Stops the whole tree, including processes that are started meanwhile. */
export async function stopTree(clock: Clock, tree: Tree): Promise<void> {
  for (let round = 0; round < STOP_ROUNDS; round++) {
    const running = (await tree.members()).filter((row) => row.state !== "T");
    if (running.length === 0) return;
    await signalAll(clock, withGroups(running), "SIGSTOP");
  }
}

/** Continues the whole tree. */
export async function continueTree(clock: Clock, tree: Tree): Promise<void> {
  await signalAll(clock, withGroups(await tree.members()), "SIGCONT");
}

/** The targets of a signal: first each group that a member leads, to reach new processes, then each process. */
function withGroups(rows: Member[]): number[] {
  const pids = rows.map((row) => row.pid);
  const led = rows.filter((row) => row.pid === row.pgid).map((row) => -row.pid);
  return [...led, ...pids];
}
