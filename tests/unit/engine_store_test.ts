/** What the engine does to a real store in memory without any agent: recovery, retention, and their limits. */
import assert from "node:assert/strict";
import { SERVER } from "../../src/domain/actor.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { recoverLost } from "../../src/engine/recovery.ts";
import { removeExpired } from "../../src/engine/retention.ts";
import { TaskIndex } from "../../src/read/task_index.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { agentMessage, userMessage, userText } from "../../src/store/messages.ts";
import { loadStore } from "../../src/store/open.ts";
import { ATTEMPTS_KEPT, type TaskRecord, type TaskState } from "../../src/domain/task_record.ts";

const clock = systemClock;
const retention = {
  clock,
  retention_ms: 86_400_000,
  max_finished: 100,
  log_retention: { retention_days: 1, max_bytes: 1 << 30 },
};

const MESSAGE = { number: 2, parts: 2, source: "message", at: "2020-01-01T00:00:00.000Z" } as const;
const NOW = { turn: 1, attempt: 1, state: "delivered" } as const;
const ANSWER = {
  ...{ turn: 1, attempt: 1, source: "task", output: "done" } as const,
  started_at: MESSAGE.at,
  ended_at: MESSAGE.at,
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
  const gone = Array.from(
    { length: 45 },
    (_, i) => task(`old_${i}`, { attempt: 3, messages: i < 15 ? undefined : 3 }),
  );
  const stay = [
    task("young", { completed_at: now }),
    task("running", { status: "running", completed_at: undefined }),
    task("needed", {}),
    task("waiting", { status: "pending", completed_at: undefined }, ["needed"]),
  ];
  await add([...gone, ...stay]);
  // The first 15 are of an older version.
  const sets = gone.flatMap(({ id, state }) =>
    state.messages === undefined
      ? [1, 2, 3].map((n) => store.outputs.entry(id, n, { output: "x" }))
      : [...userText(id, 2, "x".repeat(70_000)), userMessage(id, MESSAGE, NOW), agentMessage(id, 3, ANSWER)]
  );
  for (let at = 0; at < sets.length; at += 9) {
    await store.tasks.update(() => ({ sets: sets.slice(at, at + 9) }), SERVER);
  }
  assert.equal(await removeExpired({ ...retention, index, store }), gone.length);
  assert.deepEqual([...store.tasks.values()].map(({ id }) => id).sort(), stay.map(({ id }) => id).sort());
  for (const kind of ["output", "message", "message_text"]) assert.equal(await keysUnder(kv, kind), 0, kind);
  assert.equal(await removeExpired({ ...retention, index, store }), 0);
  await store.close();
});

Deno.test("a task's outputs of older versions and its long conversation are removed with it", async () => {
  const { kv, store, index, add } = await world();
  const messages = Array.from({ length: 3 }, (_, i) => task(`talked_${i}`, { attempt: 1, messages: 151 }));
  await add([...Array.from({ length: 12 }, (_, i) => task(`often_${i}`, { attempt: 100 })), ...messages]);
  for (let i = 0; i < 12; i++) {
    // Those of lost attempts are missing.
    const sets = Array.from(
      { length: ATTEMPTS_KEPT },
      (_, n) => store.outputs.entry(`often_${i}`, 100 - n, { output: "x" }),
    );
    await store.tasks.update(() => ({ sets }), SERVER);
  }
  for (const { id } of messages) {
    const sets = Array.from({ length: 150 }, (_, n) => agentMessage(id, n + 2, ANSWER));
    await store.tasks.update(() => ({ sets }), SERVER);
  }
  assert.equal(await removeExpired({ ...retention, index, store }), 15);
  assert.equal(store.tasks.size, 0);
  assert.equal(await keysUnder(kv, "output") + await keysUnder(kv, "message"), 0);
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
