/** Checks as people write them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { checkOfText, checkText } from "../../src/domain/check_text.ts";

Deno.test("a check is a name, or a program with its arguments, which quotes keep together", () => {
  assert.equal(checkOfText(" "), undefined);
  assert.equal(checkOfText(" test "), "test");
  assert.deepEqual(checkOfText('"test"'), ["test"]);
  assert.deepEqual(checkOfText("npm run 'lint all' -- --x=\"a b\""), [
    "npm",
    "run",
    "lint all",
    "--",
    "--x=a b",
  ]);
  assert.deepEqual(checkOfText("sh -c ''"), ["sh", "-c", ""]);
});

Deno.test("what is shown of a check is read as the same check", () => {
  const word = fc.string({ minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (argv) => {
      const shown = checkText(argv);
      if (/[\n\r]/.test(argv.join(""))) return;
      assert.deepEqual(checkOfText(shown), argv);
    }),
  );
  assert.equal(checkOfText(checkText("test")), "test");
});
