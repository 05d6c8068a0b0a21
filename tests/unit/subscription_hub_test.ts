/** Who is told what, and what that costs: nothing while nobody watches, one encoding however many do. */
import assert from "node:assert/strict";
import { EventBus } from "../../src/engine/events.ts";
import type { Pushes } from "../../src/protocol/pushes.ts";
import type { Channel, SubscriptionFilters } from "../../src/protocol/subscription_messages.ts";
import type { Producer } from "../../src/api/channels/producers.ts";
import { type Subscriber, SubscriptionHub } from "../../src/api/channels/hub.ts";
import type { Subscriptions } from "../../src/api/channels/subscriptions.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

type Fields = Record<string, unknown>;

interface Listener extends Subscriber {
  subscriptions: Subscriptions;
  told: { text: string; coalesce?: string }[];
  messages(): Fields[];
}

class World {
  readonly clock = new HandClock();
  readonly bus = new EventBus();
  readonly hub: SubscriptionHub;
  asked = 0;
  #serial = 0;

  constructor() {
    const producer: Producer = {
      channel: "processes",
      interval_ms: 1000,
      produce: () => ({ type: "detailed_process_scan", ...scanOf(++this.asked) }),
      narrow: (message, types) => {
        const scan = message as unknown as Pushes["detailed_process_scan"];
        return { ...scan, processes: scan.processes.filter(({ type }) => types.includes(type)) };
      },
    };
    this.hub = new SubscriptionHub(this.bus, this.clock, [producer]);
  }

  join(): Listener {
    const name = ++this.#serial;
    let follows = 0;
    const told: Listener["told"] = [];
    const subscriber: Subscriber = {
      isBehind: false,
      push: (text, coalesce) => void told.push({ text, coalesce }),
    };
    return Object.assign(subscriber, {
      subscriptions: this.hub.join(subscriber, () => `sub_${name}_${++follows}`),
      told,
      messages: () => told.map(({ text }) => JSON.parse(text)),
    });
  }

  watching(channels: Channel[], filters: SubscriptionFilters = {}): Listener {
    const listener = this.join();
    listener.subscriptions.subscribe(channels, filters);
    return listener;
  }

  log(seq: number): void {
    const time = "2030-01-01T00:00:00.000Z";
    const entry = {
      time,
      level: "info",
      message: `${seq}`,
      agent: "a",
      source: "s",
      details: {},
      context: {},
    };
    this.bus.publish({ kind: "log.appended", entries: [{ node: "n", seq, entry }] } as never);
  }
}

function scanOf(scan: number) {
  const processes = [{ pid: scan, type: "opencode" }, { pid: 100 + scan, type: "claude" }];
  return { processes: processes as unknown as [], scan_duration_ms: 1, timestamp: `scan ${scan}` };
}

/** Lets what was promised come. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

/** How often something is encoded while `action` runs. */
async function encodings(action: () => void): Promise<number> {
  const encode = JSON.stringify;
  let count = 0;
  JSON.stringify = ((...args: Parameters<typeof encode>) => {
    count++;
    return encode(...args);
  }) as typeof encode;
  try {
    action();
    await settle();
  } finally {
    JSON.stringify = encode;
  }
  return count;
}

Deno.test("hub: a push to a hundred connections is encoded once, also for log followers", async () => {
  const world = new World();
  const subscribed = Array.from({ length: 50 }, () => world.watching(["log_entries"]));
  const following = Array.from({ length: 50 }, () => world.join());
  for (const { subscriptions } of following) subscriptions.follow({ matches: () => true });
  assert.equal(await encodings(() => world.log(1)), 1);
  for (const { messages } of subscribed) {
    assert.deepEqual(messages().map(({ type, subscription_id }) => [type, subscription_id]), [
      ["log_entry", undefined],
    ]);
  }
  for (const [i, { messages }] of following.entries()) {
    const [{ type, log, subscription_id }, ...more] = messages() as [Fields, ...Fields[]];
    assert.deepEqual([type, (log as Fields).message, more.length], ["log_entry", "1", 0]);
    assert.equal(subscription_id, `sub_${51 + i}_1`);
  }
});

Deno.test("hub: a push shortened by a filter is encoded once per filter", async () => {
  const world = new World();
  const all = [world.watching(["processes"]), world.watching(["processes"])];
  const filters = { processes: { types: ["claude"] } } as SubscriptionFilters;
  const some = [world.watching(["processes"], filters), world.watching(["processes"], filters)];
  await settle();
  for (const { told } of [...all, ...some]) told.length = 0;
  assert.equal(await encodings(() => world.clock.pass(1000)), 2);
  assert.deepEqual(all.map(({ messages }) => (messages()[0]!.processes as []).length), [2, 2]);
  assert.deepEqual(some.map(({ messages }) => (messages()[0]!.processes as []).length), [1, 1]);
});

Deno.test("hub: periodic work runs only while someone is subscribed", async () => {
  const world = new World();
  const passes = async (ms: number) => {
    const before = world.asked;
    for (let at = 0; at < ms; at += 1000) {
      world.clock.pass(1000);
      await settle();
    }
    return world.asked - before;
  };
  world.watching(["task_status"]);
  assert.equal(await passes(10_000), 0);
  const [one, two] = [world.watching(["processes"]), world.join()];
  await settle();
  assert.equal(world.asked, 1);
  const id = two.subscriptions.subscribe(["processes", "task_status"], {});
  await settle();
  assert.equal(await passes(10_000), 10);
  two.subscriptions.unsubscribe(["processes"], id);
  assert.equal(await passes(5000), 5);
  world.hub.leave(one);
  assert.equal(await passes(10_000), 0);
  assert.equal(world.clock.timers, 0);
});

Deno.test("hub: a new subscriber gets the current state at once, and others do not get it twice", async () => {
  const world = new World();
  const first = world.watching(["processes"]);
  await settle();
  world.clock.pass(400);
  const second = world.watching(["processes"]);
  await settle();
  assert.deepEqual([first, second].map(({ messages }) => messages().length), [1, 1]);
  world.clock.pass(600);
  await settle();
  assert.deepEqual([first, second].map(({ messages }) => messages().length), [2, 2]);
  // Two that come at the same time share one look.
  const fresh = new World();
  const both = [fresh.watching(["processes"]), fresh.watching(["processes"])];
  await settle();
  assert.deepEqual(both.map(({ messages }) => messages().length), [1, 1]);
  assert.equal(fresh.asked, 1);
});

Deno.test("hub: state may be coalesced, events may not", async () => {
  const world = new World();
  const listener = world.watching(["processes", "log_entries"]);
  await settle();
  world.log(1);
  assert.deepEqual(listener.told.map(({ coalesce }) => coalesce), ["detailed_process_scan", undefined]);
});
