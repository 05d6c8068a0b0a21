/** What commands print and understand, without a server. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describeError } from "../../src/cli/error_text.ts";
import { taskOf } from "../../src/cli/new_task.ts";
import { clean, columns, escapedControls, fit, harmless, oneLine, wrapped } from "../../src/cli/text.ts";
import { tableLines } from "../../src/cli/table.ts";
import { type Output, Terminal } from "../../src/cli/terminal.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { NewTask } from "../../src/domain/task.ts";

Deno.test("cli text: nothing an agent prints can move the cursor, and no cut text is too wide", () => {
  assert.equal(clean("\x1b[31mred\x1b[0m \x1b]0;title\x07x\x07\r\ny\x9b1m"), "red x\ny1m");
  assert.equal(oneLine(" a\n\tb\u202e "), "a b");
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40 }), (text, width) => {
    const line = oneLine(text);
    assert.ok(columns(fit(line, width)) <= width);
    assert.equal(wrapped(line, width).join(""), line);
    if (width > 1) { for (const part of wrapped(line, width)) assert.ok(columns(part) <= width); }
  }));
  assert.equal(columns("日本👨‍👩‍👧e\u0301"), 7);
  assert.equal(fit("日本語", 5), "日本…");
});

Deno.test("cli text: a table is cut to the terminal, whole in a pipe, aligned with wide characters", () => {
  const rows = [{ id: "日本", what: "x".repeat(50) }, { id: "a", what: "short" }];
  const shown = [
    { title: "ID", value: (row: typeof rows[0]) => row.id },
    { title: "WHAT", value: (row: typeof rows[0]) => row.what },
  ];
  assert.deepEqual(tableLines(rows, shown), ["ID    WHAT", `日本  ${"x".repeat(50)}`, "a     short"]);
  assert.equal(columns(tableLines(rows, shown, 30)[1]!), 30);
});

Deno.test("cli text: the status line stays below printed lines, and is absent in a pipe", () => {
  const written: string[] = [];
  const out = (isTerminal: boolean): Output => ({
    write: (text) => void written.push(text),
    isTerminal,
    width: () => 80,
  });
  const terminal = new Terminal(out(true), out(true), false);
  terminal.status("50 %");
  terminal.line("a line");
  terminal.status("");
  assert.deepEqual(written, ["\r\x1b[K50 %", "\r\x1b[Ka line\n50 %", "\r\x1b[K"]);
  written.length = 0;
  const pipe = new Terminal(out(false), out(false), false);
  pipe.status("50 %");
  pipe.line(pipe.paint("a line", "red"));
  assert.deepEqual(written, ["a line\n"]);
});

Deno.test("cli text: any prompt becomes a task that the schema accepts", () => {
  const flags = { type: "feature", priority: "medium" } as const;
  const prompt = fc.string({ unit: "grapheme", minLength: 1, maxLength: 3000 }).filter((text) =>
    text.trim() !== ""
  );
  fc.assert(fc.property(prompt, (text) => {
    const task = NewTask.parse(taskOf(text, flags, "run_1", "/here"));
    assert.equal(task.execution!.prompt ?? task.description, task.execution!.prompt ? text : text.trim());
  }));
  assert.equal(taskOf("x", { ...flags, cwd: "sub" }, "a", "/here").execution!.working_dir, "/here/sub");
});

Deno.test("cli text: an error says each thing once, and what to do", () => {
  const told = (code: ConstructorParameters<typeof ApiError>[0], message: string, details = {}) =>
    describeError(new ApiError(code, message, details));
  assert.equal(
    told("INVALID_FIELD_VALUE", "Invalid value of 'limit'. Expected: at most 9", { expected: "at most 9" }),
    "error INVALID_FIELD_VALUE: Invalid value of 'limit'. Expected: at most 9",
  );
  assert.match(
    told("INVALID_FIELD_VALUE", "No such agent", { expected: ["a", "b"], suggestion: "a" }),
    /\nExpected: a, b\.\nDid you mean a\?$/,
  );
  assert.equal(
    told("INVALID_FIELD_VALUE", "Unknown field 'tsk'. Did you mean 'task'?", { suggestion: "task" }),
    "error INVALID_FIELD_VALUE: Unknown field 'tsk'. Did you mean 'task'?",
  );
  assert.match(
    told("RATE_LIMIT_EXCEEDED", "Slow", { retry_after_seconds: 7, limit: "burst_per_second" }),
    /\nTry again in 7 s \(limits\.burst_per_second\)\.$/,
  );
  // No key of the configuration.
  assert.match(
    told("RATE_LIMIT_EXCEEDED", "Slow", { retry_after_seconds: 7, limit: "authentication_failures" }),
    /\nTry again in 7 s\.$/,
  );
  assert.match(
    told("CHANGES_CONFLICT", "They conflict", { reason: "conflict", files: ["a b.txt", "x\x1b[31m"] }),
    /^error CHANGES_CONFLICT: They conflict\n {2}a b\.txt\n {2}x\nNothing has changed\. .*update ID --resolve agent/,
  );
  const many = Array.from({ length: 25 }, (_, i) => `f${i}`);
  assert.match(
    told("CHANGES_CONFLICT", "Loose", { reason: "uncommitted", files: many }),
    /\n {2}f19\n {2}and 5 more\nNothing has changed\. Commit, stash/,
  );
  assert.match(told("CONNECTION_LOST", "No connection"), /opencode-agents serve/);
  assert.equal(told("CONNECTION_LOST", "Late", { sent: true }), "error CONNECTION_LOST: Late");
});

Deno.test("nothing but text and colors reaches a terminal, whoever wrote it; pipes get what there is", () => {
  const evil = "a\x1b]0;title\x07b\x9b2Jc\x90d\x85e\x1b[2Jf\rg\x1b[31mred\x1b[0m\u202eh\ti\nj";
  // deno-lint-ignore no-control-regex
  const harmlessText = /^[^\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*$/;
  const written = { out: "", err: "" };
  const output = (to: "out" | "err", isTerminal: boolean): Output => ({
    write: (text) => void (written[to] += text),
    isTerminal,
    width: () => 80,
  });
  const terminal = new Terminal(output("out", true), output("err", true), true);
  terminal.line(evil);
  terminal.note(evil);
  terminal.json({ evil });
  for (const text of [written.out, written.err]) {
    assert.match(text.replaceAll("\x1b[31m", "").replaceAll("\x1b[0m", ""), harmlessText);
    assert.ok(!text.includes("\x1b]"));
  }
  assert.ok(written.out.includes("\x1b[31mred\x1b[0m"), "colors stay");
  written.out = "";
  const pipe = new Terminal(output("out", false), output("err", false), false);
  pipe.line(evil);
  assert.equal(written.out, `${evil}\n`);
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.match(harmless(text).replaceAll("\x1b", ""), harmlessText);
    assert.equal(JSON.parse(escapedControls(JSON.stringify(text))), text);
    assert.match(escapedControls(JSON.stringify(text)), harmlessText);
  }));
});
