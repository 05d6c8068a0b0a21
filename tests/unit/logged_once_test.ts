/** What is changed on one of several nodes is logged by that node alone. */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import { cancelled, created } from "../../src/domain/transitions.ts";
import { entryOfEvent } from "../../src/engine/task_events.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { loadStore } from "../../src/store/open.ts";
import { insert } from "../../src/store/queue.ts";
import { until } from "../fixtures/until.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

const AT = "2026-11-30T22:00:00.000Z";

Deno.test("a change that another node has made is told as its own, and has no log entry here", async () => {
  const kv = new MemoryKeyValue();
  const clock = new HandClock(Date.parse(AT));
  const nodeOf = async (node: string) => {
    const sharing = { node, lease_ms: 3_600_000, poll_ms: 1000, beforeJoin: () => Promise.resolve() };
    const store = await loadStore(kv, clock, { sharing });
    const logged: string[] = [];
    store.changes.subscribe("task", (changes) => {
      for (const { before, after, by, elsewhere } of changes) {
        const entry = after && entryOfEvent({ kind: "task.changed", before, after, by, elsewhere });
        if (entry) logged.push(entry.message);
      }
    });
    return { store, logged };
  };
  const [a, b] = [await nodeOf("a"), await nodeOf("b")];
  const spec = { type: "testing", priority: "low", description: "d", created_at: AT, order: 1 } as const;
  const state = created({ ready: true }, true, AT);
  await insert(a.store.tasks, "x", () => ({ spec, state, reads: [] }), OWNER);
  await a.store.tasks.update(
    (view) => ({ updates: [{ id: "x", state: cancelled(view.get("x")!, AT) }] }),
    OWNER,
  );
  await until(() => {
    clock.pass(1000);
    return b.store.tasks.get("x")?.state.status === "cancelled";
  });
  assert.deepEqual([a.logged, b.logged], [["Task is cancelled now, after queued"], []]);
  await Promise.all([a.store.close(), b.store.close()]);
});
