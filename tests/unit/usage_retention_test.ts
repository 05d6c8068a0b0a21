/** What tasks have used is kept when they are removed: added to their days in the same commit. */
import assert from "node:assert/strict";
import { type Actor, agentActor, OWNER, SERVER } from "../../src/domain/actor.ts";
import type { NewTask } from "../../src/domain/task.ts";
import type { UsageEntry } from "../../src/domain/usage.ts";
import { removeExpired } from "../../src/engine/retention.ts";
import { UsageReports } from "../../src/engine/usage_reports.ts";
import { TaskIndex } from "../../src/read/task_index.ts";
import { type ScheduleWorld, withSchedules } from "../fixtures/schedule_world.ts";

const START = "2030-01-01T00:00:00.000Z";

function used(day: string, more: Partial<UsageEntry> = {}): UsageEntry {
  return {
    day,
    agent: "a",
    turns: 1,
    input_tokens: 10,
    output_tokens: 1,
    cached_tokens: 5,
    cost_usd: 0.25,
    cost_source: "reported",
    duration_ms: 1000,
    ...more,
  };
}

async function ended(
  { engine, store, now }: ScheduleWorld,
  id: string,
  entries: UsageEntry[],
  by: Actor = OWNER,
): Promise<void> {
  await engine.commands.create(
    { id, type: "testing", priority: "low", description: id, metadata: { owner: "mara" } } as NewTask,
    OWNER,
  );
  const completed_at = new Date(now).toISOString();
  await store.tasks.update((view) => {
    const { state, spec } = view.get(id)!;
    const next = { ...state, status: "completed" as const, completed_at, used: entries };
    return { updates: [{ id, state: next, spec: { ...spec, created_by: by } }] };
  }, SERVER);
}

Deno.test("usage of removed tasks: each sum stays, whatever is removed together, and another writer is not overwritten", () =>
  withSchedules(START, async (world) => {
    for (let i = 0; i < 23; i++) {
      const other = used("2029-12-31", { model: "m", cost_source: "estimated" });
      await ended(world, `t${i}`, i % 2 === 0 ? [used("2029-12-30"), other] : [used("2029-12-31")]);
    }
    const { store, clock } = world;
    const index = new TaskIndex(store.tasks, store.changes);
    const settings = { projectOf: () => undefined, timezone: "UTC" };
    const reports = new UsageReports({ clock, index, store, settings });
    const report = () => reports.report({ group_by: ["day", "model", "owner"] });
    const before = await report();
    assert.deepEqual(before.rows.map(({ day, model, tasks, turns }) => [day, model, tasks, turns]), [
      ["2029-12-30", undefined, 12, 12],
      ["2029-12-31", "m", 12, 12],
      ["2029-12-31", undefined, 11, 11],
    ]);
    // Another node adds to the same day between the read and the commit.
    const rival = { ...used("2029-12-31"), type: "testing", owner: "mara", tasks: 1 };
    const get = store.usage.get.bind(store.usage);
    let isFirst = true;
    store.usage.get = async (day) => {
      const found = await get(day);
      if (isFirst && day === "2029-12-31") {
        isFirst = false;
        const { sets } = store.usage.entry(day, found, [...found.rows, rival]);
        await store.tasks.update(() => ({ sets }), SERVER);
      }
      return found;
    };
    const log_retention = { retention_days: 1000, max_bytes: 1 << 30 };
    assert.equal(
      await removeExpired({ clock, store, index, retention_ms: 0, max_finished: 1000, log_retention }),
      23,
    );
    assert.equal(store.tasks.size, 0);
    const after = await report();
    const { turns, cost_usd, duration_ms, cost_source } = before.totals;
    assert.deepEqual([
      after.totals.turns,
      after.totals.cost_usd,
      after.totals.duration_ms,
      after.totals.cost_source,
    ], [
      turns + 1,
      cost_usd + 0.25,
      duration_ms + 1000,
      cost_source,
    ]);
    assert.deepEqual(after.rows.map(({ day, model, tasks }) => [day, model, tasks]), [
      ["2029-12-30", undefined, 12],
      ["2029-12-31", undefined, 12],
      ["2029-12-31", "m", 12],
    ]);
  }));

Deno.test("usage of removed tasks: it still counts against the bound of the task whose agent has started them", () =>
  withSchedules(START, async (world) => {
    const { store, clock, engine } = world;
    await engine.commands.create(
      {
        id: "up",
        type: "testing",
        priority: "low",
        description: "up",
        dependencies: [],
      } as unknown as NewTask,
      OWNER,
    );
    await ended(world, "down", [used("2030-01-01")], agentActor("up", "a"));
    await ended(world, "lower", [used("2030-01-01", { cost_usd: 1 })], agentActor("down", "a"));
    const index = new TaskIndex(store.tasks, store.changes);
    assert.equal(index.usedBelow("up")?.cost_usd, 1.25);
    assert.equal(index.usedBelow("down")?.cost_usd, 1);
    const log_retention = { retention_days: 1000, max_bytes: 1 << 30 };
    const options = { clock, store, index, retention_ms: 0, max_finished: 1000, log_retention };
    assert.equal(await removeExpired(options), 2);
    assert.equal(index.usedBelow("up")?.cost_usd, 1.25);
    assert.equal(new TaskIndex(store.tasks, store.changes).usedBelow("up")?.turns, 2);
  }));

Deno.test("usage of removed tasks: one in the middle stays until those below it are gone, so that all counts at the top", () =>
  withSchedules(START, async (world) => {
    const { store, clock, engine } = world;
    const make = (id: string) => {
      const task = { id, type: "testing", priority: "low", description: id, dependencies: [] };
      return engine.commands.create(task as unknown as NewTask, OWNER);
    };
    await make("top");
    await ended(world, "middle", [used("2030-01-01")], agentActor("top", "a"));
    // It still works, and will use more.
    await make("low");
    await store.tasks.update((view) => {
      const { state, spec } = view.get("low")!;
      const by = agentActor("middle", "a");
      return { updates: [{ id: "low", state, spec: { ...spec, created_by: by } }] };
    }, SERVER);
    const index = new TaskIndex(store.tasks, store.changes);
    const log_retention = { retention_days: 1000, max_bytes: 1 << 30 };
    const options = { clock, store, index, retention_ms: 0, max_finished: 1000, log_retention };
    assert.equal(await removeExpired(options), 0);
    const use = (cost_usd: number, isOver: boolean) =>
      store.tasks.update((view) => {
        const { state } = view.get("low")!;
        const over = { status: "completed" as const, completed_at: new Date(world.now).toISOString() };
        const next = { ...state, ...isOver ? over : {}, used: [used("2030-01-01", { cost_usd })] };
        return { updates: [{ id: "low", state: next }] };
      }, SERVER);
    await use(2, false);
    assert.equal(index.usedBelow("top")?.cost_usd, 2.25);
    assert.equal(await removeExpired(options), 0);
    await use(3, true);
    assert.equal(index.usedBelow("top")?.cost_usd, 3.25);
    assert.equal(await removeExpired(options), 2, "both go");
    assert.equal(index.usedBelow("top")?.cost_usd, 3.25);
  }));

Deno.test("usage of removed tasks: it counts for a task that is over too, which a message may reopen", () =>
  withSchedules(START, async (world) => {
    const { store, clock } = world;
    await ended(world, "up", []);
    await ended(world, "down", [used("2030-01-01")], agentActor("up", "a"));
    const index = new TaskIndex(store.tasks, store.changes);
    const log_retention = { retention_days: 1000, max_bytes: 1 << 30 };
    // Only the older of the two is kept, as something unfinished depends on it.
    const depends = {
      id: "later",
      type: "testing",
      priority: "low",
      description: "later",
      dependencies: ["up"],
    };
    await world.engine.commands.create(depends as unknown as NewTask, OWNER);
    await store.tasks.update((view) => {
      const { state } = view.get("later")!;
      return { updates: [{ id: "later", state: { ...state, status: "paused" as const } }] };
    }, SERVER);
    const options = { clock, store, index, retention_ms: 0, max_finished: 1000, log_retention };
    assert.equal(await removeExpired(options), 1);
    assert.equal(index.find("down"), undefined);
    assert.equal(index.usedBelow("up")?.cost_usd, 0.25);
  }));
