/** What is left of tasks' usage when they are removed: sums of each day. Pure. */
import * as z from "zod";
import { DEFAULT_TENANT } from "./tenant_id.ts";
import { tenantOf } from "./tenant_id.ts";
import { entriesOf } from "./task_usage.ts";
import type { TaskRecord } from "./task_record.ts";
import { type UsageEntry, UsageSums } from "./usage.ts";
import { added } from "./usage_sums.ts";

/** What is summed for itself within a day. */
const Keys = z.object({
  agent: z.string(),
  model: z.string().optional(),
  project: z.string().optional(),
  owner: z.string().optional(),
  type: z.string(),
  tenant: z.string().optional().describe("Absent: the default one."),
});
export type UsageKeys = z.infer<typeof Keys>;

/** The sums of a day of tasks that are gone. */
export const UsageRow = UsageSums.extend({
  ...Keys.shape,
  tasks: z.int().describe("How many tasks worked on that day."),
});
export type UsageRow = z.infer<typeof UsageRow>;

/** What an entry of a task is summed under. `project`: the configured one that the task belongs to. */
export function keysOf({ id, spec }: TaskRecord, { agent, model }: UsageEntry, project?: string): UsageKeys {
  const { owner, project: label } = spec.metadata ?? {};
  return { agent, model, project: project ?? label, owner, type: spec.type, ...whose(id) };
}

function whose(id: string): Pick<UsageKeys, "tenant"> {
  const tenant = tenantOf(id);
  return tenant === DEFAULT_TENANT ? {} : { tenant };
}

function nameOf({ agent, model, project, owner, type, tenant }: UsageKeys): string {
  return JSON.stringify([agent, model, project, owner, type, tenant]);
}

/** The days on which the task has used anything. */
export function daysOf({ state }: TaskRecord): string[] {
  return [...new Set(entriesOf(state).map(({ day }) => day))];
}

/** The rows of each day with what these tasks have used. `known`: the rows of all days of these tasks. */
export function rolledUp(
  tasks: readonly TaskRecord[],
  known: ReadonlyMap<string, readonly UsageRow[]>,
  projectOf: (task: TaskRecord) => string | undefined,
): Map<string, UsageRow[]> {
  const days = new Map<string, Map<string, UsageRow>>();
  for (const task of tasks) {
    const counted = new Set<string>();
    for (const entry of entriesOf(task.state)) {
      const { day } = entry;
      let rows = days.get(day);
      if (!rows) days.set(day, rows = new Map((known.get(day) ?? []).map((row) => [nameOf(row), row])));
      const keys = keysOf(task, entry, projectOf(task));
      const name = nameOf(keys);
      const row = rows.get(name);
      const isNew = !counted.has(`${day} ${name}`);
      counted.add(`${day} ${name}`);
      const sums = row ? added(row, entry) : UsageSums.parse(entry);
      rows.set(name, { ...keys, ...sums, tasks: (row?.tasks ?? 0) + (isNew ? 1 : 0) });
    }
  }
  return new Map([...days].map(([day, rows]) => [day, [...rows.values()]]));
}

/** The rows of two stores that have no task in common. */
export function mergedRows(some: readonly UsageRow[], others: readonly UsageRow[]): UsageRow[] {
  const rows = new Map(some.map((row) => [nameOf(row), row]));
  for (const other of others) {
    const row = rows.get(nameOf(other));
    rows.set(nameOf(other), row ? { ...row, ...added(row, other), tasks: row.tasks + other.tasks } : other);
  }
  return [...rows.values()];
}
