/** Sliding windows, buckets and the documented limits on a clock moved by hand. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Clock, systemClock } from "../../src/clock/clock.ts";
import { Config } from "../../src/protocol/config.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { RateLimits } from "../../src/access/limits.ts";
import { SlidingWindow, TokenBucket } from "../../src/access/windows.ts";

const START = Date.parse("2030-01-01T00:00:00Z");

function world(limits: Record<string, unknown> = {}) {
  const time = { now: START, wall_ahead: 0 };
  const clock: Clock = {
    ...systemClock,
    now: () => time.now + time.wall_ahead,
    monotonic: () => time.now,
  };
  return { time, shared: new RateLimits(Config.parse({ limits }).limits, clock) };
}

function refusal(action: () => unknown): Record<string, unknown> & { code: string } {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ApiError);
    return { code: error.code, ...error.details };
  }
  throw new Error("it was let through");
}

Deno.test("a sliding window counts exactly the last 60 seconds' worth of slots", () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 90_000 }), fc.integer({ min: 0, max: 5 })), {
    maxLength: 60,
  });
  fc.assert(fc.property(steps, (moves) => {
    const window = new SlidingWindow();
    const added: { second: number; amount: number }[] = [];
    let now = START;
    for (const [ahead_ms, amount] of moves) {
      now += ahead_ms;
      window.add(now, amount);
      added.push({ second: Math.floor(now / 1000), amount });
      const oldest = Math.floor(now / 1000) - 59;
      const expected = added.filter(({ second }) => second >= oldest).reduce(
        (sum, one) => sum + one.amount,
        0,
      );
      assert.equal(window.count(now), expected);
    }
  }));
});

Deno.test("the wait until there is room again is neither too short nor too long", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 5, maxLength: 40 }), (gaps) => {
      const window = new SlidingWindow();
      let now = START;
      for (const gap of gaps) window.add(now += gap);
      const limit = 5;
      const wait = window.secondsUntilBelow(limit, now);
      const at = (seconds: number) => {
        const copy = new SlidingWindow();
        let then = START;
        for (const gap of gaps) copy.add(then += gap);
        return copy.count(then + 1000 * seconds);
      };
      assert.ok(at(wait) < limit);
      if (wait > 0) assert.ok(at(wait - 1) >= limit);
    }),
  );
});

Deno.test("a bucket allows its capacity at once and refills in a second", () => {
  const bucket = new TokenBucket(20, START);
  for (let i = 0; i < 20; i++) {
    assert.ok(bucket.has(START));
    bucket.take(START);
  }
  assert.ok(!bucket.has(START));
  assert.ok(bucket.has(START + 51));
  assert.equal(bucket.used(START + 1000), 0);
});

Deno.test("a clock set back neither allows more nor blocks", () => {
  const window = new SlidingWindow();
  window.add(START);
  window.add(START - 3_600_000);
  assert.equal(window.count(START - 10_000), 2);
  assert.equal(window.count(START + 61_000), 0);
});

Deno.test("setting the wall clock back or ahead neither blocks nor admits anyone", () => {
  const { time, shared } = world();
  const client = shared.connect("1");
  for (const moved_ms of [-3_600_000, 7_200_000]) {
    for (let i = 0; i < 20; i++) client.message();
    assert.equal(refusal(() => client.message()).limit, "burst_per_second");
    time.wall_ahead += moved_ms;
    assert.equal(refusal(() => client.message()).limit, "burst_per_second");
    time.now += 1000;
  }
  client.message();
  const { messages_per_minute } = client.usage();
  assert.equal(messages_per_minute!.current, 41);
  // What clients are told is the time they know.
  const reset_ms = Date.parse(messages_per_minute!.reset_time) - (time.now + time.wall_ahead);
  assert.ok(reset_ms > 0 && reset_ms <= 60_000, String(reset_ms));
  time.now += 60_000;
  assert.equal(client.usage().messages_per_minute!.current, 0);
});

Deno.test("messages: the burst, then 100 a minute for a connection, then 1,000 for all", () => {
  const { time, shared } = world({ global_messages_per_minute: 150 });
  const [a, b] = [shared.connect("1"), shared.connect("2")];
  for (let i = 0; i < 20; i++) a.message();
  assert.deepEqual(refusal(() => a.message()), {
    code: "RATE_LIMIT_EXCEEDED",
    retry_after_seconds: 1,
    current_limit: 20,
    time_window_seconds: 1,
    limit: "burst_per_second",
  });
  const send = (client: typeof a, count: number) => {
    for (let i = 0; i < count; i++) {
      time.now += 50;
      client.message();
    }
  };
  time.now += 1000;
  send(a, 80);
  time.now += 1000;
  assert.equal(refusal(() => a.message()).limit, "messages_per_minute");
  send(b, 50);
  assert.equal(refusal(() => b.message()).limit, "global_messages_per_minute");
  time.now += 61_000;
  a.message();
});

Deno.test("operations have their own limits, and refused ones count nowhere", () => {
  const { time, shared } = world();
  const client = shared.connect("1");
  for (let i = 0; i < 10; i++) client.operation("tasks_per_minute");
  const error = refusal(() => client.operation("tasks_per_minute"));
  assert.deepEqual([error.limit, error.current_limit, error.time_window_seconds], [
    "tasks_per_minute",
    10,
    60,
  ]);
  assert.ok((error.retry_after_seconds as number) >= 59);
  for (let i = 0; i < 5; i++) client.operation("kills_per_minute");
  assert.equal(refusal(() => client.operation("kills_per_minute")).limit, "kills_per_minute");
  assert.equal(client.usage().tasks_per_minute!.current, 10);
  time.now += 60_000;
  client.operation("tasks_per_minute");
});

Deno.test("from 80 % of a limit on the client is warned, at most once a second", () => {
  const { time, shared } = world();
  const client = shared.connect("1");
  for (let i = 0; i < 7; i++) client.operation("tasks_per_minute");
  assert.equal(client.warning(), undefined);
  client.operation("tasks_per_minute");
  const warning = client.warning()!;
  assert.deepEqual(Object.keys(warning), ["tasks_per_minute"]);
  assert.deepEqual([warning.tasks_per_minute!.current, warning.tasks_per_minute!.limit], [8, 10]);
  assert.equal(client.warning(), undefined);
  time.now += 1000;
  assert.ok(client.warning());
});

Deno.test("connections: limits at once, per second, and on reconnections per minute", () => {
  const { time, shared } = world({ connections: 12 });
  for (let i = 0; i < 10; i++) shared.connect("1");
  assert.equal(refusal(() => shared.connect("1")).limit, "connections_per_second");
  time.now += 1000;
  const last = [shared.connect("1"), shared.connect("1")];
  assert.deepEqual(refusal(() => shared.connect("1")).code, "CONNECTION_LIMIT_EXCEEDED");
  assert.equal(shared.findings()[0]!.code, "CONNECTION_LIMIT_EXCEEDED");
  shared.disconnected(last[0]!);
  for (let i = 0; i < 5; i++) {
    time.now += 1000;
    shared.disconnected(shared.connect("1"));
  }
  time.now += 1000;
  assert.equal(refusal(() => shared.connect("1")).limit, "reconnections_per_minute");
  const other = shared.connect("another address");
  time.now += 61_000;
  shared.disconnected(other);
  shared.connect("1");
});

Deno.test("switched off, nothing is refused", () => {
  const { shared } = world({ enabled: false, connections: 1 });
  const clients = Array.from({ length: 50 }, () => shared.connect("1"));
  for (let i = 0; i < 500; i++) clients[0]!.message();
  assert.equal(clients[0]!.warning(), undefined);
});
