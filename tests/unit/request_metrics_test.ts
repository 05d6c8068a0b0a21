/** Figures of the API's use, on a clock moved by hand. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Clock, systemClock } from "../../src/clock/clock.ts";
import { HealthMonitor } from "../../src/monitor/health.ts";
import { RequestMetrics } from "../../src/monitor/request_metrics.ts";
import { ApiError } from "../../src/domain/errors.ts";

const MINUTE = 60_000;

function metrics() {
  const time = { now: Date.parse("2030-01-01T12:00:00Z") };
  const clock: Clock = { ...systemClock, now: () => time.now, monotonic: () => time.now };
  return { time, clock, of: new RequestMetrics(clock) };
}

Deno.test("only requests within the range count", () => {
  const { time, of } = metrics();
  for (let i = 0; i < 30; i++) of.note("ping", 2, false);
  time.now += 20 * MINUTE;
  for (let i = 0; i < 10; i++) of.note("start_task", 10, i < 5);
  const quarter = of.report("15m");
  assert.deepEqual([quarter.requests_total, quarter.endpoint_usage], [10, { start_task: 10 }]);
  assert.deepEqual([quarter.average_response_time_ms, quarter.error_rate_percent], [10, 50]);
  const hour = of.report("1h");
  assert.deepEqual([hour.requests_total, hour.average_response_time_ms, hour.error_rate_percent], [
    40,
    4,
    12.5,
  ]);
  assert.equal(
    hour.requests_per_second,
    Math.round((40 / (20 * 60)) * 100) / 100,
    "over the time it has been up",
  );
  time.now += 24 * 60 * MINUTE;
  assert.equal(of.report("24h").requests_total, 0, "a day later all is forgotten");
});

Deno.test("a range ends now, not at the last full minute, and rates are over the time it covers", () => {
  const { time, of } = metrics();
  time.now += 3_600_000 + 55_000;
  for (let i = 0; i < 120; i++) of.note("ping", 1, false);
  // Over the turn of the minute.
  time.now += 10_000;
  const { requests_total, requests_per_second } = of.report("1m");
  assert.deepEqual([requests_total, requests_per_second], [120, Math.round(12_000 / 55) / 100]);
  time.now += 39_999;
  assert.equal(of.report("1m").requests_total, 120);
  time.now += 10_001;
  assert.equal(of.report("1m").requests_total, 0);
  assert.equal(of.report("2m").requests_total, 120);
  assert.equal(of.report("24h").requests_total, 120);
});

Deno.test("every range matches a plain list of requests, within the accuracy of slots", () => {
  const request = fc.record({
    after_ms: fc.nat(5_000_000),
    type: fc.constantFrom("ping", "start_task", "list_tasks"),
    duration_ms: fc.nat(2000),
    failed: fc.boolean(),
  });
  const range = fc.constantFrom(["1m", 1], ["15m", 15], ["1h", 60], ["24h", 1440]) as fc.Arbitrary<
    [string, number]
  >;
  fc.assert(fc.property(fc.array(request, { maxLength: 60 }), range, (requests, [text, minutes]) => {
    const { time, of } = metrics();
    const done: { at: number; type: string; duration_ms: number; failed: boolean }[] = [];
    for (const { after_ms, type, duration_ms, failed } of requests) {
      time.now += after_ms;
      of.note(type, duration_ms, failed);
      done.push({ at: time.now, type, duration_ms, failed });
    }
    const slot = 10_000;
    const from = (Math.floor(time.now / slot) - minutes * 6 + 1) * slot;
    const within = done.filter(({ at }) => at >= from);
    const report = of.report(text);
    assert.equal(report.requests_total, within.length);
    const usage: Record<string, number> = {};
    for (const { type } of within) usage[type] = (usage[type] ?? 0) + 1;
    assert.deepEqual(report.endpoint_usage, usage);
    const failed = within.filter((one) => one.failed).length;
    const share = within.length === 0 ? 0 : 100 * failed / within.length;
    assert.ok(Math.abs(report.error_rate_percent - share) <= 0.005001);
    const spent = within.reduce((sum, one) => sum + one.duration_ms, 0);
    assert.ok(Math.abs(report.average_response_time_ms - (spent / within.length || 0)) <= 0.000501);
  }));
});

Deno.test("percentiles are at least the true value and at most 1.5 times it", () => {
  const { of } = metrics();
  for (let ms = 1; ms <= 100; ms++) of.note("ping", ms, false);
  const { p50, p90, p99 } = of.report("1m").latency_percentiles_ms;
  for (const [shown, truth] of [[p50, 50], [p90, 90], [p99, 99]] as const) {
    assert.ok(shown >= truth && shown <= truth * 1.5, `${shown} for ${truth}`);
  }
});

Deno.test("connections: now, the peak and all of today", () => {
  const { time, of } = metrics();
  for (let i = 0; i < 3; i++) of.connected();
  of.disconnected();
  of.connected();
  assert.deepEqual(of.report("1h").client_connections, { current: 3, peak_today: 3, total_today: 4 });
  time.now += 24 * 60 * MINUTE;
  assert.deepEqual(of.report("1h").client_connections, { current: 3, peak_today: 3, total_today: 0 });
});

Deno.test("health: the worst of the components, with the code of what is wrong and since when", async () => {
  const { time, clock } = metrics();
  const wrong = { database: true };
  const health = new HealthMonitor(clock, {
    websocket_server: () => [],
    task_manager: () => [{ code: "SERVICE_UNAVAILABLE", severity: "warning", message: "slow" }],
    database: () => wrong.database ? Promise.reject(new ApiError("DISK_SPACE_EXCEEDED", "full")) : [],
  });
  const first = await health.check();
  assert.equal(first.overall_status, "unhealthy");
  assert.deepEqual(first.components, {
    websocket_server: "healthy",
    task_manager: "degraded",
    database: "unhealthy",
  });
  assert.deepEqual(first.issues.map((issue) => [issue.component, issue.code]), [
    ["task_manager", "SERVICE_UNAVAILABLE"],
    ["database", "DISK_SPACE_EXCEEDED"],
  ]);
  assert.equal(await health.check(), first, "asked again at once: the same round of checks");
  time.now += 5000;
  wrong.database = false;
  const second = await health.check();
  assert.equal(second.overall_status, "degraded");
  assert.equal(second.issues[0]!.since, first.issues[0]!.since);
  assert.equal(second.uptime_seconds, 5);
});
