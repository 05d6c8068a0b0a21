/** Large tasks that wait are bounded by what they hold together; ordinary ones are not. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ApiError } from "../../src/domain/errors.ts";
import { countedBytes, requireRoom, WAITING_BYTES_MAX } from "../../src/domain/waiting_bytes.ts";

Deno.test("what is counted of a task is about its JSON, beyond what is free", () => {
  const spec = fc.object({
    maxDepth: 4,
    values: [fc.string(), fc.integer(), fc.boolean(), fc.constant(null)],
  });
  fc.assert(fc.property(spec, (value) => {
    const json = JSON.stringify(value).length;
    const counted = countedBytes(value);
    assert.ok(
      counted === 0 ? json < 4096 : counted + 1024 > json / 4 && counted < json * 4,
      `${counted} of ${json}`,
    );
  }));
  const large = { metadata: { note: "x".repeat(750_000) } };
  assert.ok(Math.abs(countedBytes(large) - 750_000) < 2000);
});

Deno.test("a task that does not fit is refused with what there is; a small one always fits", () => {
  const large = { metadata: { note: "x".repeat(750_000) } };
  requireRoom(large, WAITING_BYTES_MAX - 760_000);
  assert.throws(
    () => requireRoom(large, WAITING_BYTES_MAX - 740_000),
    (error) => {
      assert.ok(error instanceof ApiError && error.code === "RATE_LIMIT_EXCEEDED");
      assert.deepEqual(Object.keys(error.details).sort(), [
        "current",
        "current_limit",
        "limit",
        "requested",
        "retry_after_seconds",
      ]);
      return true;
    },
  );
  requireRoom({ description: "small" }, WAITING_BYTES_MAX * 2);
});
