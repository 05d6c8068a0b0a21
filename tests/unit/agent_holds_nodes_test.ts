/** Two nodes of one store: both keep to a hold, and when it is over the task of one of them goes first. */
import assert from "node:assert/strict";
import type { AgentConfig } from "../../src/domain/agent_config.ts";
import { OWNER } from "../../src/domain/actor.ts";
import { created } from "../../src/domain/transitions.ts";
import { AgentHolds } from "../../src/engine/holds/agent_holds.ts";
import { EventBus } from "../../src/engine/events.ts";
import { TaskIndex } from "../../src/read/task_index.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { loadStore } from "../../src/store/open.ts";
import { insert } from "../../src/store/queue.ts";
import { NO_PROJECTS } from "../fixtures/no_projects.ts";
import { until } from "../fixtures/until.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

const AT = "2026-11-30T22:00:00.000Z";

async function nodeOf(kv: MemoryKeyValue, clock: HandClock, node: string) {
  const sharing = { node, lease_ms: 3_600_000, poll_ms: 1000, beforeJoin: () => Promise.resolve() };
  const store = await loadStore(kv, clock, { sharing });
  const index = new TaskIndex(store.tasks, store.changes);
  const one: AgentConfig = { protocol: "acp", command: ["one"], env: {}, pass_env: [] };
  const holds = new AgentHolds({
    clock,
    store,
    index,
    bus: new EventBus(),
    settings: { ...NO_PROJECTS, agents: { one }, agentFor: () => "one", provider_limit: {}, pricing: {} },
    canHold: () => true,
  });
  const leaseOf = (attempt: number) => ({ node, attempt, fencing: store.node.epoch });
  return { store, holds, leaseOf, find: (id: string) => store.tasks.get(id)! };
}

Deno.test("two nodes keep to a hold, and one of them lets a task go first", async () => {
  const kv = new MemoryKeyValue();
  const clock = new HandClock(Date.parse(AT));
  const [a, b] = [await nodeOf(kv, clock, "a"), await nodeOf(kv, clock, "b")];
  const spec = { type: "testing", priority: "low", description: "d", created_at: AT, order: 1 } as const;
  for (const id of ["x", "y"]) {
    await insert(
      a.store.tasks,
      id,
      () => ({ spec, state: created({ ready: true }, true, AT), reads: [] }),
      OWNER,
    );
  }
  const isKnown = (check: () => boolean) =>
    until(() => {
      clock.pass(1000);
      return check();
    });
  await isKnown(() => b.store.tasks.get("y") !== undefined);
  await a.holds.refused(a.find("x"), "one", { reason: "Limit reached" });
  await isKnown(() => b.holds.places.of(b.find("y")).held !== undefined);

  clock.pass(120_000);
  const [first, second] = [a.holds.places.of(a.find("x")), b.holds.places.of(b.find("y"))];
  assert.deepEqual([first.untried, second.untried], [["one"], ["one"]]);
  const entered = await Promise.all([
    a.holds.enter(a.find("x"), first, a.leaseOf(1)),
    b.holds.enter(b.find("y"), second, b.leaseOf(1)),
  ]);
  assert.deepEqual(entered.toSorted(), [false, true]);
  const [winner, loser, others] = entered[0] ? [a, b, "y"] : [b, a, "x"];
  await isKnown(() => loser.holds.places.of(loser.find(others)).held !== undefined);
  assert.match(loser.holds.places.of(loser.find(others)).held!.reason, /goes first/);
  // A task of another tenant is not told which one.
  const [hold] = [...loser.store.holds.values()];
  const told = loser.holds.places.whyHeld(hold!.state, "acme+z")!;
  assert.deepEqual([told.first, /Another task goes first/.test(told.reason)], [undefined, true]);
  winner.holds.noteOutput(entered[0] ? "x" : "y");
  await isKnown(() => loser.holds.places.of(loser.find(others)).held === undefined);
  await a.store.close();
  // They share their key-value store, which the first one has closed.
  await b.store.close().catch(() => undefined);
});
