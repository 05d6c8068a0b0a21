/** The queue of ready tasks against a sorted list. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Priority } from "../../src/domain/task.ts";
import { ReadyQueue } from "../../src/domain/queue.ts";
import { compareQueued } from "../fixtures/queue_order.ts";
import type { TaskRecord } from "../../src/domain/task_record.ts";

const task = (id: string, priority: Priority, order: number, priority_boost?: number) =>
  ({ id, spec: { priority, order, execution: { priority_boost } } }) as unknown as TaskRecord;

Deno.test("tasks are taken by priority, boost and age, each once, however often they were added", () => {
  const made = fc.tuple(
    fc.constantFrom(...Priority.options),
    fc.option(fc.integer({ min: -100, max: 100 }), { nil: undefined }),
    fc.integer({ min: 1, max: 3 }),
  );
  fc.assert(fc.property(fc.array(made, { maxLength: 40 }), fc.infiniteStream(fc.nat(3)), (wanted, chance) => {
    const queue = new ReadyQueue();
    const waiting = new Map<string, TaskRecord>();
    const take = () => {
      const expected = [...waiting.values()].sort(compareQueued)[0];
      assert.equal(queue.take((one) => waiting.has(one.id) ? "start" : "drop")?.id, expected?.id);
      if (expected) waiting.delete(expected.id);
    };
    for (const [i, [priority, boost, times]] of wanted.entries()) {
      const one = task(`t${i}`, priority, i, boost);
      waiting.set(one.id, one);
      for (let n = 0; n < times; n++) queue.add(one);
      const next = chance.next().value as number;
      if (next === 0) take();
      // It leaves the queue in another way, such as a cancellation.
      if (next === 1) waiting.delete(`t${i}`);
    }
    while (waiting.size > 0) take();
    take();
  }));
});

Deno.test("tasks that are added at once are taken like those that are added one by one", () => {
  const made = fc.array(fc.tuple(fc.constantFrom(...Priority.options), fc.integer({ min: -100, max: 100 })), {
    maxLength: 60,
  });
  fc.assert(fc.property(made, fc.nat(60), (wanted, alone) => {
    const tasks = wanted.map(([priority, boost], i) => task(`t${i}`, priority, i, boost));
    const queue = new ReadyQueue();
    for (const one of tasks.slice(0, alone)) queue.add(one);
    queue.addAll(tasks);
    assert.deepEqual(tasks.map(() => queue.take(() => "start")), [...tasks].sort(compareQueued));
    assert.equal(queue.take(() => "start"), undefined);
  }));
});

Deno.test("putting a task back again and again costs nothing", () => {
  const queue = new ReadyQueue();
  for (let i = 0; i < 1000; i++) queue.add(task("same", "low", 1));
  assert.equal(queue.size, 1);
  assert.equal(queue.take(() => "start")?.id, "same");
  queue.add(task("same", "low", 1));
  assert.equal(queue.take(() => "start")?.id, "same");
  assert.equal(queue.take(() => "start"), undefined);
});
