/** Reads the working folders of processes with the `pwdx` program, which comes with Linux's `ps`. */
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { runBriefly } from "./brief_program.ts";
import type { ProcessIdentity } from "./process_identity.ts";

/** How long an answer is used again. Processes seldom change their folder, and each query runs a program. */
const FRESH_MS = 10_000;
/** Lists of processes wait for it, and do without it rather than wait long. */
const BOUND_MS = 1000;
/** How long a `pwdx` that failed is left alone. */
const RETRY_MS = 60_000;

/** Returns a function that gives working folders by pid. Without a `pwdx` that works it gives none. */
export function createWorkingDirs(
  clock: Clock,
): (processes: readonly ProcessIdentity[]) => Promise<Map<number, string>> {
  let known = new Map<number, { started: number; asked_ms: number; path?: string }>();
  let failed_at = -Infinity;

  async function ask(pids: number[]): Promise<string> {
    if (clock.monotonic() - failed_at < RETRY_MS) return "";
    try {
      return (await runBriefly(clock, "pwdx", pids.map(String), BOUND_MS)).stdout;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failed_at = clock.monotonic();
      return "";
    }
  }

  return async (processes) => {
    const now_ms = clock.monotonic();
    const next: typeof known = new Map();
    const due = processes.filter(({ pid, started }) => {
      const before = known.get(pid);
      const isKnown = before?.started === started && now_ms - before.asked_ms < FRESH_MS;
      next.set(pid, isKnown ? before : { started, asked_ms: now_ms });
      return !isKnown;
    });
    known = next;
    const answer = due.length === 0 ? "" : await ask(due.map(({ pid }) => pid));
    for (const [, pid, path] of answer.matchAll(/^(\d+): (.+)$/gm)) {
      const process = next.get(Number(pid));
      if (process) process.path = path!;
    }
    return new Map([...next].flatMap(([pid, { path }]) => path === undefined ? [] : [[pid, path]]));
  };
}
