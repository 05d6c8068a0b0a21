/**
 * The hold of an agent: its model's provider refuses it for a time, so that its tasks wait. Pure; times in epoch milliseconds.
 *
 * A hold ends in two steps. At `until`, one task goes first; at its first output the hold is open, and the others follow. A
 * turn that ends well removes it. Until then its steps count: a provider that refuses again is asked ever more seldom.
 */
import * as z from "zod";
import { epochOf, isoTime } from "../clock/clock.ts";
import { Lease } from "./lease.ts";
import type { Refusal } from "./run.ts";

const MINUTE_MS = 60_000;
/** A reset that was told is believed not to be sooner. */
const SOONEST_MS = 30_000;
/** A reset that was told is believed not to be later: longer than any provider's period. */
const LATEST_MS = 32 * 24 * 60 * MINUTE_MS;
/** How much later than a reset that was told, by chance: not all who were told the same come back at once. */
const SPREAD_MS = MINUTE_MS;
const LONGEST_STEP_MINUTES = 60;
/** By what part a step is longer, by chance. */
const STEP_SPREAD = 1 / 4;

export const Hold = z.object({
  agent: z.string(),
  model: z.string().optional().describe("The model that alone is refused."),
  unnamed: z.boolean().optional().describe("Of a model: tasks that name no model are held too."),
  began_at: z.string().describe("ISO 8601: when it was refused. Several refusals within one hold are one."),
  until: z.string().describe("ISO 8601: when one task goes first."),
  reason: z.string(),
  steps: z.int().describe("How many waits of our own length there were since the last good turn."),
  has_believed: z.boolean().optional().describe(
    "A reset that was told has been believed since the last good turn.",
  ),
  is_open: z.boolean().optional().describe("The task that went first has had output: the others follow."),
  first: z.object({ task_id: z.string(), lease: Lease }).optional().describe("The attempt that goes first."),
});
export type Hold = z.infer<typeof Hold>;

/** Whom a refusal is about. `model`: if that model alone is refused. */
export interface Refused {
  agent: string;
  model?: string;
  unnamed?: boolean;
}

/** The name of a hold's record. Names of agents have no blank. */
export function holdId({ agent, model }: Refused): string {
  return model === undefined ? agent : `${agent} ${model}`;
}

/** Whether the hold is about an attempt of this agent with this model. */
export function concerns(hold: Refused, agent: string, model: string | undefined): boolean {
  if (hold.agent !== agent) return false;
  if (hold.model === undefined) return true;
  return model === undefined ? hold.unnamed === true : hold.model === model;
}

/** Whether nobody may start yet. */
export function isHeld({ until, is_open }: Hold, now: number): boolean {
  return is_open !== true && epochOf(until) > now;
}

/**
 * The hold after a refusal. Within a hold it changes nothing, but that a reset that is told replaces a guess. A told reset is
 * believed once; refused again, the steps count: 1, 2, 4 … 60 minutes.
 * @param chance 0–1
 */
export function heldAfter(
  before: Hold | undefined,
  refused: Refused,
  { until, reason }: Refusal,
  now: number,
  chance: number,
): Hold {
  const told = before?.has_believed || until === undefined ? undefined : believable(until, now, chance);
  const unnamed = before?.unnamed || refused.unnamed ? { unnamed: true } : undefined;
  if (before && isHeld(before, now)) {
    const held = { ...before, ...unnamed };
    return told === undefined ? held : { ...held, until: isoTime(told), reason, has_believed: true };
  }
  const begun = { ...refused, ...unnamed, began_at: isoTime(now), reason };
  const steps = before?.steps ?? 0;
  if (told !== undefined) return { ...begun, until: isoTime(told), steps, has_believed: true };
  const minutes = Math.min(LONGEST_STEP_MINUTES, 2 ** Math.min(steps, 10));
  const wait_ms = Math.round(minutes * MINUTE_MS * (1 + STEP_SPREAD * chance));
  return {
    ...begun,
    until: isoTime(now + wait_ms),
    steps: steps + 1,
    has_believed: before?.has_believed,
  };
}

function believable(until: string, now: number, chance: number): number | undefined {
  const told = epochOf(until);
  if (Number.isNaN(told)) return undefined;
  const at = Math.min(now + LATEST_MS, Math.max(now + SOONEST_MS, told));
  return at + Math.round(SPREAD_MS * chance);
}

/** The hold after the first output of a task that had to wait for it. */
export function opened({ first: _, ...hold }: Hold): Hold {
  return { ...hold, is_open: true };
}

/** What is left of the hold after a good turn of its agent: nothing, unless the turn may be older than the hold. */
export function afterGoodTurn(hold: Hold, now: number): Hold | undefined {
  return isHeld(hold, now) ? hold : undefined;
}

/** A person says that the provider takes requests again: one task goes first, and all is believed anew. */
export function released(hold: Hold, now: number): Hold {
  if (!isHeld(hold, now)) return hold;
  return { ...hold, until: isoTime(now), steps: 0, has_believed: undefined };
}
