import assert from "node:assert/strict";
import { checkScheduledTime } from "../../src/api/scheduled_time.ts";
import { epochOf, isoTime } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";

const NOW = epochOf("2026-01-01T12:00:00.000Z");

Deno.test("a scheduled time is a minute ahead, less two seconds on the way; at most a year", () => {
  for (const seconds of [58, 59.5, 60, 366 * 86_400]) {
    checkScheduledTime(isoTime(NOW + seconds * 1000), NOW);
  }
  const refused: [seconds: number, why: RegExp][] = [
    [57.999, /at least 60 seconds in the future/],
    [1, /at least 60 seconds in the future/],
    [0, /must be in the future/],
    [-60, /must be in the future/],
    [366 * 86_400 + 1, /more than 1 year/],
  ];
  for (const [seconds, why] of refused) {
    assert.throws(
      () => checkScheduledTime(isoTime(NOW + seconds * 1000), NOW),
      (error) =>
        error instanceof ApiError && error.code === "INVALID_SCHEDULE_TIME" && why.test(error.message),
      String(seconds),
    );
  }
});
