/** Schedules whose task depends on others, which retention removes sooner than the schedule is over. */
import assert from "node:assert/strict";
import { OWNER, SERVER } from "../../src/domain/actor.ts";
import type { NewTask } from "../../src/domain/task.ts";
import type { TaskState } from "../../src/domain/task_record.ts";
import { removeExpired } from "../../src/engine/retention.ts";
import { TaskIndex } from "../../src/read/task_index.ts";
import { DAY, MINUTE, type ScheduleWorld, withSchedules } from "../fixtures/schedule_world.ts";

const START = "2030-01-01T00:00:00.000Z";
const SOON = "2030-01-01T00:10:00.000Z";
const DAILY = { interval: "daily" as const };

async function add(world: ScheduleWorld, id: string): Promise<void> {
  const task = { id, type: "testing", priority: "low", description: id } as NewTask;
  await world.engine.commands.create(task, OWNER);
}

async function end(world: ScheduleWorld, id: string, status: TaskState["status"]): Promise<void> {
  const completed_at = new Date(world.now).toISOString();
  await world.store.tasks.update((view) => {
    const { state } = view.get(id)!;
    return { updates: [{ id, state: { ...state, status, completed_at } }] };
  }, SERVER);
}

/** Removes every finished task that nothing needs. */
async function expire(world: ScheduleWorld): Promise<void> {
  const { store, clock } = world;
  const index = new TaskIndex(store.tasks, store.changes);
  const log_retention = { retention_days: 1000, max_bytes: 1 << 30 };
  await removeExpired({ clock, store, index, retention_ms: 0, max_finished: 1000, log_retention });
}

const isThere = (world: ScheduleWorld, id: string) => world.store.tasks.get(id) !== undefined;

Deno.test("a dependency that completed and was removed counts as completed, also for the next server", () =>
  withSchedules(START, async (world) => {
    for (const id of ["before", "after"]) await add(world, id);
    await end(world, "before", "completed");
    await world.schedule("daily", SOON, DAILY, { dependencies: ["before", "after"] });
    // The schedule has not run since this one completed.
    await end(world, "after", "completed");
    await expire(world);
    assert.deepEqual([isThere(world, "before"), isThere(world, "after")], [false, false]);
    world.crash();
    await world.start();
    await world.timesUntil("daily", "2030-01-03T12:00:00.000Z");
    assert.deepEqual(world.runs("daily").map(({ id }) => id), ["daily_run_1", "daily_run_2", "daily_run_3"]);
    assert.ok((await world.told("daily")).every(({ level }) => level === "info"));
    assert.deepEqual(world.scheduler.queries.list(1)[0]!.task.dependencies, ["before", "after"]);
  }));

for (const status of ["failed", "cancelled"] as const) {
  Deno.test(`a dependency that is ${status} is not removed while a schedule depends on it, and fails the runs`, () =>
    withSchedules(START, async (world) => {
      await add(world, "setup");
      await world.schedule("daily", SOON, DAILY, { dependencies: ["setup"] });
      await end(world, "setup", status);
      await expire(world);
      await world.pass(10 * MINUTE);
      const [run] = world.runs("daily");
      assert.equal(run!.status, "failed");
      assert.equal(world.store.tasks.get(run!.id)!.state.error, "Dependency 'setup' failed");
      await expire(world);
      assert.ok(isThere(world, "setup"));
      await world.scheduler.commands.unschedule("daily", OWNER);
      await expire(world);
      assert.equal(isThere(world, "setup"), false);
    }));
}

Deno.test("a dependency whose changes a schedule waits for stays until they are accepted", () =>
  withSchedules(START, async (world) => {
    await add(world, "setup");
    const after = { execution: { after: "accepted" as const } };
    await world.schedule("daily", SOON, DAILY, { dependencies: ["setup"], ...after });
    await end(world, "setup", "completed");
    const judge = (review: TaskState["review"]) =>
      world.store.tasks.update((view) => {
        const { state } = view.get("setup")!;
        return { updates: [{ id: "setup", state: { ...state, review } }] };
      }, SERVER);
    await judge("to_review");
    await expire(world);
    assert.ok(isThere(world, "setup"));
    await world.pass(10 * MINUTE);
    assert.equal(world.runs("daily")[0]!.status, "pending");
    await judge("accepted");
    await world.settle(10_000);
    assert.notEqual(world.runs("daily")[0]!.status, "pending");
    await end(world, "daily_run_1", "completed");
    await expire(world);
    assert.equal(isThere(world, "setup"), false);
  }));

Deno.test("a new task under the id of a removed dependency counts as it is", () =>
  withSchedules(START, async (world) => {
    await add(world, "setup");
    await end(world, "setup", "completed");
    await world.schedule("daily", SOON, { ...DAILY, allow_overlap: true }, { dependencies: ["setup"] });
    await expire(world);
    await add(world, "setup");
    await world.pass(10 * MINUTE);
    assert.equal(world.runs("daily")[0]!.status, "pending");
    await end(world, "setup", "failed");
    await world.pass(DAY);
    assert.equal(world.runs("daily")[1]!.status, "failed");
    await expire(world);
    assert.ok(isThere(world, "setup"), "the failed one is not taken for the completed one");
  }));

Deno.test("a dependency that is removed while the run is made does not cost the run", () =>
  withSchedules(START, async (world) => {
    await add(world, "setup");
    await world.schedule("daily", SOON, DAILY, { dependencies: ["setup"] });
    await end(world, "setup", "completed");
    const { commands } = world.engine;
    const create = commands.create.bind(commands);
    let made = 0;
    commands.create = async (...args) => {
      if (made++ === 0) await expire(world);
      return await create(...args);
    };
    await world.pass(10 * MINUTE);
    await world.settle(10_000);
    assert.equal(isThere(world, "setup"), false);
    assert.deepEqual(world.runs("daily").map(({ id }) => id), ["daily_run_1"]);
  }));

Deno.test("a dependency of more schedules than fit one commit is removed once all of them know", () =>
  withSchedules(START, async (world) => {
    await add(world, "setup");
    const ids = Array.from({ length: 35 }, (_, i) => `daily_${i}`);
    for (const id of ids) await world.schedule(id, SOON, DAILY, { dependencies: ["setup"] });
    await end(world, "setup", "completed");
    await expire(world);
    assert.equal(isThere(world, "setup"), false);
    await world.pass(10 * MINUTE);
    for (const id of ids) assert.equal(world.runs(id).length, 1, id);
  }));
