/** What a claim relies on in a store that several nodes share. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { SERVER } from "../../src/domain/actor.ts";
import type { Lease } from "../../src/domain/lease.ts";
import type { TaskRecord } from "../../src/domain/task_record.ts";
import { GroupCommit } from "../../src/store/group_commit.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { claim, left } from "../../src/store/queue.ts";
import { TASKS } from "../../src/store/record_kinds.ts";
import { RecordStore } from "../../src/store/record_store.ts";

const AT = "2030-01-01T00:00:00.000Z";
const nothingIsVoid = () => false;
const LEASE = { node: "south", attempt: 1, fencing: 1 };

function queued(id: string, dependencies?: string[]): TaskRecord {
  return {
    id,
    spec: {
      type: "testing",
      priority: "medium",
      description: id,
      dependencies,
      created_at: AT,
      created_by: SERVER,
      order: 1,
    },
    state: {
      status: "queued",
      progress: 0,
      retry_count: 0,
      attempt: 0,
      automatic_attempts: 0,
      attempts: [],
    },
  };
}

Deno.test("a task is not claimed before a dependency that this node has not heard of yet", async () => {
  const kv = new MemoryKeyValue();
  const node = () => new RecordStore(TASKS, kv, new GroupCommit(kv), systemClock, () => {});
  const [north, south] = [node(), node()];
  const [first, then] = [queued("first"), queued("then", ["first"])];
  await north.update(() => ({ creates: [first] }), SERVER);
  await north.update(() => ({ creates: [then] }), SERVER);
  // A change that came too late has told it of this one alone.
  await south.refresh(new Map([["then", SERVER]]));
  assert.equal(south.get("first"), undefined);
  const task = south.get("then")!;
  assert.equal(await claim(south, task, LEASE, "a", AT, nothingIsVoid), undefined);
  assert.equal(south.get("then")!.state.status, "queued");
  assert.equal(south.get("first")!.state.status, "queued", "it has heard of it now");
});

Deno.test("a dependency that was removed holds no claim back", async () => {
  const kv = new MemoryKeyValue();
  const tasks = new RecordStore(TASKS, kv, new GroupCommit(kv), systemClock, () => {});
  await tasks.update(() => ({ creates: [queued("then", ["gone"])] }), SERVER);
  const record = await claim(tasks, tasks.get("then")!, LEASE, "a", AT, nothingIsVoid);
  assert.equal(record?.state.status, "running");
});

Deno.test("a task is not claimed while another node still ends the agent of an attempt that was cancelled", async () => {
  const kv = new MemoryKeyValue();
  const tasks = new RecordStore(TASKS, kv, new GroupCommit(kv), systemClock, () => {});
  const leaving = { node: "north", attempt: 1, fencing: 3 };
  const task = queued("again");
  await tasks.update(
    () => ({ creates: [{ ...task, state: { ...task.state, attempt: 1, leaving } }] }),
    SERVER,
  );
  const claimed = (isVoid: (lease: Lease) => boolean) =>
    claim(tasks, tasks.get("again")!, { ...LEASE, attempt: 2 }, "a", AT, isVoid);
  assert.equal(await claimed(nothingIsVoid), undefined);
  await left(tasks, ["again"], ({ fencing }) => fencing === 2);
  assert.deepEqual(tasks.get("again")!.state.leaving, leaving, "another one's end changes nothing");
  const record = await claimed(({ node, fencing }) => node === "north" && fencing === 3);
  assert.deepEqual([record?.state.status, record?.state.leaving], ["running", undefined]);
});

Deno.test("a task is claimed as soon as it is stored that its agent is gone", async () => {
  const kv = new MemoryKeyValue();
  const tasks = new RecordStore(TASKS, kv, new GroupCommit(kv), systemClock, () => {});
  const leaving = { node: "north", attempt: 1, fencing: 3 };
  const task = queued("again");
  await tasks.update(
    () => ({ creates: [{ ...task, state: { ...task.state, attempt: 1, leaving } }] }),
    SERVER,
  );
  await left(tasks, ["again", "gone"], ({ fencing }) => fencing === 3);
  const record = await claim(tasks, tasks.get("again")!, { ...LEASE, attempt: 2 }, "a", AT, nothingIsVoid);
  assert.equal(record?.state.status, "running");
});
