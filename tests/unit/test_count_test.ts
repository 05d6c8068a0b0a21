import assert from "node:assert/strict";
import { closingCount, summary, totalCount } from "../../scripts/test_count.ts";

Deno.test("the closing line of a test run is read with and without steps and ignored tests", () => {
  assert.deepEqual(closingCount("ok | 7 passed | 0 failed (12ms)"), { passed: 7, failed: 0, skipped: 0 });
  assert.deepEqual(closingCount("FAILED | 1 passed (1 step) | 2 failed (3 steps) | 4 ignored (1s)"), {
    passed: 1,
    failed: 2,
    skipped: 4,
  });
  assert.equal(closingCount("a test ... ok (1ms)"), undefined);
});

Deno.test("a failed check, a runner that broke and a missing closing line all count as failures", () => {
  const tests = { passed: 7, failed: 0, skipped: 1 };
  assert.deepEqual(totalCount(tests, true, [true, true]), { passed: 9, failed: 0, skipped: 1 });
  assert.deepEqual(totalCount(tests, true, [true, false]), { passed: 8, failed: 1, skipped: 1 });
  assert.equal(totalCount(tests, false, []).failed, 1);
  assert.equal(totalCount(undefined, true, []).failed, 1);
  assert.equal(totalCount({ passed: 1, failed: 2, skipped: 0 }, false, []).failed, 2);
});

Deno.test("the last line names skipped tests only when there are some", () => {
  assert.equal(summary({ passed: 3, failed: 0, skipped: 0 }), "3 passed, 0 failed");
  assert.equal(summary({ passed: 3, failed: 1, skipped: 2 }), "3 passed, 1 failed, 2 skipped");
});
