/** No promise without a test: `docs/promises.md` names tests that exist for each. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileNames, ROOT } from "./fixtures/sources.ts";

interface Promised {
  promise: string;
  tests: string[];
}

/** The rows of the table whose columns are the promise, how it is tested, and where. */
function promises(page: string): Promised[] {
  const [, table = ""] = page.split("| promise | how it is tested | where |\n");
  const rows = table.split("\n").slice(1);
  const end = rows.findIndex((row) => !row.startsWith("|"));
  return rows.slice(0, end).map((row) => {
    const [, promise = "", , where = ""] = row.split("|").map((cell) => cell.trim());
    return { promise, tests: [...where.matchAll(/`(tests\/[^`]+)`/g)].map(([, path]) => path!) };
  });
}

/** The promises that the list in bold type makes. */
function listed(page: string): string[] {
  return [...page.matchAll(/^- \*\*(.+?)\.\*\*/gm)].map(([, promise]) => promise!);
}

/** What is wrong with a promise's tests; undefined when each is there. */
function complaint({ promise, tests }: Promised, files: readonly string[]): string | undefined {
  if (tests.length === 0) return `'${promise}' names no test`;
  const missing = tests.filter((test) => !files.some((file) => file === test || file.startsWith(`${test}/`)));
  if (missing.length > 0) return `'${promise}' names ${missing}, which does not exist`;
}

Deno.test("each promise names a test that exists", async () => {
  const page = await Deno.readTextFile(join(ROOT, "docs/promises.md"));
  const files = await fileNames();
  const all = promises(page);
  assert.ok(all.length >= 9, `${all.length} promises found`);
  assert.deepEqual(all.map((one) => complaint(one, files)).filter((one) => one !== undefined), []);
});

Deno.test("each promise that is listed is in the table", async () => {
  const page = await Deno.readTextFile(join(ROOT, "docs/promises.md"));
  const tested = promises(page).map(({ promise }) => promise);
  const made = listed(page);
  assert.ok(made.length >= 5, `${made.length} promises found`);
  assert.deepEqual(made.filter((promise) => !tested.includes(promise)), []);
});

Deno.test("a promise without a test, and one whose test is gone, are found", () => {
  const page = `
| promise | how it is tested | where |
| --- | --- | --- |
| a | it is not | [elsewhere](durability.md) |
| b | it was | \`tests/faults/gone_test.ts\` |
| c | it is | \`tests/unit\` |

| d | another table | |
`;
  const found = promises(page).map((one) => complaint(one, ["tests/unit/promises_test.ts"]));
  assert.deepEqual(found, [
    "'a' names no test",
    "'b' names tests/faults/gone_test.ts, which does not exist",
    undefined,
  ]);
});
