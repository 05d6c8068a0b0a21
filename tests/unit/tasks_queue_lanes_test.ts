/** The queue against a plain list, while some of its tasks are held up. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Priority } from "../../src/domain/task.ts";
import { ReadyQueue } from "../../src/domain/queue.ts";
import type { TaskRecord } from "../../src/domain/task_record.ts";
import { compareQueued } from "../fixtures/queue_order.ts";

const task = (id: string, lane: string, priority: Priority = "low", order = 1) =>
  ({ id, spec: { priority, order, metadata: { lane } } }) as unknown as TaskRecord;
const laneNameOf = ({ spec }: TaskRecord) => String(spec.metadata!.lane);
/** A privileged task finds room where others do not. */
const isPrivileged = (one: TaskRecord) => laneNameOf(one).endsWith("!");
const laneOf = (one: TaskRecord) => ({ name: laneNameOf(one), group: String(isPrivileged(one)) });

/** Tasks of a lane need all that its name lists. */
const needs = (one: TaskRecord) => laneNameOf(one).replace("!", "").split("");

Deno.test("the next task is the first one that nothing holds up, however tasks come, go and end", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("add" as const),
      lane: fc.constantFrom("", "a", "b", "ab", "abc", "c", "a!", "ac!"),
      priority: fc.constantFrom(...Priority.options),
    }),
    fc.record({
      kind: fc.constantFrom(
        "take" as const,
        "end" as const,
        "cancel" as const,
        "drop" as const,
        "back" as const,
      ),
      n: fc.nat(50),
    }),
    fc.record({
      kind: fc.constant("change" as const),
      n: fc.nat(50),
      lane: fc.constantFrom("", "a", "b", "ab", "abc", "c", "a!", "ac!"),
      priority: fc.constantFrom(...Priority.options),
    }),
  );
  const rooms = fc.record({ a: fc.integer({ min: 1, max: 3 }), b: fc.constant(1), c: fc.constant(1) });
  fc.assert(
    fc.property(rooms, fc.array(step, { maxLength: 200 }), (room, steps) => {
      const queue = new ReadyQueue(laneOf);
      const waiting = new Map<string, TaskRecord>();
      const running: TaskRecord[] = [];
      const cancelled: TaskRecord[] = [];
      const isFull = (name: string, more: number) =>
        running.filter((one) => needs(one).includes(name)).length >= room[name as keyof typeof room] + more;
      const heldBy = (one: TaskRecord) => needs(one).find((name) => isFull(name, isPrivileged(one) ? 1 : 0));
      const take = () => {
        const expected = [...waiting.values()].sort(compareQueued).find((one) => heldBy(one) === undefined);
        const taken = queue.take((one) => {
          if (!waiting.has(one.id)) return "drop";
          const held_by = heldBy(one);
          return held_by === undefined ? "start" : { held_by };
        });
        assert.equal(taken?.id, expected?.id);
        if (!taken) return;
        waiting.delete(taken.id);
        running.push(taken);
      };
      for (const [i, one] of steps.entries()) {
        if (one.kind === "add") {
          const added = task(`t${i}`, one.lane, one.priority, i);
          waiting.set(added.id, added);
          queue.add(added);
        } else if (one.kind === "change") {
          // One that waits, or one that has left the queue and comes back.
          const all = [...waiting.values(), ...cancelled];
          const old = all[one.n % Math.max(1, all.length)];
          if (!old) continue;
          const changed = task(old.id, one.lane, one.priority, old.spec.order);
          const at = cancelled.indexOf(old);
          if (at >= 0) cancelled.splice(at, 1);
          waiting.set(changed.id, changed);
          queue.add(changed);
        } else if (one.kind === "take") take();
        else if (one.kind === "cancel" || one.kind === "drop") {
          const left = [...waiting.values()][one.n % waiting.size];
          if (!left) continue;
          waiting.delete(left.id);
          cancelled.push(left);
          if (one.kind === "cancel") queue.remove(left.id);
        } else if (one.kind === "back") {
          for (const back of cancelled.splice(one.n % Math.max(1, cancelled.length), 1)) {
            waiting.set(back.id, back);
            queue.add(back);
          }
        } else {
          const [ended] = running.splice(one.n % Math.max(1, running.length), 1);
          if (ended) { for (const name of needs(ended)) queue.wake(name); }
        }
      }
      while (running.length > 0 || waiting.size > 0) {
        const before = waiting.size;
        take();
        if (waiting.size < before) continue;
        const ended = running.shift()!;
        for (const name of needs(ended)) queue.wake(name);
      }
      take();
      assert.equal(queue.size, 0);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("of very many tasks that are held up, one is looked at for each that ends", () => {
  const queue = new ReadyQueue(laneOf);
  queue.addAll(Array.from({ length: 100_000 }, (_, i) => task(`t${i}`, "a", "low", i)));
  let judged = 0;
  let isFree = false;
  const take = () =>
    queue.take(() => {
      judged++;
      return isFree ? "start" : { held_by: "a" };
    })?.id;
  assert.equal(take(), undefined);
  assert.equal(take(), undefined);
  assert.equal(judged, 1);
  for (let i = 0; i < 10; i++) {
    queue.wake("a");
    isFree = true;
    assert.equal(take(), `t${i}`);
    isFree = false;
    assert.equal(take(), undefined);
  }
  assert.equal(judged, 21);
});

Deno.test("tasks that come and are cancelled while nothing starts leave nothing behind", () => {
  const queue = new ReadyQueue(laneOf);
  queue.addAll(Array.from({ length: 20 }, (_, i) => task(`held${i}`, "a", "low", i)));
  assert.equal(queue.take(() => ({ held_by: "a" })), undefined);
  for (let i = 0; i < 10_000; i++) {
    queue.add(task(`t${i}`, i % 2 === 0 ? "a" : `b${i}`, "critical", 20 + i));
    if (i % 100 === 0) assert.equal(queue.take(() => ({ held_by: "a" })), undefined);
    queue.remove(`t${i}`);
  }
  assert.equal(queue.size, 20);
  let judged = 0;
  queue.wake("a");
  for (let left = 20; left > 0; left--) {
    assert.match(queue.take(({ id }) => ++judged && id.startsWith("held") ? "start" : "drop")!.id, /^held/);
  }
  assert.ok(judged < 100, `${judged} tasks were still in the queue`);
});

Deno.test("a task with the id of one that is gone has its own place", () => {
  const queue = new ReadyQueue(laneOf);
  queue.add(task("first", "a", "high", 1));
  queue.add(task("again", "a", "critical", 2));
  queue.remove("again");
  queue.add(task("again", "b", "low", 3));
  assert.deepEqual([1, 2].map(() => queue.take(() => "start")?.id), ["first", "again"]);
});

Deno.test("while it is not known whether the first task may start, none starts before it", () => {
  const queue = new ReadyQueue(laneOf);
  queue.addAll([task("first", "a", "high"), task("other", "")]);
  const take = (isKnown: boolean) =>
    queue.take(({ id }) => id === "first" && !isKnown ? "later" : "start")?.id;
  assert.equal(take(false), undefined);
  assert.equal(take(false), undefined);
  assert.equal(take(true), "first");
  assert.equal(take(true), "other");
});

Deno.test("all that wait for the same thing go on when it is there for all", () => {
  for (const status of ["start", "drop"] as const) {
    const queue = new ReadyQueue(laneOf);
    queue.addAll([task("first", "a"), task("second", "b"), task("third", "c")]);
    assert.equal(queue.take(() => ({ held_by: "all" })), undefined);
    queue.wake("all");
    const taken: string[] = [];
    const judge = ({ id }: TaskRecord) => id === "first" ? status : "start";
    for (let one = queue.take(judge); one; one = queue.take(judge)) taken.push(one.id);
    assert.deepEqual(taken.sort(), status === "start" ? ["first", "second", "third"] : ["second", "third"]);
  }
});

Deno.test("a lane whose first task has left is woken in the place of its next one", () => {
  for (const leave of ["removed", "moved"]) {
    const queue = new ReadyQueue(laneOf);
    queue.add(task("first", "ab", "critical", 1));
    queue.add(task("next", "ab", "low", 2));
    queue.add(task("other", "a", "medium", 3));
    assert.equal(queue.take(() => ({ held_by: "a" })), undefined);
    if (leave === "removed") queue.remove("first");
    else queue.add(task("first", "ab", "low", 4));
    queue.wake("a");
    assert.equal(
      queue.take(({ id }) => id === "first" && leave === "removed" ? "drop" : "start")?.id,
      "other",
    );
  }
});
