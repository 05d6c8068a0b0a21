/** What the changes page makes of a patch: its rows, and which of them stand beside each other. */
import assert from "node:assert/strict";
import { type Pair, pairsOf, rowsOf } from "../../src/dashboard/pages/task/changes/diff_rows.ts";

/** The texts on both sides; `–` where one has no line. */
function sides(patch: string): string[] {
  const rows = rowsOf(patch);
  const text = (index: number | undefined) => {
    const row = index === undefined ? undefined : rows[index]!;
    return row === undefined ? "–" : "text" in row ? row.text : "…";
  };
  return pairsOf(rows).map((pair: Pair) =>
    "whole" in pair ? `= ${text(pair.whole)}` : `${text(pair.left)} | ${text(pair.right)}`
  );
}

Deno.test("diff rows: removed lines stand beside the added ones that follow them; what is more stands alone", () => {
  const patch = [
    "@@ -2,5 +2,5 @@",
    " before",
    "-one",
    "-two",
    "+eins",
    " between",
    "-three",
    "+drei",
    "+vier",
    "\\ No newline at end of file",
  ].join("\n");
  assert.deepEqual(sides(patch), [
    "= …",
    "before | before",
    "one | eins",
    "two | –",
    "between | between",
    "three | drei",
    "– | vier",
    "= No newline at end of file",
  ]);
});

Deno.test("diff rows: a new file and a deleted one have one side each", () => {
  assert.deepEqual(sides("@@ -0,0 +1,2 @@\n+a\n+b"), ["– | a", "– | b"]);
  assert.deepEqual(sides("@@ -1,2 +0,0 @@\n-a\n-b"), ["a | –", "b | –"]);
});

Deno.test("diff rows: lines that are removed after added ones are another change", () => {
  assert.deepEqual(sides("@@ -1,1 +1,1 @@\n+new\n-old"), ["– | new", "old | –"]);
});
