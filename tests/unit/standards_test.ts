/** Each line of docs/standards.md names a test that is there. */
import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

Deno.test("every line of the standards names a test, or says that it is accepted without", async () => {
  const text = await Deno.readTextFile(new URL("docs/standards.md", ROOT));
  const rows = text.split("\n").filter((line) => line.startsWith("| ") && !/^\| (requirement|-)/.test(line));
  assert.ok(rows.length > 50);
  for (const row of rows) {
    const cell = row.split("|").at(-2)!.trim();
    if (cell === "accepted") continue;
    const [, file, name] = /^`(tests\/[\w/]+_test\.ts)`: (.+)$/.exec(cell) ??
      assert.fail(`names no test: ${row}`);
    const source = await Deno.readTextFile(new URL(file!, ROOT));
    assert.ok(source.includes(`"${name}`) || source.includes(`\`${name}`), `${file} has no test '${name}'`);
  }
});
