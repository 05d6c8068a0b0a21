/**
 * When a schedule is to run, worked out another way than the product does: by asking Intl what clocks in a zone show
 * at a moment, never by a library of calendars.
 */
import type { Timetable } from "../../src/domain/timetable.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const formats = new Map<string, Intl.DateTimeFormat>();

/** What a clock in the zone shows, as if it were UTC. */
function shown(zone: string, at_ms: number): number {
  let format = formats.get(zone);
  if (!format) {
    const two = "2-digit";
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(
    format.formatToParts(at_ms).map(({ type, value }) => [type, Number(value)]),
  );
  const { year, month, day, hour, minute, second } = part;
  return Date.UTC(year!, month! - 1, day, hour, minute, second) + at_ms % 1000;
}

/** The first moment at which a clock in the zone shows `local_ms`; where it never does, when it has jumped over it. */
function momentOf(local_ms: number, zone: string): number {
  const offset = (at_ms: number) => shown(zone, at_ms) - at_ms;
  const [before, after] = [offset(local_ms - DAY_MS), offset(local_ms + DAY_MS)];
  const moments = [local_ms - before, local_ms - after].filter((at_ms) => shown(zone, at_ms) === local_ms);
  if (moments.length > 0) return Math.min(...moments);
  let [low_ms, high_ms] = [local_ms - DAY_MS, local_ms + DAY_MS];
  while (high_ms - low_ms > 1) {
    const middle_ms = Math.floor((low_ms + high_ms) / 2);
    if (offset(middle_ms) === before) low_ms = middle_ms;
    else high_ms = middle_ms;
  }
  return high_ms;
}

/** The first of its times after this moment, whether or not the schedule has ended by then. */
export function timeAfter({ scheduled_time, recurring }: Timetable, after_ms: number): number {
  const first_ms = Date.parse(scheduled_time);
  if (!recurring) throw new Error("it comes once");
  const { interval, timezone: zone = "UTC", cron } = recurring;
  if (interval === "cron") return cronAfter(cron!, zone, Math.max(after_ms, first_ms - 1));
  if (first_ms > after_ms) return first_ms;
  const longest_ms = { hourly: HOUR_MS, daily: DAY_MS, weekly: 7 * DAY_MS, monthly: 31 * DAY_MS }[interval];
  let index = Math.max(1, Math.floor((after_ms - first_ms) / longest_ms) - 2);
  for (;; index++) {
    const at_ms = timeOf(first_ms, interval, zone, index);
    if (at_ms > after_ms) return at_ms;
  }
}

function timeOf(first_ms: number, interval: string, zone: string, index: number): number {
  if (interval === "hourly") return first_ms + index * HOUR_MS;
  const first = shown(zone, first_ms);
  if (interval === "daily") return momentOf(first + index * DAY_MS, zone);
  if (interval === "weekly") return momentOf(first + index * 7 * DAY_MS, zone);
  const date = new Date(first);
  const days = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + index + 1, 0)).getUTCDate();
  const day = Math.min(date.getUTCDate(), days);
  const month_ms = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + index, day);
  return momentOf(month_ms + first % DAY_MS, zone);
}

const DAY_NAMES = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/** A leap day may be eight years away. */
const DAYS_MAX = 9 * 366;

/** Day by day, and of each day minute by minute: slow, and hard to get wrong. */
function cronAfter(cron: string, zone: string, after_ms: number): number {
  const [minutes, hours, dates, months, weekdays] = cron.split(" ") as [
    string,
    string,
    string,
    string,
    string,
  ];
  const today = Math.floor(shown(zone, after_ms) / DAY_MS) * DAY_MS;
  for (let day = -1; day < DAYS_MAX; day++) {
    const date = new Date(today + day * DAY_MS);
    const isDate = names(dates, date.getUTCDate(), 1);
    const isWeekday = names(weekdays, date.getUTCDay(), 0) ||
      (date.getUTCDay() === 0 && names(weekdays, 7, 0));
    const isDay = dates === "*" || weekdays === "*" ? isDate && isWeekday : isDate || isWeekday;
    if (!isDay || !names(months, date.getUTCMonth() + 1, 1)) continue;
    for (let minute = 0; minute < 24 * 60; minute++) {
      if (!names(minutes, minute % 60, 0) || !names(hours, Math.floor(minute / 60), 0)) continue;
      const at_ms = momentOf(date.getTime() + minute * 60_000, zone);
      if (at_ms > after_ms) return at_ms;
    }
  }
  throw new Error(`${cron} never comes`);
}

/** Whether a field names the value. `least`: the field's least value. */
function names(field: string, value: number, least: number): boolean {
  return field.split(",").some((part) => {
    const [range, step = "1"] = part.split("/") as [string, string?];
    const [from, to = from] = range === "*"
      ? [least, 99]
      : range.split("-").map(numberOf) as [number, number?];
    return value >= from && value <= to && (value - from) % Number(step) === 0;
  });
}

function numberOf(name: string): number {
  const day = DAY_NAMES.indexOf(name);
  return day === -1 ? Number(name) : day;
}
