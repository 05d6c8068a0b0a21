/** A schedule's rule in words. */
import { epochOf } from "../../clock/clock.ts";
import { counted } from "../../protocol/formats.ts";
import type { RecurringConfig } from "../../domain/task.ts";
import { isTimeZone, localTime } from "../../domain/time_zones.ts";
import { cronInWords } from "../../protocol/cron_words.ts";
import { clockTime, exactTime } from "./zone.ts";

export interface Rule {
  /** The first run. */
  scheduled_time: string;
  recurring?: RecurringConfig | undefined;
}

/** The time zone of the rule's hours and days; UTC when none is named. */
export function zoneOf({ recurring }: Rule): string {
  const zone = recurring?.timezone ?? "UTC";
  return isTimeZone(zone) ? zone : "UTC";
}

/** `every Monday at 09:00 Europe/Berlin until Dec 31, 2026`; `once` if it does not recur. */
export function ruleInWords(rule: Rule): string {
  const { scheduled_time, recurring } = rule;
  if (!recurring) return "once";
  const zone = zoneOf(rule);
  const at_ms = epochOf(scheduled_time);
  const end = recurring.end_time === undefined
    ? ""
    : ` until ${exactTime(epochOf(recurring.end_time), zone)}`;
  if (recurring.interval === "cron") return `${cronInWords(recurring.cron ?? "")} ${zone}${end}`;
  if (recurring.interval === "hourly") {
    return `every hour at ${clockTime(at_ms, zone).slice(-2)} minutes past${end}`;
  }
  const days = daysInWords(at_ms, recurring.interval, zone);
  return `${days} at ${clockTime(at_ms, zone)} ${zone}${end}`;
}

function daysInWords(at_ms: number, interval: "daily" | "weekly" | "monthly", zone: string): string {
  if (interval === "daily") return "every day";
  if (interval === "weekly") {
    return `every ${new Intl.DateTimeFormat("en", { timeZone: zone, weekday: "long" }).format(at_ms)}`;
  }
  const day = Number(localTime(at_ms, zone).slice(8, 10));
  return `every month on the ${ordinal(day)}${day > 28 ? " or its last day" : ""}`;
}

/** `3 of 10 runs done`, `no run yet`. */
export function runsInWords(runs: number, recurring: RecurringConfig | undefined): string {
  if (recurring?.max_runs !== undefined) return `${runs} of ${recurring.max_runs} runs done`;
  return runs === 0 ? "no run yet" : `${counted(runs, "run")} done`;
}

const SUFFIXES: Record<string, string> = { one: "st", two: "nd", few: "rd", other: "th" };
const ORDINALS = new Intl.PluralRules("en", { type: "ordinal" });

function ordinal(day: number): string {
  return `${day}${SUFFIXES[ORDINALS.select(day)]}`;
}
