/** When a limit ends, read from what a provider or an agent says about it. Pure. */
import type { Temporal as Types } from "temporal-polyfill";
import { epochOf } from "../../clock/clock.ts";
import { Temporal } from "../../clock/temporal.ts";
import { ownTimeZone } from "../../domain/time_zones.ts";

/** `limit reached|1796045617`, in seconds or milliseconds. */
const EPOCH = /\|\s*(\d{10}|\d{13})\b/;
const ISO = /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?(Z|UTC|[+-]\d\d:?\d\d)/;
/** As in the header `Retry-After`. */
const HTTP_DATE = /\b(?:mon|tue|wed|thu|fri|sat|sun)\w*, \d\d? [a-z]{3} \d{4} \d\d:\d\d:\d\d GMT\b/i;
/** `Retry-After: 30`, in seconds. */
const HEADER = /\bretry[-_ ]?after["']?\s*[:=]\s*["']?(\d+(?:\.\d+)?)\s*(?:["',}\]]|s?$|s?\s)/i;

const UNIT = "(?:weeks?|w|days?|d|hours?|hrs?|hr|h|minutes?|mins?|min|m|seconds?|secs?|sec|s|ms)";
const LENGTH = `(?:\\d+(?:\\.\\d+)?\\s*${UNIT}|an?\\s+(?:week|day|hour|minute))(?![a-z])`;
/** Units may follow each other without a blank: `1h2m3.5s`. */
const LENGTHS = `(?:\\d+(?:\\.\\d+)?\\s*${UNIT}(?=\\d)\\s*)*${LENGTH}(?:[\\s,]+(?:and\\s+)?${LENGTH})*`;
/** `try again in 2 hours 5 minutes`, `retry after 90s`, `will reset after 14h2m3s`, `wait 30 seconds`. */
const DURATION = new RegExp(
  `\\b(?:again|retry\\w*|retries|resets?|reset\\w+|waits?|waiting|available|back|refill\\w*|renews?|lifted|expires?|delay)\\b` +
    `[^\\d.|]{0,40}?\\b(${LENGTHS})`,
  "i",
);
const PART = new RegExp(`(\\d+(?:\\.\\d+)?|\\ban?\\b)\\s*(ms|w|d|h|m|s)`, "gi");
const UNIT_MS: Record<string, number> = {
  w: 7 * 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY = `(?:(?:on\\s+)?(?<month>${MONTHS.join("|")})[a-z]*\\.?\\s+(?<day>\\d{1,2})(?:st|nd|rd|th)?` +
  `(?:,?\\s+(?<year>\\d{4}))?|(?:on\\s+)?(?<weekday>${WEEKDAYS.join("|")})[a-z]*\\.?|(?<tomorrow>tomorrow))`;
const TIME = "(?:(?<hours>\\d{1,2}):(?<minutes>\\d\\d)(?::\\d\\d)?\\s*(?<half>[ap]\\.?m\\b\\.?)?" +
  "|(?<hour>\\d{1,2})\\s*(?<halfOfHour>[ap]\\.?m\\b\\.?)|(?<word>midnight|noon))";
const ZONE =
  "(?:\\s*\\(?\\s*(?<zone>[A-Z][A-Za-z_]+(?:/[A-Za-z_+-]+)+|UTC|GMT|Z\\b|Pacific|[PMCE][SD]?T\\b|CES?T\\b))?";
const ANCHOR = "\\b(?:until|resets?|again|available|back|renews?|refills?)\\b(?:\\s+(?:daily|every day))?" +
  "[\\s·∙:–—-]+(?:(?:at|on|by)\\s+)?";
/** `until 20:00`, `resets 3am (Europe/Berlin)`, `try again at Dec 1st, 8:05 PM`, `resets Mon 9:00 AM`, `at midnight UTC`. */
const CLOCK = new RegExp(`${ANCHOR}(?:${DAY},?\\s+(?:at\\s+)?)?${TIME}${ZONE}`, "i");
/** `resets on Dec 1`: at its beginning. */
const DATE = new RegExp(`${ANCHOR}${DAY}(?!\\d)${ZONE}`, "i");

/** Names that providers give to the zones of their countries. */
const ZONES: Readonly<Record<string, string>> = {
  z: "UTC",
  gmt: "UTC",
  pacific: "America/Los_Angeles",
  p: "America/Los_Angeles",
  m: "America/Denver",
  c: "America/Chicago",
  e: "America/New_York",
  ce: "Europe/Berlin",
};

/** A time of day that has passed by no more is not that of tomorrow: clocks differ, and minutes are cut off. */
const JUST_NOW_MS = 120_000;
/** A date without a year that has passed by no more is not that of the next year. */
const LATELY_MS = 30 * 86_400_000;

/**
 * The time at which `text` says that a limit ends, in epoch milliseconds; undefined if it says none. A time of day is the
 * next one in the zone that the text names, else in `zone`, by default the server's.
 */
export function resetTimeIn(
  text: string,
  now_ms: number,
  zone: string = ownTimeZone(),
): number | undefined {
  return plausible(timeIn(text, now_ms, zone), now_ms);
}

/** A provider's text for people: without the moment that it gives programs, as in `limit reached|1796045617`. */
export function withoutMoment(text: string): string {
  return text.replace(EPOCH, "").trimEnd();
}

/** No limit lasts so long: what is further away is no time at which one ends. */
const LONGEST_MS = 10 * 366 * 86_400_000;

/** The time, if a limit could end then. */
export function plausible(time_ms: number | undefined, now_ms: number): number | undefined {
  return time_ms !== undefined && time_ms > 0 && time_ms - now_ms < LONGEST_MS ? time_ms : undefined;
}

function timeIn(text: string, now_ms: number, zone: string): number | undefined {
  const epoch = EPOCH.exec(text)?.[1];
  if (epoch !== undefined) return Number(epoch) * (epoch.length === 10 ? 1000 : 1);
  const date = (ISO.exec(text) ?? HTTP_DATE.exec(text))?.[0];
  if (date !== undefined) return timeOfDate(date);
  const clock = CLOCK.exec(text) ?? DATE.exec(text);
  if (clock !== null) return timeTold(clock.groups!, now_ms, zone);
  const seconds = HEADER.exec(text)?.[1];
  if (seconds !== undefined) return now_ms + Number(seconds) * 1000;
  const length_ms = lengthOf(DURATION.exec(text)?.[1]);
  return length_ms === undefined ? undefined : now_ms + length_ms;
}

/** A date as ISO 8601 or HTTP writes it, in epoch milliseconds; undefined if it is none. */
export function timeOfDate(text: string): number | undefined {
  const [, day, month, year, time] = /^\w+, (\d\d?) (\w{3}) (\d{4}) ([\d:]{8}) GMT$/i.exec(text) ?? [];
  const iso = month === undefined
    ? text.replace(" ", "T").replace(/\s?UTC$/, "Z")
    : `${year}-${twoDigits(MONTHS.indexOf(month.toLowerCase()) + 1)}-${twoDigits(day!)}T${time}Z`;
  return epochOf(iso) || undefined;
}

function twoDigits(count: number | string): string {
  return String(count).padStart(2, "0");
}

/** How long `1h2m3.5s` or `2 hours and 5 minutes` is, in milliseconds; undefined if the text has no such part. */
export function lengthOf(text: string | undefined): number | undefined {
  const parts = [...(text ?? "").matchAll(PART)];
  if (parts.length === 0) return undefined;
  return parts.reduce(
    (sum, [, count, unit]) =>
      sum + (Number(count) || Number(/^a/i.test(count!))) * UNIT_MS[unit!.toLowerCase()]!,
    0,
  );
}

type Told = Record<string, string | undefined>;

function timeTold(told: Told, now_ms: number, own_zone: string): number | undefined {
  const zone = zoneNamed(told.zone) ?? own_zone;
  try {
    const time = clockOf(told);
    const now = Temporal.Instant.fromEpochMilliseconds(now_ms).toZonedDateTimeISO(zone);
    if (told.month !== undefined) return dateTold(told, now, time, zone);
    if (told.weekday !== undefined) {
      const days = (WEEKDAYS.indexOf(told.weekday.toLowerCase()) + 1 - now.dayOfWeek + 7) % 7;
      return nextOf([days, days + 7], now, time, zone);
    }
    return nextOf(told.tomorrow === undefined ? [0, 1, 2] : [1], now, time, zone);
  } catch (error) {
    // No such day, time or zone.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

interface ClockTime {
  hour: number;
  minute: number;
}

function clockOf({ hours, hour = hours, minutes = "0", half, halfOfHour = half, word }: Told): ClockTime {
  if (word !== undefined || hour === undefined) return { hour: /noon/i.test(word ?? "") ? 12 : 0, minute: 0 };
  const [count, minute] = [Number(hour), Number(minutes)];
  if (halfOfHour === undefined) return { hour: count, minute };
  if (count > 12) throw new RangeError(`no ${hour} ${halfOfHour}`);
  return { hour: count % 12 + (/^p/i.test(halfOfHour) ? 12 : 0), minute };
}

/** The first time of day that is still to come, on one of the days from now. */
function nextOf(
  days: readonly number[],
  now: Types.ZonedDateTime,
  { hour, minute }: ClockTime,
  zone: string,
): number | undefined {
  const times = days.flatMap((count) => timesOf(now.toPlainDate().add({ days: count }), hour, minute, zone));
  return times.find((time) => time > now.epochMilliseconds - JUST_NOW_MS);
}

/** A time of day comes twice where clocks are set back, and where they are set forward it is later by that. */
function timesOf(day: Types.PlainDate, hour: number, minute: number, zone: string): number[] {
  const time = Temporal.PlainTime.from({ hour, minute }, { overflow: "reject" });
  const at = day.toPlainDateTime(time);
  const both = (["earlier", "later"] as const).map((disambiguation) =>
    at.toZonedDateTime(zone, { disambiguation })
  );
  const isSkipped = !both[0]!.toPlainTime().equals(time);
  return (isSkipped ? [both[1]!] : both).map(({ epochMilliseconds }) => epochMilliseconds);
}

function dateTold(
  { month, day, year }: Told,
  now: Types.ZonedDateTime,
  { hour, minute }: ClockTime,
  zone: string,
): number | undefined {
  const at = (of: number) =>
    timesOf(
      Temporal.PlainDate.from({
        year: of,
        month: MONTHS.indexOf(month!.toLowerCase().slice(0, 3)) + 1,
        day: Number(day),
      }, { overflow: "reject" }),
      hour,
      minute,
      zone,
    )[0]!;
  if (year !== undefined) return at(Number(year));
  const told = at(now.year);
  return told > now.epochMilliseconds - LATELY_MS ? told : at(now.year + 1);
}

function zoneNamed(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  return ZONES[name.toLowerCase()] ?? ZONES[name.toLowerCase().replace(/[sd]?t$/, "")] ?? name;
}
