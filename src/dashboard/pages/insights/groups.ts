/** Usage by day and group, as charts and tables show it. Pure. */
import { epochOf, isoTime } from "../../../clock/clock.ts";
import { added, NO_USAGE } from "../../../domain/usage_sums.ts";
import type { UsageGroup, UsageReportRow } from "../../../protocol/usage_messages.ts";

export type Unit = "cost" | "tokens";

/** Charts have one hue in four steps. */
const STEPS = ["--s1", "--s2", "--s3", "--s4"] as const;
const OTHERS = "others";

export interface Group {
  name: string;
  /** Its step, if it has one of its own. */
  color: string;
  sums: UsageReportRow;
}

export interface Days {
  /** Midnight of each day in UTC, in epoch milliseconds. */
  times: number[];
  groups: Group[];
  /** For each color: the values of the days. */
  series: { name: string; color: string; values: number[] }[];
}

export function valueOf(row: UsageReportRow, unit: Unit): number {
  return unit === "cost" ? row.cost_usd : row.input_tokens + row.output_tokens + row.cached_tokens;
}

/** The groups, those with most first, and what each used on every day from `first` to `last`. */
export function byDay(
  rows: readonly UsageReportRow[],
  key: Exclude<UsageGroup, "day">,
  unit: Unit,
  first: string,
  last: string,
): Days {
  const sums = new Map<string, UsageReportRow>();
  for (const row of rows) {
    const name = row[key] ?? "none";
    const before = sums.get(name) ?? { ...NO_USAGE, tasks: 0 };
    sums.set(name, { ...added(before, row), tasks: before.tasks + row.tasks });
  }
  const ranked = [...sums].sort(([, a], [, b]) => valueOf(b, unit) - valueOf(a, unit));
  const isFew = ranked.length <= STEPS.length;
  const colorOf = (at: number) => STEPS[isFew ? at : Math.min(at, STEPS.length - 1)]!;
  const groups = ranked.map(([name, of], at) => ({ name, color: colorOf(at), sums: of }));
  const own = new Map(
    groups.slice(0, isFew ? STEPS.length : STEPS.length - 1).map(({ name, color }) => [name, color]),
  );
  const days = daysBetween(first, last);
  const series = [...own].map(([name, color]) => ({ name, color, values: days.map(() => 0) }));
  if (!isFew) series.push({ name: OTHERS, color: STEPS[STEPS.length - 1]!, values: days.map(() => 0) });
  for (const row of rows) {
    const at = days.indexOf(row.day ?? "");
    const name = row[key] ?? "none";
    const of = series.find((one) => one.name === (own.has(name) ? name : OTHERS));
    if (at >= 0 && of) of.values[at]! += valueOf(row, unit);
  }
  return { times: days.map((day) => epochOf(`${day}T00:00:00Z`)), groups, series };
}

const DAY_MS = 86_400_000;

function daysBetween(first: string, last: string): string[] {
  const days: string[] = [];
  const end_ms = epochOf(`${last}T00:00:00Z`);
  for (let at_ms = epochOf(`${first}T00:00:00Z`); at_ms <= end_ms; at_ms += DAY_MS) {
    days.push(isoTime(at_ms).slice(0, 10));
  }
  return days;
}

/** The day `count` days before this one. */
export function daysBefore(day: string, count: number): string {
  return isoTime(epochOf(`${day}T00:00:00Z`) - count * DAY_MS).slice(0, 10);
}
