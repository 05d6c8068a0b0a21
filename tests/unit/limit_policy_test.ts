/** What the limits are while administrators and load change them, and what is remembered of their use; pure or on a hand-moved clock. */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import fc from "fast-check";
import type { SecurityAlert } from "../../src/protocol/pushes.ts";
import { Config } from "../../src/protocol/config.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { LIMIT_NAMES } from "../../src/protocol/limits.ts";
import { SecurityWatch } from "../../src/access/alerts.ts";
import { RateLimits } from "../../src/access/limits.ts";
import { LoadScaling, nextFactor } from "../../src/access/load_scale.ts";
import { LimitPolicy } from "../../src/access/policy.ts";
import { UsageHistory } from "../../src/access/usage_history.ts";
import { SlidingWindow } from "../../src/access/windows.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

const START = Date.parse("2030-01-01T00:00:00Z");
const MINUTE = 60_000;

const policyOf = (limits: Record<string, unknown> = {}) => new LimitPolicy(Config.parse({ limits }).limits);

Deno.test("policy: a client's override applies to that client alone, until it ends or is lifted", () => {
  const policy = policyOf();
  policy.override("a", { by: OWNER, limits: { messages_per_minute: 7 }, until_ms: 1000 }, 0);
  policy.override("b", { by: OWNER, limits: { tasks_per_minute: 1 } }, 0);
  assert.deepEqual(
    ["a", "b", "c"].map((client) => policy.limit("messages_per_minute", client, 999)),
    [7, 100, 100],
  );
  assert.equal(policy.limit("messages_per_minute", "a", 1000), 100);
  assert.deepEqual([...policy.overrides(1000)].map(([client]) => client), ["b"]);
  assert.equal(policy.limit("tasks_per_minute", "b", 1e12), 1);
  assert.deepEqual([policy.lift("b"), policy.lift("b")], [true, false]);
  assert.equal(policy.limit("tasks_per_minute", "b", 0), 10);
});

Deno.test("policy: the number of overrides is bounded; an ended override makes room", () => {
  const policy = policyOf();
  for (let i = 0; i < 1000; i++) {
    policy.override(`c${i}`, { by: OWNER, limits: {}, until_ms: i === 0 ? 50 : undefined }, 0);
  }
  assert.throws(() => policy.override("more", { by: OWNER, limits: {} }, 0), ApiError);
  policy.override("c5", { by: OWNER, limits: { connections: 1 } }, 0);
  policy.override("more", { by: OWNER, limits: {} }, 50);
});

Deno.test("policy: a suspension ends by itself or earlier; scaling lowers only message rates", () => {
  const policy = policyOf();
  policy.suspend(1000, "fire", OWNER);
  assert.deepEqual([policy.isOff(999), policy.isOff(1000)], [true, false]);
  policy.suspend(5000, undefined, OWNER);
  policy.resume();
  assert.equal(policy.isOff(2000), false);
  policy.factor = 0.25;
  const limits = Object.fromEntries(LIMIT_NAMES.map((name) => [name, policy.limit(name, "x", 0)]));
  assert.deepEqual(limits, {
    ...policy.limits,
    global_messages_per_minute: 250,
    messages_per_minute: 25,
    burst_per_second: 5,
  });
  policy.factor = 0.001;
  assert.equal(policy.limit("burst_per_second", "x", 0), 1, "never none at all");
});

Deno.test("limits: whatever changes, no minute lets through more than that minute's highest limit", () => {
  const step = fc.record({
    wait_ms: fc.integer({ min: 0, max: 3000 }),
    sends: fc.integer({ min: 0, max: 15 }),
    change: fc.option(fc.integer({ min: 1, max: 40 }), { freq: 4 }),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const clock = new HandClock(START);
    const limits = new RateLimits(
      Config.parse({ limits: { messages_per_minute: 20, burst_per_second: 40 } }).limits,
      clock,
    );
    const client = limits.connect("a");
    const passed: { second: number; limit: number }[] = [];
    let limit = 20;
    for (const { wait_ms, sends, change } of steps) {
      clock.pass(wait_ms);
      if (change !== null) {
        limits.policy.override(
          "a",
          { by: OWNER, limits: { messages_per_minute: limit = change } },
          clock.monotonic(),
        );
      }
      for (let i = 0; i < sends; i++) {
        try {
          client.message();
          passed.push({ second: Math.floor(clock.now() / 1000), limit });
        } catch (error) {
          assert.ok(error instanceof ApiError);
          const again = error.details.retry_after_seconds as number;
          assert.ok(again >= 1 && again <= 60);
        }
      }
    }
    for (const { second, limit } of passed) {
      const within = passed.filter((one) => one.second > second - 60 && one.second <= second);
      const most = Math.max(limit, ...within.map((one) => one.limit));
      assert.ok(within.length <= most, `${within.length} of ${most}`);
    }
  }));
});

Deno.test("limits: the wait that a refusal names is long enough", () => {
  const clock = new HandClock(START);
  const limits = new RateLimits(Config.parse({}).limits, clock);
  const client = limits.connect("a");
  for (let i = 0; i < 300; i++) {
    try {
      client.operation("tasks_per_minute");
    } catch (error) {
      assert.ok(error instanceof ApiError);
      clock.pass(1000 * (error.details.retry_after_seconds as number));
      client.operation("tasks_per_minute");
    }
    clock.pass(700);
  }
});

Deno.test("windows: the newest slots are those of the last minutes, the oldest first", () => {
  const window = new SlidingWindow(MINUTE);
  [1, 2, 3].forEach((count, i) => window.add(START + i * MINUTE, count));
  assert.deepEqual(window.newest(4, START + 2 * MINUTE), [0, 1, 2, 3]);
  assert.deepEqual(window.newest(2, START + 3 * MINUTE), [3, 0]);
  assert.deepEqual(window.newest(60, START + 70 * MINUTE), Array(60).fill(0));
});

Deno.test("history: use and refusals by client and minute", () => {
  const history = new UsageHistory();
  for (let i = 0; i < 5; i++) history.message("a", START);
  for (let i = 0; i < 3; i++) history.message("b", START + MINUTE);
  for (let i = 0; i < 4; i++) history.refused("b", "messages_per_minute", START + MINUTE + i);
  history.refused("b", "messages_per_minute", START + 2 * MINUTE);
  const now = START + 2 * MINUTE;
  assert.deepEqual(history.history(3, undefined, now), [
    { messages: 5, refused: 0 },
    { messages: 3, refused: 4 },
    { messages: 0, refused: 1 },
  ]);
  assert.deepEqual(history.history(2, "a", now).map(({ messages }) => messages), [0, 0]);
  assert.deepEqual(history.top(1, 60, now), [{ client: "b", messages: 3, refused: 5 }]);
  assert.deepEqual(history.violations(60, undefined, now).map(({ count }) => count), [1, 4]);
  assert.deepEqual(history.violations(60, "a", now), []);
  assert.deepEqual(history.byLimit(60, now), { messages_per_minute: 5 });
  assert.deepEqual(history.top(10, 60, START + 90 * MINUTE), []);
});

Deno.test("history: a million strangers cost no more than a thousand", () => {
  const history = new UsageHistory();
  for (let i = 0; i < 20_000; i++) {
    history.message(`client ${i}`, START + i);
    history.refused(`client ${i}`, "burst_per_second", START + i);
  }
  assert.equal(history.top(Infinity, 60, START + 20_000).length, 1000);
  assert.equal(history.violations(60, undefined, START + 20_000).length, 200);
});

Deno.test("load: overload lowers the factor, calm raises it, and in between it stays", () => {
  assert.ok(nextFactor(1, 5, 0.25) < 1);
  assert.equal(nextFactor(0.26, 5, 0.25), 0.25);
  assert.equal(nextFactor(0.5, 1.5, 0.25), 0.5);
  assert.ok(nextFactor(0.5, 0.2, 0.25) > 0.5);
  assert.equal(nextFactor(0.99, 0.2, 0.25), 1);
});

Deno.test("load: scaling acts only while it is on, then restores the limits and leaves no timer", () => {
  const clock = new HandClock(START);
  let load = 10;
  const factors: number[] = [];
  const scaling = new LoadScaling({ clock, load: () => load, apply: (factor) => factors.push(factor) });
  clock.pass(60_000);
  assert.deepEqual(factors, []);
  scaling.start(0.5);
  clock.pass(20_000);
  assert.deepEqual(factors, [0.7, 0.5]);
  load = 0;
  clock.pass(60_000);
  assert.equal(factors.at(-1), 1);
  load = 10;
  clock.pass(5000);
  scaling.stop();
  assert.deepEqual([factors.at(-1), clock.timers, scaling.enabled], [1, 0, false]);
});

Deno.test("alerts: a hundred refusals within a minute raise one alert, and another after a while", () => {
  const clock = new HandClock(START);
  const told: SecurityAlert[] = [];
  const watch = new SecurityWatch(clock, (alert) => told.push(alert));
  for (let i = 0; i < 99; i++) watch.note("rate_limit_exceeded", "1.2.3.4");
  assert.equal(told.length, 0);
  for (let i = 0; i < 500; i++) watch.note("rate_limit_exceeded", "1.2.3.4", { limit: "burst_per_second" });
  assert.deepEqual(told, [{
    type: "security_alert",
    alert_type: "rate_limit_exceeded",
    severity: "medium",
    details: { client_ip: "1.2.3.4", attempts: 100, time_window: 60, limit: "burst_per_second" },
    timestamp: "2030-01-01T00:00:00.000Z",
  }]);
  clock.pass(300_000);
  for (let i = 0; i < 99; i++) watch.note("rate_limit_exceeded", "1.2.3.4");
  assert.equal(told.length, 1, "those of five minutes ago do not count any more");
  watch.note("rate_limit_exceeded", "1.2.3.4");
  for (let i = 0; i < 10; i++) watch.note("suspicious_activity", "1.2.3.4");
  assert.deepEqual(told.slice(1).map(({ alert_type }) => alert_type), [
    "rate_limit_exceeded",
    "suspicious_activity",
  ]);
});
