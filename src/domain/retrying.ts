/** Whether and when a task whose attempt has failed goes on: by the kind of its failure. Pure. */
import * as z from "zod";
import type { FailureKind } from "./failure.ts";

/** How often, by configuration, a failure of some kind is tried again. */
export const KindPolicy = z.strictObject({
  attempts: z.int().min(1).max(100).describe("How many attempts the task gets. 1: it is not tried again."),
  delay_ms: z.int().min(0).max(86_400_000).default(0).describe("The wait before the next attempt."),
});
export type KindPolicy = z.infer<typeof KindPolicy>;
export type RetryByKind = Partial<Record<FailureKind, KindPolicy>>;

/** What a task does when its agent's provider refuses it for a time. `fallback`: as `wait`, after the agent's fallbacks. */
export type LimitAction = "wait" | "fail" | "fallback";

/** How long a task has waited for a provider that has too much to do, or cannot be reached. */
export const Patience = z.object({ tries: z.int(), waited_ms: z.number() });
export type Patience = z.infer<typeof Patience>;

const FIRST_MS = 15_000;
const LONGEST_MS = 600_000;
const ALTOGETHER_MS = 3_600_000;
const SPREAD = 1 / 4;

/** Whether a task that has waited so much may wait once more. */
export function isPatient(patience: Patience | undefined): boolean {
  return (patience?.waited_ms ?? 0) < ALTOGETHER_MS;
}

/**
 * The next wait in milliseconds: 15 s, doubling to 10 minutes, an hour altogether. `chance` (0–1) adds up to a quarter.
 * @param told_ms what the provider asks for, believed up to the longest wait
 */
export function nextWait(
  patience: Patience | undefined,
  chance: number,
  told_ms = 0,
): { wait_ms: number; patience: Patience } {
  const { tries, waited_ms } = patience ?? { tries: 0, waited_ms: 0 };
  const base_ms = Math.min(LONGEST_MS, Math.max(told_ms || 0, FIRST_MS * 2 ** Math.min(tries, 10)));
  const wait_ms = Math.min(Math.round(base_ms * (1 + SPREAD * chance)), ALTOGETHER_MS - waited_ms);
  return { wait_ms, patience: { tries: tries + 1, waited_ms: waited_ms + wait_ms } };
}

/** As `nextWait`, for a disk that is full: until there is room, however long that takes. */
export function nextLook(
  patience: Patience | undefined,
  chance: number,
): { wait_ms: number; patience: Patience } {
  const { wait_ms, patience: { tries } } = nextWait({ tries: patience?.tries ?? 0, waited_ms: 0 }, chance);
  return { wait_ms, patience: { tries, waited_ms: 0 } };
}

/** The fields of a task that no provider refuses. */
export const notRefused = { patience: undefined, refused_since: undefined };

/** Failures of which the provider says that they pass. They count as no attempt. */
const PASSING: ReadonlySet<FailureKind> = new Set(["provider_limit", "overloaded", "network"]);

export function isPassing(kind: FailureKind | undefined): boolean {
  return kind !== undefined && PASSING.has(kind);
}
