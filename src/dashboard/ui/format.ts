/** Figures and times as people read them. */
import { epochOf } from "../../clock/clock.ts";

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `12.3 MB`. */
export function bytes(value: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  const scaled = value / 1000 ** power;
  return `${scaled >= 100 || power === 0 ? Math.round(scaled) : scaled.toFixed(1)} ${UNITS[power]}`;
}

export function percent(value: number): string {
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1)} %`;
}

/** `850 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min${seconds % 60 ? ` ${seconds % 60} s` : ""}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
  return `${Math.floor(hours / 24)} d${hours % 24 ? ` ${hours % 24} h` : ""}`;
}

/** `3 min ago`, `in 2 h`, `now`. */
export function relative(at_ms: number, now_ms: number): string {
  const distance = Math.abs(at_ms - now_ms);
  if (distance < 5000) return "now";
  const text = distance < 3_600_000
    ? duration(distance < 60_000 ? distance : Math.floor(distance / 60_000) * 60_000)
    : duration(Math.floor(distance / 3_600_000) * 3_600_000);
  return at_ms > now_ms ? `in ${text}` : `${text} ago`;
}

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});

/** Date and time of day in this browser's zone. */
export function dateTime(iso: string): string {
  const at = epochOf(iso);
  return Number.isNaN(at) ? iso : FULL.format(at);
}

/** The time of day alone. */
export function timeOfDay(iso: string): string {
  const at = epochOf(iso);
  return Number.isNaN(at) ? iso : CLOCK.format(at);
}
