/** Where runs fall: month ends, skipped and repeated hours, ends. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { nextOccurrence, occurrence, type Timetable, upcoming } from "../../src/tasks/schedule.ts";

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

Deno.test("daily in a zone: the local hour stays when the clocks change", () => {
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

Deno.test("a skipped local time runs when the clocks have jumped", () => {
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
      fc.constantFrom("daily", "weekly", "monthly"),
      zones,
      fc.nat(200),
      fc.nat(86_400_000 * 900),
      (interval, timezone, shift, after) => {
        const timetable: Timetable = {
          scheduled_time: new Date(start + shift * 3_600_000).toISOString(),
          recurring: { interval: interval as "daily", timezone },
        };
        const next = nextOccurrence(timetable, start + after)!;
        assert.equal(occurrence(timetable, next.index), next.at_ms);
        assert.ok(next.at_ms > start + after);
        if (next.index > 0) assert.ok(occurrence(timetable, next.index - 1)! <= start + after);
      },
    ),
  );
});
