import assert from "node:assert/strict";
import { closingCount, countOf, summary, totalCount } from "../../scripts/test_count.ts";

Deno.test("the closing line of a test run is read with and without steps and ignored tests", () => {
  assert.deepEqual(closingCount("ok | 7 passed | 0 failed (12ms)"), { passed: 7, failed: 0, skipped: 0 });
  assert.deepEqual(closingCount("FAILED | 1 passed (1 step) | 2 failed (3 steps) | 4 ignored (1s)"), {
    passed: 1,
    failed: 2,
    skipped: 4,
  });
  assert.equal(closingCount("a test ... ok (1ms)"), undefined);
});

Deno.test("a process that crashed or ended without a closing line counts as a failure", () => {
  const output = "running 7 tests\n\nok | 7 passed | 0 failed | 1 ignored (12ms)\n";
  assert.deepEqual(countOf(output, true), { passed: 7, failed: 0, skipped: 1 });
  assert.deepEqual(countOf(output, false), { passed: 7, failed: 1, skipped: 1 });
  assert.deepEqual(countOf("error: it broke\n", true), { passed: 0, failed: 1, skipped: 0 });
  assert.equal(countOf("FAILED | 1 passed | 2 failed (1s)", false).failed, 2);
});

Deno.test("the total is the sum of all processes, and each check counts as a test", () => {
  const tests = [{ passed: 7, failed: 0, skipped: 1 }, { passed: 1, failed: 2, skipped: 0 }];
  assert.deepEqual(totalCount(tests, [true, false]), { passed: 9, failed: 3, skipped: 1 });
  assert.deepEqual(totalCount([], []), { passed: 0, failed: 0, skipped: 0 });
});

Deno.test("the last line names skipped tests only when there are some", () => {
  assert.equal(summary({ passed: 3, failed: 0, skipped: 0 }), "3 passed, 0 failed");
  assert.equal(summary({ passed: 3, failed: 1, skipped: 2 }), "3 passed, 1 failed, 2 skipped");
});
