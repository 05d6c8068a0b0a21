/** Local times, timestamps: one rule for the server, the dashboard and the terminal. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { epochOf, isoTime } from "../../src/clock/clock.ts";
import { firstRun } from "../../src/dashboard/pages/new_task/first_run.ts";
import { upcoming } from "../../src/domain/timetable.ts";
import { instantOf, localTime } from "../../src/domain/time_zones.ts";
import { EXCHANGES } from "../../src/protocol/messages.ts";

const LOCAL_TIMES: [local: string, zone: string, at: string][] = [
  ["2026-03-29T01:59", "Europe/Berlin", "2026-03-29T00:59:00.000Z"],
  // Clocks jump from 02:00 to 03:00.
  ["2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:00:00.000Z"],
  ["2026-03-29T03:00", "Europe/Berlin", "2026-03-29T01:00:00.000Z"],
  // They show 02:00 to 03:00 twice.
  ["2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"],
  ["2026-10-25T03:00", "Europe/Berlin", "2026-10-25T02:00:00.000Z"],
  // They jump by half an hour, and at midnight, and over a whole day.
  ["2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:30:00.000Z"],
  ["2026-09-06T00:30", "America/Santiago", "2026-09-06T04:00:00.000Z"],
  ["2011-12-30T12:00", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
  ["2026-02-28T12:00:30", "UTC", "2026-02-28T12:00:30.000Z"],
];

Deno.test("local times: a skipped time is the moment after the jump; a repeated time is its first occurrence", () => {
  for (const [local, zone, at] of LOCAL_TIMES) {
    assert.equal(isoTime(instantOf(local, zone)), at, `${local} ${zone}`);
    assert.equal(isoTime(firstRun({ at: local, zone })), at, `the form: ${local} ${zone}`);
  }
  for (const none of ["", "noon", "2026-02-30T12:00", "2026-01-01T25:00", "2026-01-01T12:00Z"]) {
    assert.equal(instantOf(none, "UTC"), NaN, none);
  }
});

Deno.test("local times: the dashboard's form and the schedule agree on every day of Berlin's clocks", () => {
  const first = "2026-01-01T02:30";
  const scheduled_time = isoTime(firstRun({ at: first, zone: "Europe/Berlin" }));
  const timetable = { scheduled_time, recurring: { interval: "daily" as const, timezone: "Europe/Berlin" } };
  const times = upcoming(timetable, epochOf(scheduled_time) - 1, 365);
  for (let day = 0; day < 365; day++) {
    const date = isoTime(epochOf("2026-01-01T00:00Z") + day * 86_400_000).slice(0, 10);
    const typed = firstRun({ at: `${date}T02:30`, zone: "Europe/Berlin" });
    assert.equal(typed, times[day], date);
  }
});

Deno.test("local times: a displayed time is read back as the first moment that clocks show it", () => {
  const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe");
  fc.assert(fc.property(zones, fc.integer({ min: 0, max: 4e9 }), (zone, seconds) => {
    const shown = localTime(seconds * 1000, zone);
    const back = instantOf(shown, zone);
    assert.ok(back <= seconds * 1000 && back > seconds * 1000 - 7_200_000);
    assert.equal(localTime(back, zone), shown);
  }));
});

const TIMESTAMPS: [text: string, iso: string | undefined][] = [
  ["2026-01-15T10:30:00Z", "2026-01-15T10:30:00.000Z"],
  ["2026-01-15t10:30z", "2026-01-15T10:30:00.000Z"],
  ["2026-01-15T10:30:00,5+01", "2026-01-15T09:30:00.500Z"],
  ["2026-01-15T10:30:00.123456789-0530", "2026-01-15T16:00:00.123Z"],
  ["0050-01-01T00:00:00Z", "0050-01-01T00:00:00.000Z"],
  ["2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"],
  ["2026-02-29T00:00:00Z", undefined],
  ["2026-04-31T00:00:00Z", undefined],
  ["2026-13-01T00:00:00Z", undefined],
  ["2026-00-10T00:00:00Z", undefined],
  ["2026-01-00T00:00:00Z", undefined],
  ["2026-01-15T24:00:00Z", undefined],
  ["2026-01-15T10:60:00Z", undefined],
  ["2026-01-15T10:30:60Z", undefined],
  ["2026-01-15T10:30:00", undefined],
  ["2026-01-15T10:30:00+99", undefined],
  ["2026-01-15", undefined],
  ["Mar 3, 2026 10:00:00 UTC", undefined],
  ["", undefined],
];

Deno.test("timestamps: which texts are valid, and their moment", () => {
  for (const [text, iso] of TIMESTAMPS) {
    const at_ms = epochOf(text);
    assert.equal(Number.isNaN(at_ms) ? undefined : isoTime(at_ms), iso, text);
  }
  fc.assert(fc.property(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), (date) => {
    assert.equal(epochOf(date.toISOString()), date.getTime());
  }));
});

Deno.test("timestamps: a log's time range accepts and compares the same times as list_tasks", () => {
  const range = (start: string, end: string) =>
    EXCHANGES.request_log_entries.request.safeParse({
      type: "request_log_entries",
      filter: { time_range: { start, end } },
    }).success;
  assert.equal(range("2026-01-15T10:00:00+01", "2026-01-15T09:30:00Z"), true);
  assert.equal(range("2026-01-15T10:00:00+01", "2026-01-15T08:30:00Z"), false);
  assert.equal(range("2026-01-15T10:00:00,5Z", "2026-01-15T10:00:00,4Z"), false);
});
