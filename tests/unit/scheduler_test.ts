/** Scheduled runs on a clock moved by hand: each is made once, whatever happens to the server meanwhile. */
import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../src/clock/clock.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { Scheduler } from "../../src/engine/scheduler.ts";
import type { TaskBook } from "../../src/engine/task_book.ts";
import { ApiError } from "../../src/protocol/errors.ts";
import type { NewTask } from "../../src/protocol/task.ts";
import { GroupCommit } from "../../src/store/group_commit.ts";
import { MemoryKeyValue } from "../../src/store/memory_kv.ts";
import { RecordStore } from "../../src/store/record_store.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import type { ScheduleSpec, ScheduleState } from "../../src/tasks/schedule.ts";

const START = Date.parse("2030-01-01T00:00:00Z");
const MINUTE = 60_000;

/** A server's scheduler over data that outlive it; `engine` is what its tasks are made by. */
function world() {
  const kv = new MemoryKeyValue();
  const tasks = new Map<string, TaskRecord>();
  const time = { now: START };
  const timers = new Set<{ at: number; action: () => void }>();
  const clock: Clock = {
    ...systemClock,
    now: () => time.now,
    after(delay_ms, action) {
      const timer = { at: time.now + delay_ms, action };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
  };
  const told: string[] = [];
  /** Stands before each creation. */
  const before = { create: (_id: string): void | Promise<void> => {} };
  const engine = {
    check: () => Promise.resolve(),
    has: (id: string) => tasks.has(id),
    async create(wanted: NewTask, schedule_id: string) {
      await before.create(wanted.id);
      if (tasks.has(wanted.id)) throw new ApiError("TASK_ALREADY_EXISTS", "it is there");
      const created_at = new Date(time.now).toISOString();
      const made = {
        id: wanted.id,
        spec: { ...wanted, schedule_id, created_at },
        state: { status: "running" },
      };
      tasks.set(wanted.id, made as unknown as TaskRecord);
    },
  } as unknown as Engine;
  const open = async () => {
    const schedules = new RecordStore<ScheduleSpec, ScheduleState>("schedule", kv, new GroupCommit(kv));
    await schedules.load();
    const scheduler = new Scheduler({
      clock,
      engine,
      book: { find: (id: string) => tasks.get(id) } as unknown as TaskBook,
      schedules,
      tell: ({ message }) => told.push(message),
    });
    return { scheduler, schedules };
  };
  /** Lets all that is under way go on as far as it can. */
  const settle = async () => {
    for (let i = 0; i < 200; i++) await Promise.resolve();
  };
  const pass = async (ms: number) => {
    const end = time.now + ms;
    for (;;) {
      const next = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      timers.delete(next);
      time.now = Math.max(time.now, next.at);
      next.action();
      await settle();
    }
    time.now = end;
  };
  const wanted = (id: string, recurring?: NewTask["recurring"]) =>
    ({
      id,
      type: "testing",
      priority: "low",
      description: id,
      scheduled_time: new Date(START + 10 * MINUTE).toISOString(),
      recurring,
    }) as NewTask & { scheduled_time: string };
  const finish = (id: string) => {
    tasks.get(id)!.state.status = "completed";
  };
  return { tasks, timers, told, before, open, pass, settle, wanted, finish };
}

Deno.test("a single run is made at its time, not before, and is then over", async () => {
  const { tasks, open, pass, wanted } = world();
  const { scheduler } = await open();
  scheduler.start();
  await scheduler.schedule(wanted("once"));
  await pass(10 * MINUTE - 1);
  assert.deepEqual([...tasks.keys()], []);
  await pass(1);
  assert.deepEqual([...tasks.keys()], ["once_run_1"]);
  await pass(1440 * MINUTE);
  assert.deepEqual([...tasks.keys()], ["once_run_1"]);
  assert.deepEqual(scheduler.list(5), []);
  scheduler.stop();
});

Deno.test("recurring runs come one after another; what was missed is made once at the next start", async () => {
  const { tasks, open, pass, wanted, finish } = world();
  const first = await open();
  first.scheduler.start();
  await first.scheduler.schedule(wanted("daily", { interval: "daily" }));
  await pass(11 * MINUTE);
  finish("daily_run_1");
  await pass(1440 * MINUTE);
  assert.equal(tasks.size, 2);
  finish("daily_run_2");
  first.scheduler.stop();
  await pass(5 * 1440 * MINUTE);
  const second = await open();
  second.scheduler.start();
  await pass(0);
  assert.equal(tasks.size, 3);
  finish("daily_run_3");
  await pass(1440 * MINUTE);
  assert.equal(tasks.size, 4);
  second.scheduler.stop();
});

Deno.test("a run that is still going on lets no second begin, and says so", async () => {
  const { tasks, told, open, pass, wanted, finish } = world();
  const { scheduler } = await open();
  scheduler.start();
  await scheduler.schedule(wanted("slow", { interval: "daily" }));
  await scheduler.schedule(wanted("free", { interval: "daily", allow_overlap: true }));
  await pass(2 * 1440 * MINUTE);
  assert.deepEqual([...tasks.keys()].sort(), ["free_run_1", "free_run_2", "slow_run_1"]);
  assert.ok(told.some((message) => message.includes("slow_run_1")));
  finish("slow_run_1");
  await pass(1440 * MINUTE);
  assert.ok(tasks.has("slow_run_2"));
  scheduler.stop();
});

Deno.test("a server that ends just then leaves the run to the next start", async () => {
  for (const recurring of [undefined, { interval: "weekly" as const }]) {
    const { tasks, before, open, pass, wanted } = world();
    const first = await open();
    first.scheduler.start();
    await first.scheduler.schedule(wanted("due", recurring));
    before.create = () => {
      first.scheduler.stop();
      throw new ApiError("SERVICE_UNAVAILABLE", "The server is shutting down");
    };
    await pass(10 * MINUTE);
    before.create = () => {};
    await pass(60 * MINUTE);
    assert.equal(tasks.size, 0);
    const second = await open();
    second.scheduler.start();
    await pass(0);
    assert.deepEqual([...tasks.keys()], ["due_run_1"]);
    second.scheduler.stop();
  }
});

Deno.test("a crash between the task and its schedule's next step makes no second run", async () => {
  const { tasks, open, pass, wanted } = world();
  const first = await open();
  first.scheduler.start();
  await first.scheduler.schedule(wanted("once"));
  // The commit that would move the schedule on never comes.
  first.schedules.update = () => new Promise(() => {});
  await pass(10 * MINUTE);
  assert.deepEqual([...tasks.keys()], ["once_run_1"]);
  first.scheduler.stop();
  const second = await open();
  second.scheduler.start();
  await pass(0);
  assert.deepEqual([...tasks.keys()], ["once_run_1"]);
  assert.deepEqual(second.scheduler.list(5), []);
  second.scheduler.stop();
});

Deno.test("a store that fails is tried again; a run that cannot be is told of and left out", async () => {
  const { tasks, told, before, open, pass, wanted } = world();
  const { scheduler } = await open();
  scheduler.start();
  await scheduler.schedule(wanted("patient"));
  let failures = 3;
  before.create = () => {
    if (failures-- > 0) throw new ApiError("DATABASE_ERROR", "not now");
  };
  await pass(10 * MINUTE);
  assert.equal(tasks.size, 0);
  await pass(MINUTE);
  assert.deepEqual([...tasks.keys()], ["patient_run_1"]);

  await scheduler.schedule({
    ...wanted("hopeless"),
    scheduled_time: new Date(START + 20 * MINUTE).toISOString(),
  });
  before.create = () => {
    throw new ApiError("TASK_DEPENDENCY_ERROR", "its dependency is gone");
  };
  await pass(10 * MINUTE);
  assert.ok(told.some((message) => message.includes("its dependency is gone")));
  assert.deepEqual(scheduler.list(5), []);
  scheduler.stop();
});

Deno.test("stopped, it leaves no timer behind", async () => {
  const { timers, open, pass, wanted } = world();
  const { scheduler } = await open();
  scheduler.start();
  await scheduler.schedule(wanted("a", { interval: "daily" }));
  await pass(15 * MINUTE);
  scheduler.stop();
  assert.equal(timers.size, 0);
});
