/** What a person does with a schedule: changing, pausing, running it by hand; why times made no run; one-off tasks. */
import assert from "node:assert/strict";
import { OWNER, SERVER } from "../../src/domain/actor.ts";
import type { ApiError } from "../../src/domain/errors.ts";
import type { DomainEvent } from "../../src/engine/events.ts";
import { DAY, HOUR, MINUTE, ScheduleWorld, withSchedules } from "../fixtures/schedule_world.ts";

const START = "2030-01-01T00:00:00.000Z";
const SOON = "2030-01-01T00:10:00.000Z";

function shown(world: ScheduleWorld, id: string) {
  return world.scheduler.queries.get(id);
}

function skips(world: ScheduleWorld, id: string) {
  return shown(world, id).skipped.map(({ time, reason }) => [time, reason]);
}

function heard(world: ScheduleWorld): DomainEvent[] {
  const events: DomainEvent[] = [];
  world.bus.listen((event) => {
    if (event.kind.startsWith("schedule.") && event.kind !== "schedule.changed") events.push(event);
  });
  return events;
}

async function end(world: ScheduleWorld, id: string, status: "failed" | "completed"): Promise<void> {
  await world.store.tasks.update((view) => {
    const { state } = view.get(id)!;
    return {
      updates: [{ id, state: { ...state, status, completed_at: new Date(world.now).toISOString() } }],
    };
  }, SERVER);
  await world.pass(0);
}

const refuses = (code: string, field: string, action: Promise<unknown>) =>
  assert.rejects(action, (error: ApiError) => {
    assert.deepEqual([error.code, error.details.field], [code, field], error.message);
    return true;
  });

Deno.test("schedule: hourly counts elapsed hours; cron comes at its local times, from the earliest moment on", () =>
  withSchedules("2030-10-26T20:00:00Z", async (world) => {
    const hourly = { interval: "hourly", timezone: "Europe/Vienna", allow_overlap: true } as const;
    await world.schedule("hourly", "2030-10-26T22:30:00.000Z", hourly);
    const recurring = {
      interval: "cron",
      cron: "*/30 2 * * *",
      timezone: "Europe/Vienna",
      allow_overlap: true,
    } as const;
    await world.schedule("cron", "2030-10-26T21:00:00.000Z", recurring);
    assert.equal(shown(world, "cron").next_run, "2030-10-27T00:00:00.000Z");
    await world.pass(6 * HOUR);
    // The hour from two to three comes twice: each of its times is the first.
    assert.deepEqual(world.runs("cron").map(({ at }) => at), [
      "2030-10-27T00:00:00.000Z",
      "2030-10-27T00:30:00.000Z",
    ]);
    assert.deepEqual(world.runs("hourly").map(({ at }) => at.slice(11, 16)), [
      "22:30",
      "23:30",
      "00:30",
      "01:30",
    ]);
    assert.equal(shown(world, "cron").next_run, "2030-10-28T01:00:00.000Z");
  }));

Deno.test("schedule: while it is paused its times are skipped; a run by hand leaves next_run and max_runs", () =>
  withSchedules(START, async (world) => {
    await world.schedule("s", SOON, { interval: "daily", max_runs: 2, allow_overlap: true });
    await world.scheduler.commands.pause("s", OWNER);
    await refuses("INVALID_FIELD_VALUE", "task_id", world.scheduler.commands.pause("s", OWNER));
    await world.pass(DAY);
    assert.deepEqual(world.runs("s"), []);
    assert.deepEqual(skips(world, "s"), [[SOON, "paused"]]);
    const { next_run } = shown(world, "s");
    assert.equal(next_run, "2030-01-02T00:10:00.000Z");
    assert.equal(await world.scheduler.commands.run("s", OWNER), "s_run_1");
    assert.equal(world.store.tasks.get("s_run_1")!.spec.created_by?.kind, "owner");
    assert.deepEqual([shown(world, "s").next_run, shown(world, "s").runs], [next_run, 1]);
    assert.equal(shown(world, "s").upcoming.length, 2, "two runs are still left");
    assert.equal(shown(world, "s").paused?.reason, "request");
    await world.scheduler.commands.resume("s", OWNER);
    await refuses("INVALID_FIELD_VALUE", "task_id", world.scheduler.commands.resume("s", OWNER));
    await world.pass(2 * DAY);
    assert.deepEqual(world.runs("s").map(({ id }) => id), ["s_run_1", "s_run_2", "s_run_3"]);
    assert.equal(world.scheduler.queries.has("s"), false, "it is over");
  }));

Deno.test("schedule: a crash between a run by hand and its count costs no run of the schedule", async () => {
  for (let commits = 0; commits < 3; commits++) {
    const world = new ScheduleWorld(START);
    await world.start();
    await world.schedule("s", SOON, { interval: "daily", allow_overlap: true });
    let left = commits;
    world.kv.before = () => left-- > 0 ? undefined : new Promise(() => {});
    void world.scheduler.commands.run("s", OWNER);
    await world.pass(0);
    world.crash();
    await world.start();
    await world.pass(10 * MINUTE);
    const own = world.runs("s").filter(({ id }) =>
      world.store.tasks.get(id)!.spec.created_by?.kind === "schedule"
    );
    assert.deepEqual(own.map(({ at }) => at), [SOON], `gone at commit ${commits}`);
    await world.stop();
  }
});

Deno.test("schedule: what is skipped says why, and the last ten are kept", () =>
  withSchedules(START, async (world) => {
    await world.schedule("s", SOON, { interval: "hourly" });
    await world.pass(10 * MINUTE);
    await world.pass(HOUR);
    world.waits.set("s_run_1", "provider_limit");
    await world.pass(HOUR);
    world.waits.set("s_run_1", "node");
    await world.pass(HOUR);
    assert.deepEqual(skips(world, "s").map(([, reason]) => reason), ["overlap", "held_agent", "no_node"]);
    assert.match(shown(world, "s").skipped[0]!.message!, /s_run_1.*queued/);
    await world.pass(12 * HOUR);
    assert.equal(skips(world, "s").length, 10);
    assert.equal(skips(world, "s").at(-1)![0], "2030-01-01T15:10:00.000Z");
    assert.deepEqual([shown(world, "s").runs, shown(world, "s").last_run], [1, "s_run_1"]);
  }));

Deno.test("schedule: failures in a row pause it, also across a restart; resuming begins to count anew", () =>
  withSchedules(START, async (world) => {
    await world.schedule("s", SOON, { interval: "daily", pause_after_failures: 2 });
    await world.pass(10 * MINUTE);
    await end(world, "s_run_1", "failed");
    await world.pass(DAY);
    await end(world, "s_run_2", "completed");
    await world.pass(DAY);
    await end(world, "s_run_3", "failed");
    await world.pass(DAY);
    assert.equal(shown(world, "s").paused, undefined);
    // The server ends before it can note the second failure.
    world.scheduler.stop();
    await end(world, "s_run_4", "failed");
    await world.stop();
    await world.start();
    assert.equal(shown(world, "s").paused?.reason, "failures");
    assert.match((await world.told("s")).at(-1)!.message, /2 failed runs in a row/);
    await world.pass(DAY);
    assert.equal(world.runs("s").length, 4);
    await world.scheduler.commands.resume("s", OWNER);
    await world.pass(DAY);
    await end(world, "s_run_5", "failed");
    assert.equal(shown(world, "s").paused, undefined);
    await world.pass(DAY);
    await end(world, "s_run_6", "failed");
    assert.equal(shown(world, "s").paused?.reason, "failures");
  }));

Deno.test("schedule: update changes later runs and times; what would never run again is refused", () =>
  withSchedules(START, async (world) => {
    const { commands } = world.scheduler;
    await world.schedule("s", SOON, { interval: "daily", max_runs: 3, allow_overlap: true });
    await world.pass(10 * MINUTE);
    await commands.update("s", { task: { description: "other", priority: "high" } }, OWNER);
    assert.equal(shown(world, "s").next_run, "2030-01-02T00:10:00.000Z");
    await commands.update(
      "s",
      { recurring: { interval: "cron", cron: "0 6 * * *", allow_overlap: true } },
      OWNER,
    );
    assert.equal(shown(world, "s").next_run, "2030-01-01T06:00:00.000Z");
    await world.pass(DAY);
    const tasks = world.runs("s").map(({ id }) => world.store.tasks.get(id)!.spec);
    assert.deepEqual(tasks.map(({ description, priority }) => [description, priority]), [
      ["s", "low"],
      ["other", "high"],
    ]);
    assert.equal(tasks[1]!.type, "testing");
    await commands.update("s", { scheduled_time: "2030-02-01T00:00:00Z" }, OWNER);
    assert.equal(shown(world, "s").next_run, "2030-02-01T06:00:00.000Z");
    const daily = { interval: "daily" } as const;
    await refuses(
      "INVALID_RECURRING_CONFIG",
      "recurring.max_runs",
      commands.update("s", { recurring: { ...daily, max_runs: 2 } }, OWNER),
    );
    await refuses(
      "INVALID_RECURRING_CONFIG",
      "recurring.end_time",
      commands.update("s", { recurring: { ...daily, end_time: "2030-01-20T00:00:00Z" } }, OWNER),
    );
    await assert.rejects(commands.update("s", { task: { dependencies: ["nobody"] } }, OWNER));
    await assert.rejects(commands.update("nobody", {}, OWNER), /no schedule 'nobody'/);
    assert.equal(shown(world, "s").next_run, "2030-02-01T06:00:00.000Z", "nothing was changed");
  }));

Deno.test("schedule: an update while the run is on its way makes the run once, and counts it", () =>
  withSchedules(START, async (world) => {
    await world.schedule("s", SOON, { interval: "daily", allow_overlap: true });
    let update: Promise<void> | undefined;
    world.begun = () => {
      if (world.now < Date.parse(SOON)) return;
      update ??= world.scheduler.commands.update("s", { recurring: { interval: "hourly" } }, OWNER);
    };
    await world.pass(10 * MINUTE);
    await update;
    assert.deepEqual(world.runs("s").map(({ id }) => id), ["s_run_1"]);
    assert.deepEqual([shown(world, "s").runs, shown(world, "s").next_run], [1, "2030-01-01T01:10:00.000Z"]);
    await world.finish("s");
    await world.pass(HOUR);
    assert.deepEqual(world.runs("s").map(({ id }) => id), ["s_run_1", "s_run_2"]);
  }));

Deno.test("schedule: without recurring it is the task itself, listed until its time; its id stands for it", () =>
  withSchedules(START, async (world) => {
    const { commands, queries } = world.scheduler;
    const status = (id: string) => world.store.tasks.get(id)!.state.status;
    for (const id of ["a", "b", "c"]) await world.schedule(id, SOON);
    assert.deepEqual(queries.list(3).map(({ id, next_run, upcoming }) => [id, next_run, upcoming]), [
      ["a", SOON, [SOON]],
      ["b", SOON, [SOON]],
      ["c", SOON, [SOON]],
    ]);
    assert.equal(await commands.run("b", OWNER), "b");
    assert.equal(status("b"), "queued");
    await commands.pause("c", OWNER);
    assert.ok(shown(world, "c").paused);
    await commands.update("c", {
      task: { type: "analysis", priority: "high" },
      scheduled_time: "2030-01-02T00:00:00Z",
    }, OWNER);
    await refuses(
      "INVALID_RECURRING_CONFIG",
      "recurring",
      commands.update("c", { recurring: { interval: "daily" } }, OWNER),
    );
    await commands.resume("c", OWNER);
    assert.equal(status("a"), "pending");
    await world.pass(10 * MINUTE);
    assert.deepEqual(queries.list(1).map(({ id, task, next_run }) => [id, task.type, next_run]), [
      ["c", "analysis", "2030-01-02T00:00:00.000Z"],
    ]);
    await commands.unschedule("c", OWNER);
    assert.equal(status("c"), "cancelled");
    await assert.rejects(commands.unschedule("c", OWNER), /no schedule 'c'/);
  }));

Deno.test("schedule: stored one-off schedules become tasks once, whatever commit the server is gone at", async () => {
  for (let commits = 0; commits < 8; commits++) {
    const world = new ScheduleWorld(START);
    await world.start();
    await world.engine.commands.create(
      { id: "done", type: "testing", priority: "low", description: "x" },
      OWNER,
    );
    const stored = (id: string, state: object = {}) => ({
      id,
      spec: {
        task: {
          type: "testing" as const,
          priority: "low" as const,
          description: id,
          dependencies: ["done", "gone"],
        },
        scheduled_time: SOON,
        created_at: START,
        created_by: OWNER,
      },
      state: { runs: 0, next_ms: Date.parse(SOON), met: ["gone"], ...state },
    });
    await world.store.schedules.update(
      () => ({ creates: [stored("old"), stored("ran", { runs: 1 })] }),
      OWNER,
    );
    world.crash();
    let left = commits;
    world.kv.before = () => left-- > 0 ? undefined : new Promise(() => {});
    void world.start();
    await world.settle(10_000);
    world.crash();
    await world.start();
    assert.deepEqual([...world.store.schedules.values()], []);
    const { spec, state } = world.store.tasks.get("old")!;
    assert.deepEqual([spec.scheduled_time, spec.created_by, spec.dependencies], [SOON, OWNER, ["done"]]);
    assert.equal(state.status, "pending");
    assert.equal(world.store.tasks.get("ran"), undefined);
    assert.deepEqual(world.scheduler.queries.list(1).map(({ id }) => id), ["old"]);
    await world.stop();
  }
});

Deno.test("schedule: what was due for over a minute while the server was down is told as missed, and made up for", () =>
  withSchedules(START, async (world) => {
    await world.schedule("daily", SOON, { interval: "daily" });
    await world.schedule("once", SOON);
    await world.schedule("later", "2030-01-01T01:59:30Z");
    await world.schedule("paused", SOON, { interval: "daily" });
    await world.scheduler.commands.pause("paused", OWNER);
    await world.stop();
    world.down(2 * HOUR);
    const events = heard(world);
    await world.start();
    assert.deepEqual(events, [
      { kind: "schedule.missed", task_id: "once", scheduled_time: SOON },
      { kind: "schedule.missed", task_id: "daily", scheduled_time: SOON, run_id: "daily_run_1" },
    ]);
    await world.pass(DAY);
    assert.equal(events.length, 2, "a time that the server sees is not missed");
  }));
