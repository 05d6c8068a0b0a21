/** Sends signals to processes that are not our children. POSIX only. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../clock/clock.ts";
import type { KillSignal } from "../../protocol/process.ts";
import { runBriefly } from "./brief_program.ts";

const log = getLogger(["opencode-agents", "agents"]);

/** What became of a signal. */
export type Delivery =
  | { outcome: "delivered" | "no_such_process" }
  /** `reason` as the system words it. */
  | { outcome: "refused"; reason: string };

/**
 * Sends `signal` to one process. With the permission to run anything Deno sends it; otherwise the `kill` program
 * does, and this throws `ApiError` when that cannot be run.
 */
export async function signalProcess(clock: Clock, pid: number, signal: KillSignal): Promise<Delivery> {
  try {
    Deno.kill(pid, signal);
    return { outcome: "delivered" };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { outcome: "no_such_process" };
    if (!(error instanceof Deno.errors.NotCapable)) {
      return { outcome: "refused", reason: (error as Error).message };
    }
  }
  const { code, stderr } = await runBriefly(clock, "kill", killArguments([pid], signal));
  if (code === 0) return { outcome: "delivered" };
  return /no such process/i.test(stderr)
    ? { outcome: "no_such_process" }
    : { outcome: "refused", reason: stderr };
}

/**
 * Sends `signal` to each pid; a negative number means a process group. Processes that are gone are passed over.
 * Without the full run permission the `kill` program does it, once for all.
 */
export async function signalAll(clock: Clock, pids: number[], signal: KillSignal): Promise<void> {
  if (pids.length === 0) return;
  if ((await Deno.permissions.query({ name: "run" })).state !== "granted") {
    // It continues after a pid that is gone, and its exit code then says nothing about the others.
    await runBriefly(clock, "kill", killArguments(pids, signal));
    return;
  }
  for (const pid of pids) {
    const delivery = await signalProcess(clock, pid, signal);
    if (delivery.outcome !== "refused") continue;
    // Another user's process (a setuid program): the others must still get the signal.
    log.warn("{signal} to {pid} failed: {reason}", { signal, pid, reason: delivery.reason });
  }
}

function killArguments(pids: number[], signal: KillSignal): string[] {
  return [`-${signal.slice("SIG".length)}`, "--", ...pids.map(String)];
}
