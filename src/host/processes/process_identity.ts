/** Which process is meant. A pid alone does not say: the system gives it to another process later. */

export interface ProcessIdentity {
  pid: number;
  /** Epoch milliseconds. */
  started: number;
}

/** `ps` derives start times from the uptime, so two readings of one process may differ by a second. */
export const PS_START_TOLERANCE_MS = 2000;

/** Whether both are the same process, when their start times may differ by `tolerance_ms`. */
export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity, tolerance_ms: number): boolean {
  return a.pid === b.pid && Math.abs(a.started - b.started) <= tolerance_ms;
}
