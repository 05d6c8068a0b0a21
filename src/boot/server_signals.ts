/** Signals that stop a server. */

/**
 * SIGHUP stops a server in order, too: its terminal was closed. Under `nohup` it is ignored, as the user asked. Only
 * Linux tells, and only a program that may read everything (`--allow-all`); elsewhere SIGHUP counts.
 */
export function serverEnding(): Deno.Signal[] {
  const ending: Deno.Signal[] = ["SIGINT", "SIGTERM"];
  if (!isHangupIgnored()) return [...ending, "SIGHUP"];
  // Deno handles SIGHUP itself once any listener exists, unless there is one for it.
  Deno.addSignalListener("SIGHUP", () => {});
  return ending;
}

/** Bit 0 of `SigIgn` is signal 1, SIGHUP. */
function isHangupIgnored(): boolean {
  if (Deno.build.os !== "linux") return false;
  try {
    const [, mask] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status")) ?? [];
    return mask !== undefined && (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    // Not permitted, or no /proc.
    return false;
  }
}
