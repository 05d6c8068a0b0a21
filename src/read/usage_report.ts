/** Sums what tasks have used, by the keys that are asked for. Pure. */
import type { TaskRecord } from "../domain/task_record.ts";
import { entriesOf } from "../domain/task_usage.ts";
import type { UsageSums } from "../domain/usage.ts";
import { added, NO_USAGE } from "../domain/usage_sums.ts";
import { keysOf, type UsageKeys, type UsageRow } from "../domain/usage_rollup.ts";
import type { UsageGroup, UsageReportRow } from "../protocol/usage_messages.ts";

export interface UsageSource {
  tasks: Iterable<TaskRecord>;
  /** The configured project that a task belongs to. */
  projectOf(task: TaskRecord): string | undefined;
  /** What tasks that are gone have used, by day. */
  days: ReadonlyMap<string, readonly UsageRow[]>;
}

export interface UsageQuery {
  group_by: readonly UsageGroup[];
  /** The first and the last day. */
  first?: string;
  last?: string;
  /** Leaves out turns that are under way. */
  isOver?: boolean;
}

type Sums = UsageSums & { tasks: number };
const NOTHING: Sums = { ...NO_USAGE, tasks: 0 };

export function usageReport(
  { tasks, projectOf, days }: UsageSource,
  { group_by, first = "", last = "9999", isOver = false }: UsageQuery,
): { rows: UsageReportRow[]; totals: Sums } {
  const rows = new Map<string, { keys: Partial<UsageKeys> & { day?: string }; sums: Sums }>();
  let totals = NOTHING;
  const add = (keys: UsageKeys & { day: string }, sums: UsageSums, isNew: (row: string) => number) => {
    const wanted = Object.fromEntries(group_by.map((key) => [key, keys[key]]));
    const name = JSON.stringify(group_by.map((key) => keys[key]));
    const row = rows.get(name) ?? { keys: wanted, sums: NOTHING };
    rows.set(name, { ...row, sums: { ...added(row.sums, sums), tasks: row.sums.tasks + isNew(name) } });
    totals = { ...added(totals, sums), tasks: totals.tasks + isNew("") };
  };
  for (const task of tasks) {
    const counted = new Set<string>();
    const once = (row: string) => counted.size < counted.add(row).size ? 1 : 0;
    for (const entry of isOver ? task.state.used ?? [] : entriesOf(task.state)) {
      const { day } = entry;
      if (day < first || day > last) continue;
      add({ ...keysOf(task, entry, projectOf(task)), day }, entry, (row) => once(`row ${row}`));
    }
  }
  for (const [day, gone] of days) {
    if (day < first || day > last) continue;
    for (const row of gone) add({ ...row, day }, row, () => row.tasks);
  }
  return { rows: [...rows.values()].map(({ keys, sums }) => ({ ...keys, ...sums })).sort(inOrder), totals };
}

/** By day, then what cost most, then what used most. */
function inOrder(a: UsageReportRow, b: UsageReportRow): number {
  return (a.day ?? "").localeCompare(b.day ?? "") || b.cost_usd - a.cost_usd ||
    b.input_tokens + b.output_tokens + b.cached_tokens - a.input_tokens - a.output_tokens - a.cached_tokens;
}
