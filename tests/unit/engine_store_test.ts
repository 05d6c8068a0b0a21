/** What the engine does to a real store in memory without any agent: recovery, retention, and their limits. */
import assert from "node:assert/strict";
import { SERVER } from "../../src/domain/actor.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { recoverLost } from "../../src/engine/recovery.ts";
import { forgottenOutputs, removeExpired } from "../../src/engine/retention.ts";
import { TaskIndex } from "../../src/read/task_index.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { loadStore } from "../../src/store/open.ts";
import { ATTEMPTS_KEPT, type TaskRecord, type TaskState } from "../../src/domain/task_record.ts";

const clock = systemClock;
const retention = {
  clock,
  retention_ms: 86_400_000,
  max_finished: 100,
  log_retention: { retention_days: 1, max_bytes: 1 << 30 },
};

function task(id: string, state: Partial<TaskState>, dependencies?: string[]): TaskRecord {
  return {
    id,
    spec: {
      type: "testing",
      priority: "low",
      description: id,
      dependencies,
      created_at: "2020-01-01T00:00:00.000Z",
      order: 1,
    },
    state: {
      status: "completed",
      progress: 0,
      retry_count: 0,
      attempt: 1,
      automatic_attempts: 1,
      attempts: [],
      completed_at: "2020-01-01T00:00:00.000Z",
      ...state,
    },
  };
}

async function world(kv = new MemoryKeyValue()) {
  const store = await loadStore(kv, clock);
  const index = new TaskIndex(store.tasks, store.changes);
  const add = async (tasks: TaskRecord[]) => {
    for (let at = 0; at < tasks.length; at += 40) {
      await store.tasks.update(() => ({ creates: tasks.slice(at, at + 40) }), SERVER);
    }
  };
  return { kv, store, index, add };
}

async function keysUnder(kv: MemoryKeyValue, name: string): Promise<number> {
  let count = 0;
  for await (const _ of kv.list({ prefix: [name] })) count++;
  return count;
}

Deno.test("a server that lost many runs at once recovers them all and the tasks that wait for them", async () => {
  const { store, index, add } = await world();
  const lost = Array.from(
    { length: 90 },
    (_, i) => task(`lost_${i}`, { status: "running", completed_at: undefined, automatic_attempts: 3 }),
  );
  const waiting = lost.flatMap(({ id }) =>
    [1, 2, 3].map((n) => task(`${id}_${n}`, { status: "pending", completed_at: undefined }, [id]))
  );
  await add([...lost, ...waiting]);
  assert.equal(await recoverLost({ index, clock, store, max_attempts: 3 }), lost.length);
  for (const { id } of lost) assert.equal(store.tasks.get(id)!.state.status, "failed");
  // The rest of those that wait is the dispatcher's.
  const failed = waiting.filter(({ id }) => store.tasks.get(id)!.state.status === "failed");
  assert.ok(failed.length >= 60 && failed.every(({ id }) => store.tasks.get(id)!.state.failed_dependency));
  await store.close();
});

Deno.test("finished tasks are removed after their retention, with everything that belongs to them; others stay", async () => {
  const { kv, store, index, add } = await world();
  const now = new Date(clock.now()).toISOString();
  const gone = Array.from({ length: 45 }, (_, i) => task(`old_${i}`, { attempt: 3 }));
  const stay = [
    task("young", { completed_at: now }),
    task("running", { status: "running", completed_at: undefined }),
    task("needed", {}),
    task("waiting", { status: "pending", completed_at: undefined }, ["needed"]),
  ];
  await add([...gone, ...stay]);
  const sets = gone.flatMap(({ id }) => [1, 2, 3].map((n) => store.outputs.entry(id, n, { output: "x" })));
  await store.tasks.update(() => ({ sets }), SERVER);
  assert.equal(await removeExpired({ ...retention, index, store }), gone.length);
  assert.deepEqual([...store.tasks.values()].map(({ id }) => id).sort(), stay.map(({ id }) => id).sort());
  assert.equal(await keysUnder(kv, "output"), 0);
  assert.equal(await removeExpired({ ...retention, index, store }), 0);
  await store.close();
});

Deno.test("a task retried a thousand times keeps the outputs of its listed attempts, and can be removed", async () => {
  const { kv, store, index, add } = await world();
  await add(Array.from({ length: 12 }, (_, i) => task(`often_${i}`, { attempt: 1500 })));
  for (let i = 0; i < 12; i++) {
    for (let attempt = 1; attempt <= 100; attempt++) {
      // Some attempts are lost in a crash, and store nothing.
      if (attempt % 7 === 0) continue;
      await store.tasks.update(() => ({
        sets: [store.outputs.entry(`often_${i}`, attempt, { output: "x" })],
        deletes: forgottenOutputs(store, `often_${i}`, attempt),
      }), SERVER);
    }
  }
  assert.ok(await keysUnder(kv, "output") <= 12 * ATTEMPTS_KEPT);
  assert.deepEqual(await store.outputs.get("often_0", 100), { output: "x" });
  assert.equal(await removeExpired({ ...retention, index, store }), 12);
  assert.equal(store.tasks.size, 0);
  await store.close();
});

Deno.test("if there are too many finished tasks, the oldest are removed early, except those that others need", async () => {
  const { store, index, add } = await world();
  const at = (ago_ms: number) => new Date(clock.now() - ago_ms).toISOString();
  const young = Array.from({ length: 120 }, (_, i) => task(`young_${i}`, { completed_at: at(i * 1000) }));
  const waiting = task("waiting", { status: "pending", completed_at: undefined }, ["young_119"]);
  await add([...young, waiting]);
  assert.equal(await removeExpired({ ...retention, index, store }), 19);
  for (const id of ["young_0", "young_99", "young_119", "waiting"]) assert.ok(store.tasks.get(id), id);
  for (const id of ["young_100", "young_118"]) assert.equal(store.tasks.get(id), undefined, id);
  await store.close();
});
