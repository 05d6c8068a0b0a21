/** Runs checks one after another. */
import type { Clock } from "../clock/clock.ts";
import { type CheckResult, commandOf, type RunCheck } from "../domain/check.ts";

export interface CheckPlace {
  task_id: string;
  folder: string;
  env: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

export interface CheckListener {
  begins?(command: string): void;
  ended?(result: CheckResult): void | Promise<void>;
}

/** All run, though one fails: whoever is told is told of all. What `signal` ends has no result. */
export async function runChecks(
  clock: Clock,
  runCheck: RunCheck,
  programs: readonly (readonly string[])[],
  place: CheckPlace,
  { begins, ended }: CheckListener,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const program of programs) {
    if (place.signal.aborted) break;
    const command = commandOf(program);
    begins?.(command);
    const began_ms = clock.monotonic();
    const { exit_code, output } = await runCheck({ program, ...place });
    if (place.signal.aborted) break;
    const duration_ms = Math.round(clock.monotonic() - began_ms);
    const result = { command, ok: exit_code === 0, exit_code, duration_ms, output };
    results.push(result);
    await ended?.(result);
  }
  return results;
}
