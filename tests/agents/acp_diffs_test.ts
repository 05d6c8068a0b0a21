/** What agents report of files, as patches: each agent's own way, and what nobody may send. */
import assert from "node:assert/strict";
import { applyPatch } from "diff";
import fc from "fast-check";
import { diffReader } from "../../src/agents/acp/diffs.ts";
import { Transcript } from "../../src/agents/acp/transcript.ts";
import { opencode } from "../../src/agents/makes/opencode.ts";
import { EventQueue } from "../../src/agents/reporting/event_queue.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { timeLimit } from "../fixtures/time_limit.ts";

const DIR = "/home/me/project";
/** OpenCode's way includes the protocol's. */
const diffsOf = diffReader(opencode.changesOf, DIR);
const part = (oldText: string | null, newText: string, path = `${DIR}/src/a.ts`) => ({
  type: "diff",
  path,
  oldText,
  newText,
});
const diffed = (oldText: string | null, newText: string) =>
  diffsOf({ content: [part(oldText, newText)] })![0]!;

Deno.test("acp diffs: the texts before and after an edit become a patch with a path inside the folder", () => {
  const lines = Array.from({ length: 20 }, (_, i) => `line ${i + 1}\n`);
  const diff = diffed(lines.join(""), lines.with(9, "changed\n").join(""));
  assert.deepEqual([diff.path, diff.added, diff.removed, diff.note], ["src/a.ts", 1, 1, undefined]);
  assert.equal(
    diff.patch,
    [
      "--- a/src/a.ts",
      "+++ b/src/a.ts",
      "@@ -7,7 +7,7 @@",
      ...[" line 7", " line 8", " line 9", "-line 10", "+changed", " line 11", " line 12", " line 13"],
      "",
    ].join("\n"),
  );
});

Deno.test("acp diffs: new files, files elsewhere, and several at once", () => {
  const diffs = diffsOf(
    { content: [part(null, "a\nb"), part("x\n", "", "/etc/hosts"), part("", "1", "./b.ts")] },
  )!;
  assert.deepEqual(diffs.map(({ path, added, removed }) => [path, added, removed]), [
    ["src/a.ts", 2, 0],
    ["/etc/hosts", 0, 1],
    ["./b.ts", 1, 0],
  ]);
  assert.match(
    diffs[0]!.patch!,
    /^--- \/dev\/null\n\+\+\+ b\/src\/a\.ts\n@@ -0,0 \+1,2 @@\n\+a\n\+b\n\\ No newline/,
  );
});

Deno.test("acp diffs: line numbers of a partial text start at its place in the file", () => {
  const diffs = diffsOf({
    content: [part("old", "new")],
    locations: [{ path: `${DIR}/src/a.ts`, line: 41 }],
  })!;
  assert.match(diffs[0]!.patch!, /@@ -41,1 \+41,1 @@/);
});

Deno.test("acp diffs: OpenCode's own patch takes precedence over fragments; whole written files are read, too", () => {
  const own = "Index: x\n===\n--- x\n+++ x\n@@ -30,2 +30,2 @@\n same\n-old\n+new\n";
  const edit = diffsOf({
    rawInput: { filePath: `${DIR}/b.ts`, oldString: "old", newString: "new" },
    content: [part("old", "new", `${DIR}/b.ts`)],
    rawOutput: { metadata: { diff: own } },
  })!;
  assert.deepEqual(edit, [{
    path: "b.ts",
    added: 1,
    removed: 1,
    patch: "--- a/b.ts\n+++ b/b.ts\n@@ -30,2 +30,2 @@\n same\n-old\n+new\n",
  }]);
  const write = (exists: unknown) =>
    diffsOf({
      rawInput: { filePath: `${DIR}/c.ts`, content: "one\n" },
      rawOutput: { metadata: { exists } },
    });
  assert.deepEqual(write(false)!.map(({ added, removed }) => [added, removed]), [[1, 0]]);
  assert.equal(write(true)![0]!.removed, undefined);
  assert.match(write(true)![0]!.note!, /did not report/);
  assert.equal(write(undefined), undefined);
  const several = diffsOf({ rawOutput: { metadata: { files: [{ filePath: "/x", patch: own }] } } })!;
  assert.equal(several[0]!.path, "/x");
});

Deno.test("acp diffs: long, binary or entirely different texts are bounded in size and time", () => {
  assert.deepEqual(diffed("a\0b", "c"), { path: "src/a.ts", added: 0, removed: 0, note: "Not a text file" });
  const huge = "line\n".repeat(200_000);
  const grown = diffed(huge, `${huge}more\n`);
  assert.deepEqual([grown.added, grown.removed, grown.patch], [1, 0, undefined]);
  assert.match(grown.note!, /Too large/);

  const words = (seed: number) => Array.from({ length: 4000 }, (_, i) => `${(i * seed) % 7919}\n`).join("");
  const started = performance.now();
  const different = diffed(words(31), words(37));
  assert.ok(performance.now() - started < timeLimit(2000));
  assert.equal(different.added, 4000 - 1);
  assert.match(different.note!, /^The last \d+ of \d+ lines of the patch are left out$/);

  const minified = diffed("x".repeat(90_000), "y".repeat(90_000));
  assert.ok(minified.patch!.length < 3000);
  const many = diffsOf(
    { content: Array.from({ length: 50 }, () => part(null, "å\u0001\n".repeat(9000))) },
  )!;
  assert.equal(many.length, 20);
  assert.ok(new TextEncoder().encode(JSON.stringify(many)).length < 32_000);
});

Deno.test("acp diffs: applying a whole patch to the old text gives the new text", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", "", "å"), { maxLength: 12 }).map((l) => l.join("\n"));
  fc.assert(fc.property(text, text, (before, after) => {
    const { patch } = diffed(before, after);
    if (before === after) assert.equal(patch, undefined);
    else assert.equal(applyPatch(before, patch!), after);
  }));
  const before = Array.from({ length: 700 }, (_, i) => `${i}\n`).join("");
  const after = `0\n1\n2\n3\n4\n${Array.from({ length: 700 }, (_, i) => `n${i}\n`).join("")}699`;
  const { patch, note } = diffed(before, after);
  assert.equal(note, undefined);
  assert.equal(applyPatch(before, patch!), after);
});

Deno.test("acp diffs: no input from an agent makes it throw", () => {
  const value = fc.anything({ maxDepth: 4, withNullPrototype: false });
  const metadata = fc.record({ diff: value, files: value, exists: value, filediff: value }, {
    requiredKeys: [],
  });
  const content = fc.oneof(
    value,
    fc.array(
      fc.record({ type: fc.constant("diff"), path: fc.string(), oldText: value, newText: fc.string() }),
    ),
  );
  fc.assert(fc.property(content, value, metadata, value, (content, rawInput, metadata, locations) => {
    for (const { path } of diffsOf({ content, rawInput, locations, rawOutput: { metadata } }) ?? []) {
      assert.ok(path.length <= 1000);
    }
  }));
});

Deno.test("acp diffs: the log has the diffs of completed calls only", async () => {
  const entries: Record<string, unknown>[] = [];
  const transcript = new Transcript(
    systemClock,
    new EventQueue("t", (event) => {
      if (event.kind === "log") entries.push(event.details!);
    }),
    diffsOf,
    () => false,
  );
  const tell = (toolCallId: string, status: string, content?: unknown) =>
    transcript.toolCall({ toolCallId, status, title: "Edit", ...(content ? { content } : {}) });
  await tell("1", "in_progress", [part("a\n", "b\n")]);
  await tell("1", "completed");
  await tell("2", "in_progress", [part("a\n", "b\n")]);
  await tell("2", "failed");
  await transcript.end();
  assert.deepEqual(entries.map(({ status, diffs }) => [status, (diffs as unknown[])?.length]), [
    ["in_progress", undefined],
    ["completed", 1],
    ["in_progress", undefined],
    ["failed", undefined],
  ]);
});
