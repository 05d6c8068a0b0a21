/** Each share of a budget is told once: of a task's own, of a project's day and of the server's. */
import assert from "node:assert/strict";
import type { BudgetAlert } from "../../src/domain/budget.ts";
import type { TaskRecord, TaskSpec, TaskState } from "../../src/domain/task_record.ts";
import type { UsageEntry } from "../../src/domain/usage.ts";
import { Budgets, type BudgetsOptions } from "../../src/engine/budgets.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

const DAY = "2030-01-01";

function task(id: string, cost_usd: number, more: Partial<TaskState> = {}): TaskRecord {
  const entry: UsageEntry = {
    day: DAY,
    agent: "a",
    turns: 1,
    input_tokens: 1,
    output_tokens: 1,
    cached_tokens: 0,
    cost_usd,
    cost_source: "reported",
    duration_ms: 1,
  };
  const state = { status: "completed", used: cost_usd > 0 ? [entry] : undefined, ...more } as TaskState;
  return { id, spec: { execution: { max_cost_usd: 10 } } as TaskSpec, state };
}

function world() {
  const clock = new HandClock(Date.parse(`${DAY}T12:00:00Z`));
  const told: string[] = [];
  const ended: string[] = [];
  const woken: string[] = [];
  const tasks: TaskRecord[] = [];
  const project = { name: "shop", budget_usd_per_day: 2 };
  const publish = ({ budget }: { budget: BudgetAlert }) =>
    told.push([budget.scope, budget.percent, budget.spent, "of", budget.bound].join(" "));
  const budgets = new Budgets({
    clock,
    index: { all: () => tasks, usedBelow: () => undefined },
    bus: { publish },
    settings: {
      timezone: "UTC",
      budget_usd_per_day: 4,
      projects: () => ({ shop: project }),
      projectOf: () => project,
    },
    end: (id: string) => ended.push(id),
    wake: (held_by: string) => woken.push(held_by),
  } as unknown as BudgetsOptions);
  return { clock, budgets, told, ended, woken, tasks };
}

Deno.test("budgets: 80 % and 100 % of a day are told once each; what runs is ended, and midnight lets tasks go on", () => {
  const { clock, budgets, told, ended, woken, tasks } = world();
  budgets.load([{ project: "shop", cost_usd: 0.5 }]);
  tasks.push(task("runs", 0, { status: "running" }));
  budgets.note(task("t", 0), task("t", 1));
  assert.deepEqual(told, []);
  budgets.note(task("t", 1), task("t", 1.2));
  budgets.note(task("t", 1.2), task("t", 1.4));
  assert.deepEqual(told, ["project 80 1.7 of 2"]);
  assert.equal(budgets.holdOf(task("u", 0)), undefined);
  budgets.note(task("t", 1.4), task("t", 1.5));
  budgets.note(task("t", 1.5), task("t", 3.5));
  assert.deepEqual(told.slice(1), ["project 100 2 of 2", "server 100 4 of 4"]);
  assert.deepEqual(ended, ["runs", "runs"]);
  const held = budgets.holdOf(task("u", 0));
  assert.equal(held?.until_ms, Date.parse("2030-01-02T00:00:00Z"));
  clock.pass(12 * 3_600_000);
  assert.equal(budgets.holdOf(task("u", 0)), undefined);
  assert.deepEqual([...new Set(woken)].sort(), ["budget", "budget shop"]);
  budgets.close();
});

Deno.test("budgets: a share of a task's own bound is told when its record says so", () => {
  const { budgets, told } = world();
  budgets.load([]);
  const before = task("t", 0.1);
  budgets.note(before, task("t", 0.2, { budget_told: 80 }));
  budgets.note(task("t", 0.2, { budget_told: 80 }), task("t", 0.3, { budget_told: 80 }));
  assert.deepEqual(told, ["task 80 0.2 of 10"]);
  budgets.close();
});

Deno.test("budgets: many small sums reach the bound, without the noise of binary fractions", () => {
  const { budgets, told } = world();
  budgets.load([]);
  for (let i = 0; i < 10; i++) budgets.note(task(`t${i}`, 0), task(`t${i}`, 0.2));
  assert.deepEqual(told, ["project 80 1.6 of 2", "project 100 2 of 2"]);
  budgets.close();
});

Deno.test("budgets: what a task costs after midnight counts once, also if nothing has noticed midnight before", () => {
  const { clock, budgets, tasks } = world();
  budgets.load([]);
  clock.passUnseen(12 * 3_600_000);
  const before = task("t", 0);
  const after = task("t", 1.2);
  after.state.used![0]!.day = "2030-01-02";
  // The index knows a change before those that follow it are told.
  tasks.push(after);
  budgets.note(before, after);
  assert.equal(budgets.holdOf(task("u", 0)), undefined);
  budgets.close();
});

Deno.test("budgets: a clock that is set back within the day forgets nothing that was spent", () => {
  const { clock, budgets, told } = world();
  budgets.load([{ project: "shop", cost_usd: 1.9 }]);
  clock.wall_ahead_ms = -3_600_000;
  assert.equal(budgets.holdOf(task("u", 0)), undefined);
  budgets.note(task("t", 0), task("t", 0.1));
  assert.deepEqual(told, ["project 100 2 of 2"]);
  budgets.close();
});
