/** `kill_process`: ends only agents and processes of this server's tasks, and only the process that was meant. */
import { recordAction } from "../store/audit/audited_action.ts";
import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime, sleep } from "../clock/clock.ts";
import type { Actor } from "../domain/actor.ts";
import { ApiError } from "../domain/errors.ts";
import type { KillSignal } from "../protocol/process.ts";
import { isSameProcess, type ProcessIdentity } from "../host/processes/process_identity.ts";
import type { ProcessSource, RawProcess } from "../host/processes/process_source.ts";
import { signalProcess } from "../host/processes/signals.ts";
import { isEndable, type ScannedProcess } from "./scan.ts";
import type { ProcessScanner } from "./scanner.ts";

const log = getLogger(["opencode-agents", "monitor"]);

/** How long a process may take to end, by default. */
const GONE_WITHIN_MS = 10_000;

/** Signals that do not end a process. They are complete once delivered. */
const NOT_ENDING: readonly KillSignal[] = ["SIGSTOP", "SIGCONT"];

/** The data of `process_killed`. */
export interface Killed {
  pid: number;
  signal: KillSignal;
  success: true;
  termination_time: string;
}

export interface Killer {
  /**
   * Sends `signal` to process `pid` and waits until it is gone, at most 10 s. SIGSTOP and SIGCONT return once delivered.
   * Fails with PROCESS_NOT_FOUND, PROCESS_PERMISSION_DENIED, PROCESS_KILL_FAILED or SERVICE_UNAVAILABLE.
   */
  kill(pid: number, signal: KillSignal, by: Actor): Promise<Killed>;
}

export interface KillerOptions {
  clock: Clock;
  source: ProcessSource;
  scanner: ProcessScanner;
  self_pid?: number;
  gone_within_ms?: number;
}

export function createKiller(options: KillerOptions): Killer {
  const { clock, source, scanner, self_pid = Deno.pid, gone_within_ms = GONE_WITHIN_MS } = options;

  /** The process that `pid` refers to, if it may be ended. */
  async function target(pid: number): Promise<ScannedProcess> {
    const shown = find(scanner.latest()?.processes, pid);
    let scanned = find((await scanner.scan()).processes, pid);
    if (!scanned || !isEndable(scanned)) {
      // The scan may be half a second old. The process may have started, or become an agent, since then.
      scanner.expire();
      scanned = find((await scanner.scan()).processes, pid);
    }
    if (!scanned) throw notFound(pid);
    if (shown && !isSameProcess(identity(scanned), identity(shown), source.start_tolerance_ms)) {
      throw reused(pid, scanned);
    }
    if (pid === self_pid || !isEndable(scanned)) {
      throw new ApiError(
        "PROCESS_PERMISSION_DENIED",
        `Process ${pid} is neither an agent nor started by this server, so it is not ended`,
        { pid, name: scanned.process.name, type: scanned.process.type },
      );
    }
    return scanned;
  }

  async function waitUntilGone(meant: ProcessIdentity, signal: KillSignal): Promise<void> {
    const deadline = clock.monotonic() + gone_within_ms;
    for (let pause_ms = 10;; pause_ms = Math.min(pause_ms * 2, 250)) {
      const now = await source.one(meant.pid);
      if (hasEnded(source, now, meant)) return;
      const left_ms = deadline - clock.monotonic();
      if (left_ms <= 0) throw survived(meant.pid, signal, now!, gone_within_ms);
      await sleep(clock, Math.min(pause_ms, left_ms));
    }
  }

  return {
    async kill(pid, signal, by) {
      const meant = await target(pid);
      // The scan may be half a second old. The pid may belong to another process by now.
      const now = await source.one(pid);
      if (hasEnded(source, now, identity(meant))) {
        if (now && now.status !== "zombie") throw reused(pid, meant);
        throw notFound(pid);
      }
      await recordAction();
      await deliver(clock, pid, signal);
      log.info("{signal} sent to {name}, process {pid}", { signal, name: meant.process.name, pid, by });
      if (!NOT_ENDING.includes(signal)) await waitUntilGone(identity(meant), signal);
      scanner.expire();
      return { pid, signal, success: true, termination_time: isoTime(clock.now()) };
    },
  };
}

function find(processes: ScannedProcess[] | undefined, pid: number): ScannedProcess | undefined {
  return processes?.find((scanned) => scanned.process.pid === pid);
}

function identity(scanned: ScannedProcess): ProcessIdentity {
  return { pid: scanned.process.pid, started: scanned.started };
}

/** Whether the process is gone. A zombie counts as gone: it only waits for its parent to collect its exit status. */
function hasEnded(source: ProcessSource, now: RawProcess | undefined, meant: ProcessIdentity): boolean {
  return now === undefined || now.status === "zombie" || now.status === "dead" ||
    !isSameProcess(now, meant, source.start_tolerance_ms);
}

function notFound(pid: number): ApiError {
  return new ApiError("PROCESS_NOT_FOUND", `There is no process ${pid}`, { pid });
}

function reused(pid: number, seen: ScannedProcess): ApiError {
  return new ApiError(
    "PROCESS_NOT_FOUND",
    `Process ${pid} has ended; its number belongs to another process now, which is not ended`,
    { pid, reused: true, name: seen.process.name },
  );
}

function survived(pid: number, signal: KillSignal, now: RawProcess, waited_ms: number): ApiError {
  const hint = now.status === "stopped" && signal !== "SIGKILL"
    ? "It is stopped: SIGCONT lets it take the signal, SIGKILL ends it."
    : signal === "SIGKILL"
    ? "The kernel holds it."
    : "SIGKILL ends it without its consent.";
  return new ApiError(
    "PROCESS_KILL_FAILED",
    `Process ${pid} still runs ${waited_ms / 1000} s after ${signal}. ${hint}`,
    { pid, signal, status: now.status, waited_ms },
  );
}

async function deliver(clock: Clock, pid: number, signal: KillSignal): Promise<void> {
  const delivery = await signalProcess(clock, pid, signal);
  if (delivery.outcome === "no_such_process") throw notFound(pid);
  if (delivery.outcome === "refused") throw undeliverable(pid, signal, delivery.reason);
}

function undeliverable(pid: number, signal: KillSignal, reason: string): ApiError {
  const denied = /not permitted|permission denied/i.test(reason);
  const why = denied ? "Permission denied" : reason.trim().slice(0, 200);
  return new ApiError("PROCESS_KILL_FAILED", `Failed to kill process ${pid}: ${why}`, { pid, signal });
}
