/** Where runs fall: month ends, skipped and repeated hours, ends. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { runId } from "../../src/domain/schedule.ts";
import { timeAfter } from "../simulation/calendar.ts";
import { nextOccurrence, type Timetable, upcoming } from "../../src/domain/timetable.ts";

const runs = (timetable: Timetable, count: number) =>
  upcoming(timetable, Date.parse(timetable.scheduled_time) - 1, count).map((ms) =>
    new Date(ms).toISOString()
  );

Deno.test("once: one run and no more", () => {
  assert.deepEqual(runs({ scheduled_time: "2030-01-15T14:00:00Z" }, 5), ["2030-01-15T14:00:00.000Z"]);
});

Deno.test("monthly on the 31st: the last day of shorter months, and the 31st again", () => {
  const months = runs({ scheduled_time: "2028-01-31T12:00:00Z", recurring: { interval: "monthly" } }, 5);
  assert.deepEqual(months.map((at) => at.slice(0, 10)), [
    "2028-01-31",
    "2028-02-29",
    "2028-03-31",
    "2028-04-30",
    "2028-05-31",
  ]);
});

Deno.test("daily in a zone: the local hour stays the same when the clocks change", () => {
  const days = runs({
    scheduled_time: "2030-03-30T08:00:00Z",
    recurring: { interval: "daily", timezone: "Europe/Vienna" },
  }, 3);
  assert.deepEqual(days, [
    "2030-03-30T08:00:00.000Z",
    "2030-03-31T07:00:00.000Z",
    "2030-04-01T07:00:00.000Z",
  ]);
});

Deno.test("a skipped local time runs right after the clocks jump", () => {
  // 02:30 does not exist on 31 March 2030 in Vienna: 02:00 CET becomes 03:00 CEST, which is 01:00 UTC.
  const days = runs({
    scheduled_time: "2030-03-30T01:30:00Z",
    recurring: { interval: "daily", timezone: "Europe/Vienna" },
  }, 3);
  assert.deepEqual(days, [
    "2030-03-30T01:30:00.000Z",
    "2030-03-31T01:00:00.000Z",
    "2030-04-01T00:30:00.000Z",
  ]);
});

Deno.test("a repeated local time runs the first time only", () => {
  // 02:30 comes twice on 27 October 2030 in Vienna: at 00:30 and at 01:30 UTC.
  const days = runs({
    scheduled_time: "2030-10-26T00:30:00Z",
    recurring: { interval: "daily", timezone: "Europe/Vienna" },
  }, 3);
  assert.deepEqual(days, [
    "2030-10-26T00:30:00.000Z",
    "2030-10-27T00:30:00.000Z",
    "2030-10-28T01:30:00.000Z",
  ]);
});

Deno.test("max_runs and end_time end it; a run at end_time still counts", () => {
  const base = { scheduled_time: "2030-01-01T00:00:00Z" };
  assert.equal(runs({ ...base, recurring: { interval: "weekly", max_runs: 3 } }, 10).length, 3);
  const bounded = runs({ ...base, recurring: { interval: "daily", end_time: "2030-01-03T00:00:00Z" } }, 10);
  assert.equal(bounded.at(-1), "2030-01-03T00:00:00.000Z");
});

Deno.test("the next occurrence is the first one after any moment", () => {
  const zones = fc.constantFrom(
    "UTC",
    "Europe/Vienna",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
  );
  const start = Date.parse("2029-12-31T02:30:00Z");
  fc.assert(
    fc.property(
      fc.constantFrom("daily", "weekly", "monthly", "hourly"),
      zones,
      fc.nat(200),
      fc.nat(86_400_000 * 900),
      (interval, timezone, shift, after) => {
        const timetable: Timetable = {
          scheduled_time: new Date(start + shift * 3_600_000).toISOString(),
          recurring: { interval: interval as "daily", timezone },
        };
        const next_ms = nextOccurrence(timetable, start + after)!;
        assert.ok(next_ms > start + after);
        assert.equal(timeAfter(timetable, start + after), next_ms);
      },
    ),
  );
});

/** The local date and time in a zone, by the platform's own calendar. */
function localIn(zone: string): (ms: number) => { day: string; minute: number } {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    return {
      day: `${parts.year}-${parts.month}-${parts.day}`,
      minute: Number(parts.hour) * 60 + Number(parts.minute),
    };
  };
}

/** The day of a calendar without hours, so many days or months after `day`. */
function dayAfter(day: string, interval: string, count: number): string {
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  if (interval !== "monthly") {
    const days = interval === "daily" ? count : 7 * count;
    return new Date(Date.UTC(year, month - 1, date + days)).toISOString().slice(0, 10);
  }
  const lastDate = new Date(Date.UTC(year, month + count, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + count, Math.min(date, lastDate))).toISOString().slice(0, 10);
}

/** The first moment with that local time, or at which the clock has jumped over it: looked for minute by minute. */
function firstMoment(local: ReturnType<typeof localIn>, day: string, minute: number): number {
  // No zone is more than 14 hours from UTC.
  const from = Date.parse(`${day}T00:00:00Z`) - 14 * 3_600_000;
  let low = 0;
  // Past hours in which it cannot be: until the day has come.
  while (local(from + (low + 60) * 60_000).day < day) low += 60;
  for (let i = low;; i++) {
    const at = local(from + i * 60_000);
    if (at.day > day || (at.day === day && at.minute >= minute)) return from + i * 60_000;
  }
}

Deno.test("every run is on the day and minute that an independent calendar computes, in strict order", () => {
  const zones = [
    "UTC",
    "Europe/Vienna",
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Chatham",
  ];
  const start = Date.parse("2030-01-01T00:00:00Z");
  fc.assert(
    fc.property(
      fc.constantFrom("daily", "weekly", "monthly"),
      fc.constantFrom(...zones),
      fc.nat(400 * 1440),
      fc.integer({ min: 1, max: 20 }),
      (interval, timezone, minutes, count) => {
        const local = localIn(timezone);
        const first_ms = start + minutes * 60_000;
        const { day, minute } = local(first_ms);
        const timetable: Timetable = {
          scheduled_time: new Date(first_ms).toISOString(),
          recurring: { interval: interval as "daily", timezone },
        };
        const times = upcoming(timetable, first_ms - 1, count + 1);
        for (let i = 1; i <= count; i++) {
          assert.ok(times[i]! > times[i - 1]!);
          const expected = firstMoment(local, dayAfter(day, interval, i), minute);
          assert.equal(new Date(times[i]!).toISOString(), new Date(expected).toISOString());
        }
        const days = new Set(times.map((at) => local(at).day));
        assert.equal(days.size, times.length, "never two on one local day");
      },
    ),
    { numRuns: 120 },
  );
});

Deno.test("runs computed one by one match runs computed at once, within all bounds", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("daily", "weekly", "monthly"),
      fc.integer({ min: 1, max: 15 }),
      fc.integer({ min: 0, max: 400 }),
      fc.nat(5),
      (interval, max_runs, days, made) => {
        const first = Date.parse("2030-01-31T23:30:00Z");
        const timetable: Timetable = {
          scheduled_time: new Date(first).toISOString(),
          recurring: {
            interval: interval as "daily",
            max_runs,
            end_time: new Date(first + days * 86_400_000).toISOString(),
          },
        };
        const all = upcoming(timetable, first - 1, 100, made);
        assert.ok(all.length <= Math.max(0, max_runs - made));
        assert.ok(all.every((at) => at >= first && at <= first + days * 86_400_000));
        all.slice(1).forEach((at, i) => assert.equal(nextOccurrence(timetable, all[i]!), at));
        assert.deepEqual(upcoming(timetable, first - 1, 3, made), all.slice(0, 3));
      },
    ),
  );
});

Deno.test("a run's id names its schedule and its number; no two schedules share an id", () => {
  const id = fc.stringMatching(/^[a-zA-Z0-9_-]{1,100}$/);
  fc.assert(fc.property(id, id, fc.integer({ min: 1, max: 100_000 }), (one, other, number) => {
    const run = runId(one, number);
    assert.match(run, /^[a-zA-Z0-9_-]{1,100}$/);
    assert.ok(run.endsWith(`_run_${number}`));
    if (run.length < 100) assert.equal(run, `${one}_run_${number}`);
    if (one !== other) assert.notEqual(run, runId(other, number));
  }));
});
