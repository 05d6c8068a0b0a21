/** Short programs: what they print, and that none of them holds its caller up. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { runBriefly } from "../../src/host/processes/brief_program.ts";

Deno.test("brief program: its output and exit code come back, in UTC and plain English", async () => {
  const { code, stdout, stderr } = await runBriefly(systemClock, "sh", [
    "-c",
    'echo "$TZ $LC_ALL"; echo no >&2; exit 3',
  ]);
  assert.deepEqual([code, stdout, stderr], [3, "UTC C\n", "no\n"]);
});

Deno.test("brief program: more output than one buffer holds is whole", async () => {
  const { stdout } = await runBriefly(systemClock, "sh", ["-c", "yes é | head -n 40000"]);
  assert.equal(stdout, "é\n".repeat(40_000));
});

for (
  const [what, script] of [
    ["it is killed", "exec sleep 300"],
    ["it is killed though its child holds the pipes", "sleep 3 & exec sleep 300"],
  ] as const
) {
  Deno.test(`brief program: when it does not end in time, ${what}`, async () => {
    await assert.rejects(
      runBriefly(systemClock, "sh", ["-c", script], 100),
      (error) =>
        error instanceof ApiError && error.code === "SERVICE_UNAVAILABLE" &&
        error.details.retry_after_seconds === 1 && /did not answer within 100 ms/.test(error.message),
    );
  });
}

Deno.test("brief program: one that prints without end is killed before it fills the memory", async () => {
  await assert.rejects(runBriefly(systemClock, "sh", ["-c", "yes & exec yes"], 60_000), (error) => {
    assert.ok(error instanceof ApiError);
    assert.match(error.message, /'sh' cannot be used: it printed more than \d+ bytes/);
    return true;
  });
});

Deno.test("brief program: a missing program is named", async () => {
  await assert.rejects(runBriefly(systemClock, "no-such-program", []), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.code, error.details.missing], ["SERVICE_UNAVAILABLE", ["no-such-program"]]);
    return true;
  });
});
