/**
 * Sizes, durations, counts and times as text for people, the same in the terminal and on the page. Sizes are decimal
 * (1 kB is 1,000 bytes), as disks, networks and cloud consoles count them.
 */
import type { UsageSums } from "../domain/usage.ts";
import { epochOf } from "../clock/clock.ts";

const SIZE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** `512 B`, `1.5 kB`, `17.2 GB`, `412 MB`: three digits at most. */
export function bytes(count: number): string {
  let value = Math.max(0, Math.round(count));
  let unit = 0;
  // 999.95 kB would be rounded to 1000 kB.
  for (; rounded(value) >= 1000 && unit < SIZE_UNITS.length - 1; unit++) value /= 1000;
  return `${rounded(value)} ${SIZE_UNITS[unit]}`;
}

/** One decimal below 100. */
function rounded(value: number): number {
  return value >= 99.95 ? Math.round(value) : Math.round(value * 10) / 10;
}

/** A limit that is a whole number of mebibytes, exactly: "20 MiB". */
export function mebibytes(count: number): string {
  return `${count / 1024 ** 2} MiB`;
}

/** `850 ms`, `3.2 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`: two units at most. */
export function duration(ms: number): string {
  const whole_ms = Math.max(0, Math.round(ms));
  if (whole_ms < 1000) return `${whole_ms} ms`;
  if (whole_ms < 9_950) return `${Math.round(whole_ms / 100) / 10} s`;
  const seconds = Math.round(whole_ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return pair(minutes, "min", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return pair(hours, "h", minutes % 60, "min");
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

function pair(large: number, large_unit: string, small: number, small_unit: string): string {
  return small === 0 ? `${large} ${large_unit}` : `${large} ${large_unit} ${small} ${small_unit}`;
}

/** `0.34 ms`, `12 ms`, `1.2 s`: two significant digits below 100 ms. */
export function latency(ms: number): string {
  return ms < 99.5 ? `${Number(ms.toPrecision(2))} ms` : duration(ms);
}

/** `now`, `12 s ago`, `in 3 min`, `2 h ago`: the largest unit alone, days with their hours. */
export function relative(at_ms: number, now_ms: number): string {
  const distance_ms = Math.abs(at_ms - now_ms);
  if (distance_ms < 5000) return "now";
  const unit_ms = distance_ms < 60_000 ? 1000 : distance_ms < 3_600_000 ? 60_000 : 3_600_000;
  const text = duration(Math.floor(distance_ms / unit_ms) * unit_ms);
  return at_ms > now_ms ? `in ${text}` : `${text} ago`;
}

/** `0 %`, `3.4 %`, `42 %`. */
export function percent(value: number): string {
  return `${value >= 9.95 || value === 0 ? Math.round(value) : Math.round(value * 10) / 10} %`;
}

/** Created on first use, like all formats here: one costs 10 ms and 5 MB, which most starts need not pay. */
let counts: Intl.NumberFormat | undefined;

/** `12,345`. */
export function count(value: number): string {
  counts ??= new Intl.NumberFormat("en");
  return counts.format(value);
}

/** `$0`, `$0.0042`, `$0.42`, `$1,234.50`. */
function usd(amount: number): string {
  if (amount === 0) return "$0";
  if (amount >= 0.01) {
    const [whole, cents] = amount.toFixed(2).split(".");
    return `$${count(Number(whole))}.${cents}`;
  }
  return amount < 0.0001 ? "under $0.0001" : `$${Number(amount.toPrecision(2))}`;
}

/** A cost, and how far it is known: `$0.42`, `~$0.42` if it is estimated, `≥$0.42` if only a part of it is known, `?`. */
export function costText({ cost_usd, cost_source }: Pick<UsageSums, "cost_usd" | "cost_source">): string {
  if (cost_source === "unknown") return "?";
  const marks = { reported: "", estimated: "~", mixed: "≥" };
  return `${marks[cost_source]}${usd(cost_usd)}`;
}

/** `1 run`, `12,345 runs`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

let ordinals: Intl.PluralRules | undefined;
const ENDINGS: Record<string, string> = { one: "st", two: "nd", few: "rd" };

/** `1st`, `2nd`, `13th`. */
export function ordinal(value: number): string {
  ordinals ??= new Intl.PluralRules("en", { type: "ordinal" });
  return `${count(value)}${ENDINGS[ordinals.select(value)] ?? "th"}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatted(iso: string, name: string, options: Intl.DateTimeFormatOptions): string {
  const at_ms = epochOf(iso);
  if (Number.isNaN(at_ms)) return iso;
  let format = formats.get(name);
  if (!format) formats.set(name, format = new Intl.DateTimeFormat(undefined, options));
  return format.format(at_ms);
}

/** Date and time of day in the reader's zone and language. Text that is not a timestamp stays as it is. */
export function dateTime(iso: string): string {
  return formatted(iso, "dateTime", { dateStyle: "medium", timeStyle: "medium" });
}

const DAY_MS = 86_400_000;
const SOON_MS = 300_000;

/** A time that is near, in the reader's zone: `03:00`, `Dec 3, 03:00` if it is a day away, `03:00:15` within minutes. */
export function clockTime(iso: string, now_ms: number): string {
  const away_ms = Math.abs(epochOf(iso) - now_ms);
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  if (away_ms < SOON_MS) return formatted(iso, "soon", { ...clock, second: "2-digit" });
  if (away_ms < DAY_MS) return formatted(iso, "clock", clock);
  return formatted(iso, "away", { ...clock, month: "short", day: "numeric" });
}

/** `Nov 30`: the day in UTC. */
export function dayName(iso: string): string {
  return formatted(iso, "day", { month: "short", day: "numeric", timeZone: "UTC" });
}

/** The time of day alone. */
export function timeOfDay(iso: string): string {
  return formatted(iso, "timeOfDay", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
  });
}
