/** A push to many subscribers, beside the same push to one. */
import { systemClock } from "../../src/clock/clock.ts";
import { EventBus } from "../../src/engine/events.ts";
import { SubscriptionHub } from "../../src/api/channels/hub.ts";
import { type Figure, median } from "./figure.ts";

const SUBSCRIBERS = 100;
const PUSHES = 200;
const ROUNDS = 20;

const DETAILS = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`field_${i}`, `value ${i}`]));

/** A hub with so many subscribers to log entries; what it hands to each is counted. */
function hubOf(count: number): { bus: EventBus; taken: { bytes: number } } {
  const bus = new EventBus();
  const hub = new SubscriptionHub(bus, systemClock, []);
  const taken = { bytes: 0 };
  for (let i = 0; i < count; i++) {
    const subscriber = { isBehind: false, push: (text: string) => void (taken.bytes += text.length) };
    hub.join(subscriber, () => `sub_${i}`).subscribe(["log_entries"], {});
  }
  return { bus, taken };
}

function publish(bus: EventBus): number {
  const begun = performance.now();
  for (let seq = 1; seq <= PUSHES; seq++) {
    bus.publish({
      kind: "log.appended",
      entries: [{
        node: "bench",
        seq,
        entry: {
          time: "2030-01-01T00:00:00.000Z",
          level: "info",
          message: `entry ${seq}`,
          agent: "bench",
          source: "bench",
          details: DETAILS,
          context: {},
        },
      }],
    });
  }
  return performance.now() - begun;
}

/** How often something is encoded while `action` runs. */
function encodings(action: () => void): number {
  const encode = JSON.stringify;
  let count = 0;
  JSON.stringify = ((...args: Parameters<typeof encode>) => {
    count++;
    return encode(...args);
  }) as typeof encode;
  try {
    action();
  } finally {
    JSON.stringify = encode;
  }
  return count;
}

export function push(): Promise<Figure[]> {
  const [one, many] = [hubOf(1), hubOf(SUBSCRIBERS)];
  const per_push = encodings(() => publish(many.bus)) / PUSHES;
  const times = { one: [] as number[], many: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    times.one.push(publish(one.bus));
    times.many.push(publish(many.bus));
  }
  if (many.taken.bytes / (ROUNDS + 1) !== SUBSCRIBERS * one.taken.bytes / ROUNDS) {
    throw new Error("not every subscriber got every push");
  }
  const ratio = median(times.many) / median(times.one);
  return Promise.resolve([
    {
      what: `a push to ${SUBSCRIBERS} subscribers: how often it is encoded`,
      measured: `${per_push} times`,
      goal: "once",
      met: per_push === 1,
    },
    {
      what:
        `a push of 11 KB to ${SUBSCRIBERS} subscribers, beside one to a single subscriber, up to their queues`,
      measured: `${ratio.toFixed(2)} times`,
    },
  ]);
}
