/** Times as people type them on the command line. */
import assert from "node:assert/strict";
import { epochOf } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { zoneWarning } from "../../src/cli/local_time.ts";
import { pointInTime, type Sense } from "../../src/cli/when.ts";

const VIENNA = "Europe/Vienna";

/** Wednesday, noon in Vienna (UTC+1). */
const WEDNESDAY = "2026-01-14T11:00:00.000Z";

const TIMES: [sense: Sense, text: string, time: string][] = [
  // A distance from now.
  ["at", "+1m", "2026-01-14T11:01:00.000Z"],
  ["at", "+90m", "2026-01-14T12:30:00.000Z"],
  ["at", "+1h30m", "2026-01-14T12:30:00.000Z"],
  ["at", "+30s", "2026-01-14T11:00:30.000Z"],
  ["at", "+2d", "2026-01-16T11:00:00.000Z"],
  ["at", "+2w", "2026-01-28T11:00:00.000Z"],
  ["at", "2h", "2026-01-14T13:00:00.000Z"],
  ["at", "in 2 hours", "2026-01-14T13:00:00.000Z"],
  ["at", "In 1 hour 15 minutes", "2026-01-14T12:15:00.000Z"],
  ["since", "10m", "2026-01-14T10:50:00.000Z"],
  ["since", "-10m", "2026-01-14T10:50:00.000Z"],
  ["since", "10 minutes ago", "2026-01-14T10:50:00.000Z"],
  ["since", "2h", "2026-01-14T09:00:00.000Z"],
  ["since", "1d", "2026-01-13T11:00:00.000Z"],
  ["since", "now", "2026-01-14T11:00:00.000Z"],
  // A time of day: the next one, or the last one.
  ["at", "18:00", "2026-01-14T17:00:00.000Z"],
  ["at", "09:00", "2026-01-15T08:00:00.000Z"],
  ["at", "9:00", "2026-01-15T08:00:00.000Z"],
  ["at", "9am", "2026-01-15T08:00:00.000Z"],
  ["at", "9:30 pm", "2026-01-14T20:30:00.000Z"],
  ["at", "12am", "2026-01-14T23:00:00.000Z"],
  ["at", "noon", "2026-01-15T11:00:00.000Z"],
  ["at", "midnight", "2026-01-14T23:00:00.000Z"],
  ["at", "at 18:30:15", "2026-01-14T17:30:15.000Z"],
  ["since", "09:00", "2026-01-14T08:00:00.000Z"],
  ["since", "18:00", "2026-01-13T17:00:00.000Z"],
  // A day, with a time or without.
  ["at", "today 18:00", "2026-01-14T17:00:00.000Z"],
  ["at", "tomorrow", "2026-01-15T11:00:00.000Z"],
  ["at", "tomorrow 09:00", "2026-01-15T08:00:00.000Z"],
  ["at", "Tomorrow at 9am", "2026-01-15T08:00:00.000Z"],
  ["since", "today", "2026-01-13T23:00:00.000Z"],
  ["since", "yesterday", "2026-01-12T23:00:00.000Z"],
  ["since", "yesterday 14:00", "2026-01-13T13:00:00.000Z"],
  ["until", "tomorrow", "2026-01-15T22:59:59.999Z"],
  ["at", "friday 18:00", "2026-01-16T17:00:00.000Z"],
  ["at", "fri 18:00", "2026-01-16T17:00:00.000Z"],
  ["at", "wednesday 18:00", "2026-01-14T17:00:00.000Z"],
  ["at", "wednesday 09:00", "2026-01-21T08:00:00.000Z"],
  ["at", "wed", "2026-01-21T11:00:00.000Z"],
  ["since", "monday", "2026-01-11T23:00:00.000Z"],
  ["since", "wednesday", "2026-01-13T23:00:00.000Z"],
  ["since", "wednesday 18:00", "2026-01-07T17:00:00.000Z"],
  ["until", "friday", "2026-01-16T22:59:59.999Z"],
  // A date, local unless it names its offset.
  ["at", "2026-07-01", "2026-07-01T10:00:00.000Z"],
  ["since", "2026-01-01", "2025-12-31T23:00:00.000Z"],
  ["until", "2026-07-01", "2026-07-01T21:59:59.999Z"],
  ["at", "2026-07-01 10:00", "2026-07-01T08:00:00.000Z"],
  ["at", "2026-07-01T10:00", "2026-07-01T08:00:00.000Z"],
  ["at", "2026-07-01T10:00:30", "2026-07-01T08:00:30.000Z"],
  ["at", "2026-07-01 9am", "2026-07-01T07:00:00.000Z"],
  ["at", "2026-07-01T10:00:00Z", "2026-07-01T10:00:00.000Z"],
  ["at", "2026-07-01T10:00+05:00", "2026-07-01T05:00:00.000Z"],
  ["at", "2026-07-01 10:00 +05:00", "2026-07-01T05:00:00.000Z"],
  // Clocks jump from 02:00 to 03:00.
  ["at", "2026-03-29 02:30", "2026-03-29T01:00:00.000Z"],
];

const here = (now: string, zone = VIENNA) => ({ now_ms: epochOf(now), zone });

Deno.test("times: each form means what people mean by it", () => {
  for (const [sense, text, time] of TIMES) {
    assert.equal(pointInTime(text, sense, here(WEDNESDAY)).time, time, `--${sense} ${text}`);
  }
});

Deno.test("times: a text that names its offset is not local, so a schedule needs no zone for it", () => {
  const isLocal = (text: string) => pointInTime(text, "at", here(WEDNESDAY)).isLocal;
  for (const text of ["09:00", "+1d", "tomorrow", "2026-07-01 10:00"]) {
    assert.equal(isLocal(text), true, text);
  }
  for (const text of ["2026-07-01T10:00Z", "2026-07-01T10:00+02:00"]) {
    assert.equal(isLocal(text), false, text);
  }
});

Deno.test("times: days keep their local time when clocks change, hours do not", () => {
  const before = here("2026-03-28T11:00:00.000Z");
  assert.equal(pointInTime("+1d", "at", before).time, "2026-03-29T10:00:00.000Z");
  assert.equal(pointInTime("+24h", "at", before).time, "2026-03-29T11:00:00.000Z");
  assert.equal(pointInTime("tomorrow 12:00", "at", before).time, "2026-03-29T10:00:00.000Z");
});

Deno.test("times: late in the evening, the day is the local one", () => {
  const late = here("2026-01-14T23:30:00.000Z");
  assert.equal(pointInTime("today 09:00", "at", late).time, "2026-01-15T08:00:00.000Z");
  assert.equal(pointInTime("tomorrow 09:00", "at", late).time, "2026-01-16T08:00:00.000Z");
  assert.equal(
    pointInTime("tomorrow 09:00", "at", here("2026-01-14T23:30:00.000Z", "America/New_York")).time,
    "2026-01-15T14:00:00.000Z",
  );
});

const WRONG: [Sense, string][] = [
  ...["", "now", "+5", "-5m", "2026", "2026-13-01T00:00", "12", "5 m ago", "25:00", "9:61", "13pm", "0am"]
    .map(
      (text): [Sense, string] => ["at", text],
    ),
  ...[
    "2026-02-30",
    "2026-02-30 10:00",
    "tomorrow 9",
    "tomorrow noonish",
    "mo",
    "someday",
    "1h2h",
    "+1x",
    "tomorrow today",
    "yesterday",
  ]
    .map((text): [Sense, string] => ["at", text]),
  ...["tomorrow", "+10m", "in 10m", "10", "soon"].map((text): [Sense, string] => ["since", text]),
];

Deno.test("times: another text is refused with the forms that work, which do work", () => {
  for (const [sense, text] of WRONG) {
    assert.throws(() => pointInTime(text, sense, here(WEDNESDAY)), (error) => {
      assert.ok(error instanceof ApiError && error.code === "CONFIGURATION_ERROR");
      assert.ok(error.message.startsWith(`--${sense} '${text}' is not a time. Expected: `));
      const [examples] = String(error.details.expected).split(", or a date");
      for (const example of examples!.split(", ")) pointInTime(example, sense, here(WEDNESDAY));
      return true;
    }, `--${sense} ${text}`);
  }
});

Deno.test("a TZ that the platform takes for UTC is named, unless it means UTC", () => {
  for (const tz of ["UTC+3", "CET-1", "<+03>-3", "Europe/Vena"]) {
    assert.match(zoneWarning(tz, "UTC")!, /is no IANA zone .*: times are in UTC$/, tz);
  }
  for (const tz of [undefined, "", "UTC", "Etc/UTC", ":UTC", "UTC0", "GMT", "Etc/GMT+0", "Zulu"]) {
    assert.equal(zoneWarning(tz, "UTC"), undefined, tz);
  }
  assert.equal(zoneWarning("CET", "Europe/Paris"), undefined);
});
