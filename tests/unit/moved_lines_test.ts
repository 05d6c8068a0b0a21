/** Where the lines of a comment are after a file has changed. */
import assert from "node:assert/strict";
import { structuredPatch } from "diff";
import fc from "fast-check";
import { hunksOf, movedLines } from "../../src/domain/moved_lines.ts";

const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });

/** As git prints them without context. */
function hunksBetween(before: readonly string[], after: readonly string[]) {
  const text = (some: readonly string[]) => some.map((line) => `${line}\n`).join("");
  const { hunks } = structuredPatch("x", "x", text(before), text(after), "", "", { context: 0 });
  return hunks.map(({ oldStart, oldLines, newLines }) => ({
    old_start: oldLines === 0 ? oldStart - 1 : oldStart,
    old_count: oldLines,
    new_count: newLines,
  }));
}

Deno.test("moved lines: where lines are found again, they are the same; lines of an equal file stay", () => {
  fc.assert(
    fc.property(lines, lines, fc.nat(11), fc.nat(4), (before, after, at, more) => {
      fc.pre(before.length > 0);
      const line = at % before.length + 1;
      const end_line = Math.min(before.length, line + more);
      const moved = movedLines(hunksBetween(before, after), { line, end_line });
      if (moved) {
        assert.deepEqual(after.slice(moved.line - 1, moved.end_line), before.slice(line - 1, end_line));
      }
      assert.deepEqual(movedLines([], { line, end_line }), { line, end_line });
    }),
  );
});

Deno.test("moved lines: lines before and after them may come and go", () => {
  fc.assert(
    fc.property(lines, lines, lines, lines, (above, below, newAbove, newBelow) => {
      const own = ["a", "b", "c"];
      const after = above.length + own.length;
      const hunks = [
        ...hunksBetween(above, newAbove),
        ...hunksBetween(below, newBelow).map((hunk) => ({ ...hunk, old_start: hunk.old_start + after })),
      ];
      assert.deepEqual(
        movedLines(hunks, { line: above.length + 1, end_line: above.length + 3 }),
        { line: newAbove.length + 1, end_line: newAbove.length + 3 },
      );
    }),
  );
});

for (
  const [what, patch, range, moved] of [
    ["a changed line", "@@ -3 +3 @@", [3, 3], undefined],
    ["a removed line", "@@ -2,2 +1,0 @@", [3, 3], undefined],
    ["an insertion between them", "@@ -3,0 +4,2 @@", [3, 4], undefined],
    ["an insertion after them", "@@ -4,0 +5,2 @@ function", [3, 4], [3, 4]],
    ["an insertion before them", "@@ -2,0 +3,2 @@", [3, 4], [5, 6]],
    ["an insertion at the beginning", "@@ -0,0 +1 @@", [1, 1], [2, 2]],
    ["lines removed before them", "@@ -1,2 +0,0 @@", [3, 4], [1, 2]],
    ["several", "@@ -1 +1,3 @@\n-a\n+b\n@@ -9,2 +10 @@", [4, 5], [6, 7]],
  ] as const
) {
  Deno.test(`moved lines: ${what}`, () => {
    const [line, end_line] = range;
    const expected = moved && { line: moved[0], end_line: moved[1] };
    assert.deepEqual(movedLines(hunksOf(`--- a/x\n+++ b/x\n${patch}\n`), { line, end_line }), expected);
  });
}
