/** A review as one message: what the agent is told of each comment. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { reviewMessage } from "../../src/domain/review_message.ts";

Deno.test("review message: each comment has its file, its lines, what they say, and the text", () => {
  assert.equal(
    reviewMessage("Almost there.\n", [
      { path: "src/a.ts", line: 3, text: "Too short a name", lines: "const a = 1;\n" },
      { path: "b.md", line: 1, end_line: 2, side: "old", text: "Why is this gone?", lines: "one\ntwo\n" },
      { path: "c", line: 9, text: "Where?", lines: "was\n", outdated: true },
      { path: "bin", line: 1, text: "What is this?" },
    ]),
    [
      "Almost there.",
      "These are 4 review comments on your changes. Please act on each of them.",
      "### 1. `src/a.ts`, line 3",
      "```\nconst a = 1;\n```",
      "Too short a name",
      "### 2. `b.md`, lines 1-2 of the version before your changes",
      "```\none\ntwo\n```",
      "Why is this gone?",
      "### 3. `c`, line 9",
      "This comment is outdated: the lines have changed since it was written. They were:",
      "```\nwas\n```",
      "Where?",
      "### 4. `bin`, line 1",
      "What is this?",
    ].join("\n\n"),
  );
});

Deno.test("review message: a message alone is the message", () => {
  assert.equal(reviewMessage("Please use tabs.", []), "Please use tabs.");
});

Deno.test("review message: lines never end their own block, whatever they hold", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("`", "```", "````ts", "a\n", "\n"), { maxLength: 20 }), (parts) => {
      const lines = `${parts.join("")}\n`;
      const [, block] = reviewMessage(undefined, [{ path: "a", line: 1, text: "END", lines }])
        .split("### 1. `a`, line 1\n\n");
      const fence = block!.split("\n")[0]!;
      const inside = block!.slice(fence.length + 1, block!.lastIndexOf(`\n${fence}\n\nEND`));
      assert.equal(inside, lines.slice(0, -1));
      assert.ok(!inside.includes(fence));
    }),
  );
});

Deno.test("review message: a name with line ends or backticks stays one line", () => {
  const text = reviewMessage(undefined, [{ path: "a`\nrm -rf", line: 1, text: "x" }]);
  assert.match(text, /^### 1\. "a`\\nrm -rf", line 1$/m);
});

Deno.test("review message: the most that may be said fits into one message", () => {
  const comments = Array.from({ length: 200 }, (_, i) => ({
    path: "p".repeat(200) + i,
    line: i + 1,
    text: "t".repeat(650),
    lines: "é".repeat(5000),
  }));
  assert.ok(new TextEncoder().encode(reviewMessage("m", comments)).length <= 288 << 10);
});
