/** Points in time as people type them: one parser for every option. Pure: the time and the zone are passed in. */
import type { Temporal as Types } from "temporal-polyfill";
import { epochOf, isoTime } from "../clock/clock.ts";
import { Temporal } from "../clock/temporal.ts";
import { ApiError } from "../domain/errors.ts";
import { instantOf, localTime } from "../domain/time_zones.ts";

/**
 * What the time is for, which is also the name of its option. `at`: a moment ahead. `until`: the end of a period, so a day without a time of day means its
 * end. `since`: a moment behind, so `10m` is ten minutes ago, and a day without a time of day means its start.
 */
export type Sense = "at" | "until" | "since";

/** `zone`: where local times and days are read. */
export interface Here {
  now_ms: number;
  zone: string;
}

export interface PointInTime {
  /** The API's timestamp. */
  time: string;
  /** Whether the text was read in local time, rather than naming its offset from UTC. */
  isLocal: boolean;
}

const EXAMPLES: Record<Sense, string> = {
  at: "+30m, +2h, 09:00, tomorrow 09:00, friday 18:00",
  until: "+2w, friday, 2026-12-31",
  since: "10m, 2h, 09:00, yesterday, monday 18:00",
};

/** Throws `CONFIGURATION_ERROR` for other text. */
export function pointInTime(text: string, sense: Sense, here: Here): PointInTime {
  const spelled = text.trim().toLowerCase().replace(/\s+/g, " ");
  const exact_ms = epochOf(spelled.replace(/^(\S+) (?=\d)/, "$1T").replace(/ /g, ""));
  if (!Number.isNaN(exact_ms)) return { time: isoTime(exact_ms), isLocal: false };
  const at_ms = distance(spelled, sense, here) ?? dayAndTime(spelled, sense, here) ?? NaN;
  if (!Number.isNaN(at_ms)) return { time: isoTime(at_ms), isLocal: true };
  const expected = `${
    EXAMPLES[sense]
  }, or a date and time such as 2026-12-31 18:00 (local) or 2026-12-31T18:00:00Z`;
  throw new ApiError("CONFIGURATION_ERROR", `--${sense} '${text}' is not a time. Expected: ${expected}`, {
    field: sense,
    value: text,
    expected,
  });
}

const UNITS: [unit: "seconds" | "minutes" | "hours" | "days" | "weeks", names: RegExp][] = [
  ["seconds", /^s(ec(ond)?s?)?$/],
  ["minutes", /^m(in(ute)?s?)?$/],
  ["hours", /^h((ou)?rs?)?$/],
  ["days", /^d(ays?)?$/],
  ["weeks", /^w(eeks?)?$/],
];

/** `+1h30m`, `in 2 hours`; `10m`, `10m ago`. Days and weeks are those of the calendar, also when clocks change. */
function distance(text: string, sense: Sense, { now_ms, zone }: Here): number | undefined {
  const parts = sense === "since" ? /^-?(.*?)(?: ago)?$/.exec(text) : /^(?:\+|in )?(.*)$/.exec(text);
  const amounts = [...parts![1]!.matchAll(/(\d{1,6}) ?([a-z]+) ?/g)];
  if (amounts.length === 0 || amounts.map(([whole]) => whole).join("") !== parts![1]) return undefined;
  const duration: Partial<Record<typeof UNITS[number][0], number>> = {};
  for (const [, amount, name] of amounts) {
    const [unit] = UNITS.find(([unit, names]) => names.test(name!) && duration[unit] === undefined) ?? [];
    if (unit === undefined) return undefined;
    duration[unit] = Number(amount);
  }
  const now = Temporal.Instant.fromEpochMilliseconds(Math.floor(now_ms)).toZonedDateTimeISO(zone);
  const moved = sense === "since" ? now.subtract(duration) : now.add(duration);
  return moved.epochMilliseconds + now_ms - Math.floor(now_ms);
}

const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/** `09:00`, `tomorrow`, `friday 9am`, `2026-12-31 18:00`. */
function dayAndTime(text: string, sense: Sense, here: Here): number | undefined {
  if (text === "now") return sense === "since" ? here.now_ms : undefined;
  const words = text.replace(/^(\d{4}-\d{2}-\d{2})t/, "$1 ").replace(/(^| )at /, "$1").split(" ").filter(
    Boolean,
  );
  const [day, ...rest] = words;
  const today = Temporal.PlainDate.from(localTime(here.now_ms, here.zone).slice(0, 10));
  const days = daysOf(day ?? "", today, sense);
  const time = timeOfDay((days ? rest : words).join(""));
  if (time === undefined && (!days || rest.length > 0)) return undefined;
  const moments = (days ?? daysFrom(today, [0, 1], sense)).map((date) => momentOn(date, time, sense, here));
  if (moments.length === 1) return moments[0];
  return sense === "since"
    ? moments.find((at_ms) => at_ms <= here.now_ms)
    : moments.find((at_ms) => at_ms > here.now_ms);
}

/** The days this far from today, ahead or, for `since`, behind. The first whose moment lies on that side of now counts. */
function daysFrom(today: Types.PlainDate, distances: number[], sense: Sense): Types.PlainDate[] {
  return distances.map((days) => sense === "since" ? today.subtract({ days }) : today.add({ days }));
}

/** The days that the word may mean; undefined if it is none. */
function daysOf(word: string, today: Types.PlainDate, sense: Sense): Types.PlainDate[] | undefined {
  if (word === "today") return [today];
  if (word === "tomorrow" && sense !== "since") return [today.add({ days: 1 })];
  if (word === "yesterday" && sense === "since") return [today.subtract({ days: 1 })];
  const weekday = word.length < 3 ? 0 : WEEKDAYS.findIndex((name) => name.startsWith(word)) + 1;
  if (weekday > 0) {
    const days = sense === "since"
      ? (today.dayOfWeek - weekday + 7) % 7
      : (weekday - today.dayOfWeek + 7) % 7;
    return daysFrom(today, [days, days + 7], sense);
  }
  if (!/^\d{4}-\d{2}-\d{2}$/.test(word)) return undefined;
  try {
    return [Temporal.PlainDate.from(word, { overflow: "reject" })];
  } catch {
    // A day that the calendar does not have.
    return undefined;
  }
}

/** `09:00`, `9:30:15`, `9am`, `noon` as `HH:MM:SS`; undefined for other text. */
function timeOfDay(text: string): string | undefined {
  if (text === "noon") return "12:00:00";
  if (text === "midnight") return "00:00:00";
  const [, hour, minute, second = "00", half] = /^(\d{1,2})(?::(\d{2})(?::(\d{2}))?)?(am|pm)?$/.exec(text) ??
    [];
  if (hour === undefined || (minute === undefined && half === undefined)) return undefined;
  if (half !== undefined && (Number(hour) < 1 || Number(hour) > 12)) return undefined;
  const hours = half === undefined ? Number(hour) : Number(hour) % 12 + (half === "pm" ? 12 : 0);
  if (hours > 23 || Number(minute ?? 0) > 59 || Number(second) > 59) return undefined;
  return `${String(hours).padStart(2, "0")}:${minute ?? "00"}:${second}`;
}

function momentOn(date: Types.PlainDate, time: string | undefined, sense: Sense, here: Here): number {
  if (time !== undefined) return instantOf(`${date}T${time}`, here.zone);
  if (sense === "since") return instantOf(`${date}T00:00`, here.zone);
  if (sense === "until") return instantOf(`${date.add({ days: 1 })}T00:00`, here.zone) - 1;
  return instantOf(`${date}T${localTime(here.now_ms, here.zone).slice(11)}`, here.zone);
}
