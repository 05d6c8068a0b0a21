/** The notices that wait in the store: in the order in which they were told, and never in the way of what they tell of. */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { Masker } from "../../src/domain/masking.ts";
import type { Happening } from "../../src/domain/notice.ts";
import { happeningsOf } from "../../src/domain/notice.ts";
import { NotificationTarget } from "../../src/domain/notification.ts";
import type { NewTask } from "../../src/domain/task.ts";
import { specOf } from "../../src/domain/task_record.ts";
import { created } from "../../src/domain/transitions.ts";
import { Notifications } from "../../src/notify/notifications.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { loadStore, type Store } from "../../src/store/open.ts";

const EVENTS = ["task_completed", "task_failed", "to_review"] as const;

function target(name: string): NotificationTarget {
  return NotificationTarget.parse({
    name,
    channel: "webhook",
    url: "http://127.0.0.1:9/",
    events: [...EVENTS],
  });
}

/** Notifications that keep what they are told, and deliver nothing before they are started. */
function notificationsOf(store: Store, now: () => number, targets: readonly NotificationTarget[]) {
  const clock = { ...systemClock, now, after: () => ({ cancel() {} }) };
  return new Notifications({
    clock,
    outbox: store.outbox,
    targets,
    run: () => Promise.reject(new Error("no program is run")),
    env: {},
    base: () => "http://127.0.0.1/",
    timezone: "UTC",
    masker: new Masker([]),
  });
}

function happening(n: number): Happening {
  return { event: "task_failed", data: { n } };
}

async function kept(store: Store): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { notice } of store.outbox.items()) found.push(notice.data.n);
  return found;
}

const ROOM = { mutations: 100, bytes: 500_000, key_bytes: 50_000 };

Deno.test("notices of one moment are delivered in their order also by the next server, and by one whose clock was set back", async () => {
  const kv = new MemoryKeyValue();
  let now = Date.parse("2030-01-01T00:00:00Z");
  const store = await loadStore(kv, systemClock);
  const first = notificationsOf(store, () => now, [target("one")]);
  const sets = first.with(Array.from({ length: 10 }, (_, n) => happening(n)), ROOM)!.sets!;
  await kv.commit({ sets });
  now -= 3_600_000;
  const second = notificationsOf(store, () => now, [target("one")]);
  await second.start();
  await kv.commit({ sets: second.with([happening(10), happening(11)], ROOM)!.sets! });
  assert.deepEqual(await kept(store), Array.from({ length: 12 }, (_, n) => n));
  await second.stop();
  await store.close();
});

Deno.test("a change whose notices are too many for its commit is stored all the same, and all are kept", async () => {
  const kv = new MemoryKeyValue();
  const store = await loadStore(kv, systemClock);
  const targets = Array.from({ length: 50 }, (_, i) => target(`t${i}`));
  const notifications = notificationsOf(store, () => systemClock.now(), targets);
  store.tasks.alongside((changes, room) =>
    notifications.with(changes.flatMap(({ before, after }) => happeningsOf(before, after!, undefined)), room)
  );
  const ids = Array.from({ length: 30 }, (_, i) => `task${i}`);
  const error = "\n".repeat(4000);
  await store.tasks.update(() => ({
    creates: ids.map((id, order) => {
      const asked: NewTask = { id, type: "testing", priority: "low", description: "\u0001".repeat(1000) };
      const spec = specOf(asked, { created_at: "2030-01-01T00:00:00.000Z", created_by: OWNER, order });
      const state = created({ ready: true }, false, "2030-01-01T00:00:00.000Z");
      return { id, spec, state: { ...state, status: "failed" as const, error } };
    }),
  }), OWNER);
  await notifications.stop();
  const told = new Set<string>();
  for await (const { notice, target } of store.outbox.items()) told.add(`${target} ${notice.task!.id}`);
  assert.equal(told.size, ids.length * targets.length);
  await store.close();
});
