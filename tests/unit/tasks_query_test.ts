/** Task queries against the plainest model of what the contract says, over made-up tasks. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Priority, TaskStatus, TaskType } from "../../src/domain/task.ts";
import { TASK_SORT_FIELDS, type TaskFilter } from "../../src/protocol/task_messages.ts";
import { TaskColumns } from "../../src/read/task_columns.ts";
import { queryTasks } from "../../src/read/task_query.ts";
import type { Need } from "../../src/domain/needs.ts";
import { Review } from "../../src/domain/workspace.ts";
import { isFinished } from "../../src/domain/task_values.ts";
import { type TaskRecord, taskView } from "../../src/domain/task_record.ts";

const START_MS = Date.parse("2026-01-15T10:00:00.000Z");
/** Few distinct values, so that ties and hits are common. */
const moment = fc.integer({ min: 0, max: 5 }).map((i) => new Date(START_MS + i).toISOString());
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const word = fc.constantFrom("alpha", "Beta", "GAMMA", "Straße", "alphabet");
const pattern = fc.constantFrom("src/**", "**/*.ts", "a");

const record: fc.Arbitrary<TaskRecord> = fc.record({
  id: fc.stringMatching(/^[a-cA-C_]{1,3}$/),
  spec: fc.record({
    type: fc.constantFrom(...TaskType.options),
    priority: fc.constantFrom(...Priority.options),
    description: word,
    files_pattern: maybe(pattern),
    dependencies: maybe(fc.constantFrom([], ["x"], ["x", "y"])),
    timeout: maybe(fc.constantFrom(1000, 2000)),
    scheduled_time: maybe(
      fc.constantFrom("2026-01-15T12:00:00+02:00", "2026-01-15T10:00:00Z", "2026-01-15T10:01:00Z"),
    ),
    created_at: moment,
    order: fc.integer(),
    schedule_id: maybe(fc.constantFrom("s1", "s2")),
    metadata: maybe(fc.record({
      tags: maybe(fc.subarray(["red", "green", "blue"])),
      owner: maybe(fc.constantFrom("ann", "bob", "")),
      project: maybe(fc.constantFrom("web", "label")),
    })),
    execution: maybe(fc.record({ agent: maybe(fc.constantFrom("claude", "codex")) })),
  }),
  state: fc.record({
    status: fc.constantFrom(...TaskStatus.options),
    progress: fc.constantFrom(0, 25, 50, 100),
    started_at: maybe(moment),
    completed_at: maybe(moment),
    error: maybe(fc.constantFrom("x", "y")),
    retry_count: fc.integer({ min: 0, max: 2 }),
    attempt: fc.integer({ min: 0, max: 2 }),
    automatic_attempts: fc.constant(0),
    attempts: fc.constant([]),
    review: maybe(fc.constantFrom(...Review.options)),
    archived: maybe(fc.boolean()),
  }),
});

/** What the configuration decides, and what a task waits for, as plain functions of the record. */
const FACTS = {
  projectOf: ({ spec }: TaskRecord) => spec.description === "alpha" ? "web" : undefined,
  agentOf: ({ spec, state }: TaskRecord) => spec.execution?.agent ?? (state.attempt > 0 ? "codex" : "claude"),
};
const waitOf = ({ spec }: TaskRecord) => spec.timeout === 1000 ? "slot" : "time";

const needsOf = ({ spec: { priority } }: TaskRecord): Need[] =>
  priority === "critical" ? ["permission", "review"] : priority === "high" ? ["review"] : [];
const NOW = { waitOf, needsOf };

const oneOrMany = <T extends string>(values: readonly T[]) =>
  maybe(
    fc.oneof(
      fc.constantFrom(...values),
      fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }),
    ),
  );
const filter = fc.record({
  status: oneOrMany(TaskStatus.options),
  type: oneOrMany(TaskType.options),
  priority: oneOrMany(Priority.options),
  created_after: maybe(moment),
  created_before: maybe(
    moment.map((iso) => new Date(Date.parse(iso) + 3_600_000).toISOString().replace("Z", "+01:00")),
  ),
  has_dependencies: maybe(fc.boolean()),
  progress_range: maybe(
    fc.record({ min: maybe(fc.constantFrom(0, 25)), max: maybe(fc.constantFrom(25, 100)) }),
  ),
  description_contains: maybe(fc.constantFrom("ALPHA", "eta", "ß", "zzz")),
  files_pattern: maybe(pattern),
  project: oneOrMany(["web", "label", "none"]),
  owner: oneOrMany(["ann", "bob", ""]),
  agent: oneOrMany(["claude", "codex", "none"]),
  review: oneOrMany(Review.options),
  waiting_for: oneOrMany(["slot", "time", "paused"]),
  needs: fc.oneof(maybe(fc.constant("any")), oneOrMany(["permission", "review", "budget"])),
  tags: oneOrMany(["red", "green", "blue"]),
  archived: maybe(fc.constantFrom(true, false, "any")),
}) as fc.Arbitrary<TaskFilter>;
const query = fc.record({
  filter: maybe(filter),
  sort: maybe(fc.record({
    field: fc.constantFrom(...TASK_SORT_FIELDS),
    order: fc.constantFrom("asc" as const, "desc" as const),
  })),
  limit: fc.integer({ min: 1, max: 8 }),
  offset: fc.integer({ min: 0, max: 12 }),
});
type Query = Parameters<typeof queryTasks>[1];

const isKept = ({ state }: TaskRecord, { archived = false }: TaskFilter) =>
  archived === "any" || (state.archived ?? false) === archived;

function passes(task: TaskRecord, wanted: TaskFilter): boolean {
  const { spec, state } = task;
  const among = (list: string | string[] | undefined, ...values: (string | undefined)[]) =>
    list === undefined || [list].flat().some((one) => values.includes(one));
  const created = Date.parse(spec.created_at);
  return among(wanted.status, state.status) && among(wanted.type, spec.type) &&
    among(wanted.priority, spec.priority) &&
    (wanted.created_after === undefined || created > Date.parse(wanted.created_after)) &&
    (wanted.created_before === undefined || created < Date.parse(wanted.created_before)) &&
    (wanted.has_dependencies === undefined ||
      wanted.has_dependencies === (spec.dependencies ?? []).length > 0) &&
    state.progress >= (wanted.progress_range?.min ?? 0) &&
    state.progress <= (wanted.progress_range?.max ?? 100) &&
    (wanted.description_contains === undefined ||
      spec.description.toLowerCase().includes(wanted.description_contains.toLowerCase())) &&
    (wanted.files_pattern === undefined || spec.files_pattern === wanted.files_pattern) &&
    isKept(task, wanted) &&
    among(wanted.project, spec.metadata?.project, FACTS.projectOf(task)) &&
    among(wanted.owner, spec.metadata?.owner) && among(wanted.agent, FACTS.agentOf(task)) &&
    among(wanted.review, state.review ?? "none") && among(wanted.tags, ...spec.metadata?.tags ?? []) &&
    among(wanted.needs, ...needsOf(task), needsOf(task).length > 0 ? "any" : undefined) &&
    among(wanted.waiting_for, isFinished(state.status) ? undefined : waitOf(task));
}

function expected(tasks: TaskRecord[], { filter = {}, sort, limit, offset }: Query): string[] {
  const field = sort?.field ?? "created_at";
  const keyOf = (task: TaskRecord) => {
    const value = taskView(task)[field];
    if (value === undefined) return undefined;
    if (field === "priority") return Priority.options.indexOf(value as Priority);
    if (field === "status") return TaskStatus.options.indexOf(value as TaskStatus);
    return field === "scheduled_time" ? Date.parse(value as string) : value as string | number;
  };
  const byId = [...tasks].sort((a, b) => a.id < b.id ? -1 : 1).filter((task) => passes(task, filter));
  // The sort is stable, so equal keys stay by id.
  const present = byId.filter((task) => keyOf(task) !== undefined).sort((a, b) => {
    const [x, y] = [keyOf(a)!, keyOf(b)!];
    return (x < y ? -1 : x > y ? 1 : 0) * (sort?.order === "desc" ? -1 : 1);
  });
  const ordered = [...present, ...byId.filter((task) => keyOf(task) === undefined)];
  return ordered.slice(offset, offset + limit).map((task) => task.id);
}

const distinct = (maxLength: number) => fc.uniqueArray(record, { selector: (task) => task.id, maxLength });

function columnsOf(tasks: TaskRecord[]): TaskColumns {
  const columns = new TaskColumns(FACTS);
  for (const task of tasks) columns.set(task);
  return columns;
}

Deno.test("pages and counts match the model", () => {
  fc.assert(
    fc.property(distinct(60), query, (tasks, wanted) => {
      const page = queryTasks(columnsOf(tasks), wanted, NOW);
      assert.deepEqual(page.tasks.map((task) => task.id), expected(tasks, wanted));
      const kept = tasks.filter((task) => isKept(task, wanted.filter ?? {}));
      assert.equal(page.total_count, kept.length);
      assert.equal(page.filtered_count, tasks.filter((task) => passes(task, wanted.filter ?? {})).length);
    }),
    { numRuns: 1500 },
  );
});

Deno.test("pages together cover everything without overlap", () => {
  fc.assert(
    fc.property(distinct(40), query, (tasks, wanted) => {
      const columns = columnsOf(tasks);
      const ids: string[] = [];
      for (let offset = 0;; offset += wanted.limit) {
        const page = queryTasks(columns, { ...wanted, offset }, NOW);
        ids.push(...page.tasks.map((task) => task.id));
        if (page.tasks.length < wanted.limit) break;
      }
      assert.deepEqual(ids, expected(tasks, { ...wanted, offset: 0, limit: 1000 }));
    }),
    { numRuns: 500 },
  );
});

Deno.test("columns have the latest values and nothing that was removed", () => {
  const step = fc.oneof(
    record.map((task) => ({ set: task, remove: undefined })),
    fc.stringMatching(/^[a-cA-C_]{1,3}$/).map((remove) => ({ set: undefined, remove })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), filter, (steps, wanted) => {
      const columns = new TaskColumns(FACTS);
      const model = new Map<string, TaskRecord>();
      for (const { set, remove } of steps) {
        if (set) {
          columns.set(set);
          model.set(set.id, set);
        } else {
          columns.remove(remove);
          model.delete(remove);
        }
      }
      const page = queryTasks(columns, { filter: wanted, limit: 1000, offset: 0 }, NOW);
      const rest = [...model.values()];
      assert.equal(page.total_count, rest.filter((task) => isKept(task, wanted)).length);
      assert.deepEqual(
        page.tasks.map((task) => task.id),
        expected(rest, { filter: wanted, limit: 1000, offset: 0 }),
      );
      // The very records, not what they were before.
      for (const task of page.tasks) assert.equal(task, model.get(task.id));
    }),
    { numRuns: 1000 },
  );
});
