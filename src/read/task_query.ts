/** `list_tasks`: filters, sorts and pages the tasks in memory. */
import { epochOf } from "../clock/clock.ts";
import type { Request } from "../protocol/messages.ts";
import { type Need, NEEDS } from "../domain/needs.ts";
import { many } from "../domain/scalars.ts";
import { Priority, TaskStatus } from "../domain/task.ts";
import { isFinished } from "../domain/task_values.ts";
import type { WaitingKind } from "../domain/waiting_for.ts";
import type { TaskFilter, TaskSortField } from "../protocol/task_messages.ts";
import type { TaskColumns } from "./task_columns.ts";
import type { TaskRecord } from "../domain/task_record.ts";

type Query = Pick<Request<"list_tasks">, "filter" | "sort" | "limit" | "offset">;
type Predicate = (task: TaskRecord) => boolean;

export interface TaskPage {
  tasks: TaskRecord[];
  total_count: number;
  filtered_count: number;
}

/** What the task waits for now; undefined if it is finished or at work. */
export type WaitOf = (task: TaskRecord) => WaitingKind | undefined;

/** What is known of a task only now, since its agent and other tasks decide it. */
export interface TaskMoment {
  waitOf: WaitOf;
  /** Everything that it needs a person for. */
  needsOf(task: TaskRecord): readonly Need[];
  /** Whether the task exists for whoever asks. Without it, all do. */
  sees?(id: string): boolean;
}

/** The conditions that the columns do not check. */
function predicates(filter: TaskFilter, { waitOf, needsOf }: TaskMoment): Predicate[] {
  const all: Predicate[] = [];
  const { has_dependencies, progress_range: range } = filter;
  if (has_dependencies !== undefined) {
    all.push((task) => ((task.spec.dependencies?.length ?? 0) > 0) === has_dependencies);
  }
  if (range) {
    const { min = 0, max = 100 } = range;
    all.push((task) => task.state.progress >= min && task.state.progress <= max);
  }
  if (filter.files_pattern !== undefined) {
    all.push((task) => task.spec.files_pattern === filter.files_pattern);
  }
  if (filter.failure !== undefined) {
    const kinds = new Set<string | undefined>(many(filter.failure));
    all.push((task) => kinds.has(task.state.failure?.kind));
  }
  if (filter.tags !== undefined) {
    const tags = new Set(many(filter.tags));
    all.push(({ spec }) => spec.metadata?.tags?.some((tag) => tags.has(tag)) ?? false);
  }
  if (filter.waiting_for !== undefined) {
    const kinds = new Set<string | undefined>(many(filter.waiting_for));
    all.push((task) => !isFinished(task.state.status) && kinds.has(waitOf(task)));
  }
  if (filter.needs !== undefined) {
    const wanted = new Set<string>(filter.needs === "any" ? NEEDS : many(filter.needs));
    all.push((task) => needsOf(task).some((need) => wanted.has(need)));
  }
  return all;
}

type Key = string | number | undefined;

const SORT_KEYS: Record<TaskSortField, (task: TaskRecord) => Key> = {
  id: (t) => t.id,
  type: (t) => t.spec.type,
  priority: (t) => Priority.options.indexOf(t.spec.priority),
  description: (t) => t.spec.description,
  status: (t) => TaskStatus.options.indexOf(t.state.status),
  progress: (t) => t.state.progress,
  files_pattern: (t) => t.spec.files_pattern,
  timeout: (t) => t.spec.timeout,
  created_at: (t) => t.spec.created_at,
  started_at: (t) => t.state.started_at,
  completed_at: (t) => t.state.completed_at,
  error: (t) => t.state.error,
  scheduled_time: (t) => t.spec.scheduled_time === undefined ? undefined : epochOf(t.spec.scheduled_time),
  retry_count: (t) => t.state.retry_count,
  attempt: (t) => t.state.attempt,
  schedule_id: (t) => t.spec.schedule_id,
};

/** Absent values come last in either order. */
function compareKeys(a: Key, b: Key, direction: number): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return (a < b ? -1 : 1) * direction;
}

/** The order of a list. Equal keys are ordered by ascending id in either direction, so that pages never overlap. */
function comparator(sort: Query["sort"]): (a: TaskRecord, b: TaskRecord) => number {
  const key = SORT_KEYS[sort?.field ?? "created_at"];
  const direction = sort?.order === "desc" ? -1 : 1;
  return (a, b) => compareKeys(key(a), key(b), direction) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The `count` smallest tasks, in order. A heap of that size avoids sorting all tasks for one page. */
function smallest(
  tasks: TaskRecord[],
  count: number,
  compare: (a: TaskRecord, b: TaskRecord) => number,
): TaskRecord[] {
  if (tasks.length <= 4 * count) return tasks.sort(compare).slice(0, count);
  const best = tasks.slice(0, count).sort(compare);
  for (let i = count; i < tasks.length; i++) {
    const task = tasks[i]!;
    if (compare(task, best[count - 1]!) >= 0) continue;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(best[middle]!, task) <= 0) low = middle + 1;
      else high = middle;
    }
    best.splice(low, 0, task);
    best.pop();
  }
  return best;
}

/**
 * One page of the tasks in `columns`. Without `sort`: by `created_at`, oldest first. Archived tasks are left out, of
 * `total_count` too, unless the filter asks for them.
 */
export function queryTasks(columns: TaskColumns, query: Query, moment: TaskMoment): TaskPage {
  const filter = query.filter ?? {};
  const conditions = predicates(filter, moment);
  const { sees } = moment;
  if (sees) conditions.unshift(({ id }) => sees(id));
  const matching = columns.select(filter).filter((task) => conditions.every((condition) => condition(task)));
  const filtered_count = matching.length;
  const tasks = smallest(matching, query.offset + query.limit, comparator(query.sort)).slice(query.offset);
  const total_count = sees
    ? columns.select({ archived: filter.archived }).filter(({ id }) => sees(id)).length
    : columns.count(filter.archived);
  return { tasks, total_count, filtered_count };
}
