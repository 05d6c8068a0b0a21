/** Sends signals to processes that are not our children, and ends whole trees. POSIX only. */
import { getLogger } from "@logtape/logtape";
import { type Clock, sleep } from "../clock/clock.ts";
import type { ProcessRow, Tree } from "./process_tree.ts";

const log = getLogger(["opencode-agents", "agents"]);

export type TreeSignal = "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT";

/** How long SIGKILL may take to show; only a process stuck in the kernel takes longer. */
const KILLED_WITHIN_MS = 5000;

/** How often a stop is repeated for processes that were started while it was under way. */
const STOP_ROUNDS = 3;

/**
 * Sends `signal` to each pid; a negative number means a process group. Those that are gone by then are passed
 * over. Full run permission lets us do it ourselves; otherwise the `kill` program does.
 */
export async function sendSignal(pids: number[], signal: TreeSignal): Promise<void> {
  if (pids.length === 0) return;
  if ((await Deno.permissions.query({ name: "run" })).state !== "granted") {
    // It goes on after a pid that is gone, and its exit code then says nothing about the others.
    await new Deno.Command("kill", {
      args: [`-${signal.slice(3)}`, "--", ...pids.map(String)],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return;
  }
  for (const pid of pids) {
    try {
      Deno.kill(pid, signal);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      // Another user's process (a setuid program): the others must still get the signal.
      log.warn("{signal} to {pid} failed: {error}", { signal, pid, error });
    }
  }
}

/** The numbers to signal: each process, and first each group that a member leads, for what is being started. */
function targets(rows: ProcessRow[]): number[] {
  const pids = rows.map((row) => row.pid);
  const led = rows.filter((row) => row.pid === row.pgid).map((row) => -row.pid);
  return [...led, ...pids];
}

/**
 * SIGTERM to all of the tree, also to what is paused, and SIGKILL after `kill_after_ms` to every survivor and
 * everything started since. Returns how many processes there were, once all are gone, or, with a log entry,
 * when even SIGKILL did not help for 5 s.
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
      await sendSignal(targets(members), "SIGKILL");
    } else {
      const fresh = members.filter((row) => !termed.has(row.pid));
      for (const { pid } of fresh) termed.add(pid);
      await sendSignal(fresh.map((row) => row.pid), "SIGTERM");
      // A stopped process takes SIGTERM only when it goes on.
      await sendSignal(members.filter((row) => row.state === "T").map((row) => row.pid), "SIGCONT");
    }
    await sleep(clock, Math.min(pause_ms, Math.max(1, kill_at - clock.monotonic())));
  }
}

/** Stops the whole tree, with what is started meanwhile. */
export async function stopTree(tree: Tree): Promise<void> {
  for (let round = 0; round < STOP_ROUNDS; round++) {
    const running = (await tree.members()).filter((row) => row.state !== "T");
    if (running.length === 0) return;
    await sendSignal(targets(running), "SIGSTOP");
  }
}

/** Lets the whole tree go on. */
export async function continueTree(tree: Tree): Promise<void> {
  await sendSignal(targets(await tree.members()), "SIGCONT");
}
