/** Sends signals to processes that need not be our children. POSIX only. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../clock/clock.ts";
import type { KillSignal } from "../../protocol/process.ts";
import { runBriefly } from "./brief_program.ts";

const log = getLogger(["opencode-agents", "agents"]);

/** The result of sending a signal. */
export type Delivery =
  | { outcome: "delivered" | "no_such_process" }
  /** `reason` as the system words it. */
  | { outcome: "refused"; reason: string };

/**
 * Sends `signal` to one process. With the full run permission Deno sends it; otherwise the `kill` program does. Throws
 * `ApiError` if that program cannot be run.
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
  return await signalByProgram(clock, pid, signal);
}

/** Sends `signal` with the `kill` program. Throws `ApiError` if that cannot be run. */
export async function signalByProgram(clock: Clock, pid: number, signal: KillSignal): Promise<Delivery> {
  const { code, stderr } = await runBriefly(clock, "kill", killArguments([pid], signal));
  if (code === 0) return { outcome: "delivered" };
  return /no such process/i.test(stderr)
    ? { outcome: "no_such_process" }
    : { outcome: "refused", reason: stderr };
}

/**
 * Sends `signal` to each pid. A negative number means a process group. Processes that are gone are skipped. Without the
 * full run permission, one run of the `kill` program signals all of them.
 */
export async function signalAll(clock: Clock, pids: number[], signal: KillSignal): Promise<void> {
  if (pids.length === 0) return;
  if ((await Deno.permissions.query({ name: "run" })).state !== "granted") {
    // `kill` continues after a pid that is gone. Its exit code then says nothing about the others.
    await runBriefly(clock, "kill", killArguments(pids, signal));
    return;
  }
  for (const pid of pids) {
    const delivery = await signalProcess(clock, pid, signal);
    if (delivery.outcome !== "refused") continue;
    // A process of another user (a setuid program). The others must still get the signal.
    log.warn("{signal} to {pid} failed: {reason}", { signal, pid, reason: delivery.reason });
  }
}

function killArguments(pids: number[], signal: KillSignal): string[] {
  return [`-${signal.slice("SIG".length)}`, "--", ...pids.map(String)];
}
