/** What a claim relies on in a store that several nodes share. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { SERVER } from "../../src/domain/actor.ts";
import type { TaskRecord } from "../../src/domain/task_record.ts";
import { GroupCommit } from "../../src/store/group_commit.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { claim } from "../../src/store/queue.ts";
import { TASKS } from "../../src/store/record_kinds.ts";
import { RecordStore } from "../../src/store/record_store.ts";

const AT = "2030-01-01T00:00:00.000Z";
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
  assert.equal(await claim(south, task, LEASE, "a", AT), undefined);
  assert.equal(south.get("then")!.state.status, "queued");
  assert.equal(south.get("first")!.state.status, "queued", "it has heard of it now");
});

Deno.test("a dependency that was removed holds no claim back", async () => {
  const kv = new MemoryKeyValue();
  const tasks = new RecordStore(TASKS, kv, new GroupCommit(kv), systemClock, () => {});
  await tasks.update(() => ({ creates: [queued("then", ["gone"])] }), SERVER);
  const record = await claim(tasks, tasks.get("then")!, LEASE, "a", AT);
  assert.equal(record?.state.status, "running");
});
