/** Identifies a process. A pid alone is not enough: the system later gives it to another process. */

export interface ProcessIdentity {
  pid: number;
  /** Epoch milliseconds. */
  started: number;
}

/** `ps` derives start times from the uptime, so two readings of one process may differ by a second. */
export const PS_START_TOLERANCE_MS = 2000;

/** Whether both are the same process. Their start times may differ by `tolerance_ms`. */
export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity, tolerance_ms: number): boolean {
  return a.pid === b.pid && Math.abs(a.started - b.started) <= tolerance_ms;
}
