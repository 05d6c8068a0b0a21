/** When a daily report is due, in time zones, after a time down and over restarts; and who is told it. */
import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../src/clock/clock.ts";
import type { NotificationTarget } from "../../src/domain/notification.ts";
import { reportDue } from "../../src/domain/report_time.ts";
import { DailyReports } from "../../src/notify/daily_reports.ts";

Deno.test("a report is due once a day at its time, and within an hour after it", () => {
  const vienna = { at: "07:00", timezone: "Europe/Vienna" };
  const late = { at: "23:30", timezone: "UTC" };
  const cases: [
    typeof vienna,
    now: string,
    last: string | undefined,
    day: string | undefined,
    next: string,
  ][] = [
    [vienna, "2030-01-02T05:59:59Z", undefined, undefined, "2030-01-02T06:00:00Z"],
    [vienna, "2030-01-02T06:00:00Z", undefined, "2030-01-02", "2030-01-03T06:00:00Z"],
    [vienna, "2030-01-02T06:00:00Z", "2030-01-01", "2030-01-02", "2030-01-03T06:00:00Z"],
    [vienna, "2030-01-02T06:30:00Z", "2030-01-02", undefined, "2030-01-03T06:00:00Z"],
    [vienna, "2030-01-02T06:59:59Z", "2030-01-01", "2030-01-02", "2030-01-03T06:00:00Z"],
    [vienna, "2030-01-02T07:00:00Z", "2030-01-01", undefined, "2030-01-03T06:00:00Z"],
    // In summer the same local time is an hour earlier.
    [vienna, "2030-07-02T05:00:00Z", undefined, "2030-07-02", "2030-07-03T05:00:00Z"],
    // The clock was set back.
    [vienna, "2030-01-02T06:10:00Z", "2030-01-03", undefined, "2030-01-03T06:00:00Z"],
    // It had been wrong by years.
    [vienna, "2030-01-02T06:10:00Z", "2035-06-01", "2030-01-02", "2030-01-03T06:00:00Z"],
    [late, "2030-01-01T00:15:00Z", "2029-12-30", "2029-12-31", "2030-01-01T23:30:00Z"],
    [late, "2030-01-01T00:15:00Z", "2029-12-31", undefined, "2030-01-01T23:30:00Z"],
    [late, "2030-01-01T00:30:00Z", undefined, undefined, "2030-01-01T23:30:00Z"],
    // Clocks skip 02:30 that day: the report comes when they have jumped.
    [
      { at: "02:30", timezone: "Europe/Vienna" },
      "2030-03-31T01:00:00Z",
      undefined,
      "2030-03-31",
      "2030-04-01T00:30:00Z",
    ],
  ];
  for (const [time, now, last, day, next] of cases) {
    const due = reportDue(time, Date.parse(now), last);
    assert.deepEqual([due.day, new Date(due.next_ms).toISOString()], [day, next.replace("Z", ".000Z")], now);
  }
});

/** A clock that moves when a timer is run. */
function movedClock(start: string) {
  let now = Date.parse(start);
  const timers = new Set<{ at: number; action: () => void }>();
  const clock: Clock = {
    ...systemClock,
    now: () => now,
    after(delay_ms, action) {
      const timer = { at: now + delay_ms, action };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
  };
  return {
    clock,
    timers,
    /** Runs timers, each at its time, until `end`. */
    async until(end: string) {
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.at - b.at);
        if (!next || next.at > Date.parse(end)) break;
        timers.delete(next);
        now = next.at;
        next.action();
        await new Promise((resolve) => setImmediate(resolve));
      }
      now = Date.parse(end);
    },
  };
}

Deno.test("each target that asks for it is told the report of its project at its time; what cannot be stored is tried again", async () => {
  const moved = movedClock("2030-01-01T20:00:00Z");
  const days = new Map([["all", "2030-01-01"]]);
  const told: string[] = [];
  let broken = 2;
  const target = (name: string, more: Partial<NotificationTarget> = {}): NotificationTarget => ({
    name,
    channel: "command",
    command: ["x"],
    events: ["report"],
    ...more as object,
  });
  const reports = new DailyReports({
    clock: moved.clock,
    outbox: { reportDays: () => Promise.resolve(new Map(days)) },
    notifications: {
      tellReport({ name }, day, report) {
        if (name === "shop" && broken-- > 0) return Promise.reject(new Error("the disk is full"));
        told.push(`${new Date(moved.clock.now()).toISOString().slice(8, 16)} ${name} ${day} ${report}`);
        return Promise.resolve();
      },
    },
    targets: [
      target("all"),
      target("shop", { project: "shop", at: "06:00", timezone: "Asia/Tokyo" }),
      target("deaf", { events: ["budget"] }),
    ],
    timezone: "UTC",
    report: ({ project }) => Promise.resolve(`of ${project}`),
  });
  await reports.start();
  await moved.until("2030-01-03T12:00:00Z");
  await reports.stop();
  assert.deepEqual(told, [
    "01T21:02 shop 2030-01-02 of shop",
    "02T07:00 all 2030-01-02 of undefined",
    "02T21:00 shop 2030-01-03 of shop",
    "03T07:00 all 2030-01-03 of undefined",
  ]);
  assert.equal(moved.timers.size, 0);
});
