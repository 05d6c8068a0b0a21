/** Days and months of the calendar, as `2026-03-29` and `2026-03`, without a time zone. */
import { epochOf, isoTime } from "../../../clock/clock.ts";

const DAY_MS = 86_400_000;

export function addDays(day: string, count: number): string {
  return isoTime(epochOf(`${day}T00:00Z`) + count * DAY_MS).slice(0, 10);
}

export function addMonths(month: string, count: number): string {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1 + count;
  return `${String(Math.floor(index / 12)).padStart(4, "0")}-${String(index % 12 + 1).padStart(2, "0")}`;
}

function lastDay(month: string): string {
  return addDays(`${addMonths(month, 1)}-01`, -1);
}

/** The same day of another month, or that month's last day. */
export function dayInMonth(day: string, month: string): string {
  const last = lastDay(month);
  const same = `${month}-${day.slice(8)}`;
  return same > last ? last : same;
}

/** 0 for Monday to 6 for Sunday. */
export function weekday(day: string): number {
  // The epoch began on a Thursday.
  return (Math.floor(epochOf(`${day}T00:00Z`) / DAY_MS) + 3) % 7;
}

/** The weeks that contain the month's days, each from Monday to Sunday. */
export function weeksOf(month: string): string[][] {
  const first = `${month}-01`;
  const weeks: string[][] = [];
  for (let day = addDays(first, -weekday(first)); day <= lastDay(month); day = addDays(day, 7)) {
    weeks.push(Array.from({ length: 7 }, (_, i) => addDays(day, i)));
  }
  return weeks;
}

function formatted(day: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(undefined, { timeZone: "UTC", ...options }).format(epochOf(`${day}T00:00Z`));
}

export function monthName(month: string): string {
  return formatted(`${month}-01`, { month: "long", year: "numeric" });
}

export function dayName(day: string): string {
  return formatted(day, { weekday: "long", year: "numeric", month: "long", day: "numeric" });
}

/** Starting on Monday. */
export const WEEKDAYS: readonly { short: string; long: string }[] = Array.from({ length: 7 }, (_, i) => {
  const day = addDays("2024-01-01", i);
  return { short: formatted(day, { weekday: "short" }), long: formatted(day, { weekday: "long" }) };
});
