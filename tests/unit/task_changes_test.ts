/** What the task's page makes of the log of tool calls. */
import assert from "node:assert/strict";
import { callsOf, changedFiles, durationOf } from "../../src/dashboard/pages/task/tool_calls.ts";
import type { LogEntry } from "../../src/domain/log_entry.ts";

let second = 0;

function entry(
  id: string,
  status: string,
  message: string,
  more: Record<string, unknown> = {},
  attempt = 1,
): LogEntry {
  return {
    time: `2026-01-01T00:00:${String(second++).padStart(2, "0")}.000Z`,
    level: "info",
    message,
    agent: "t",
    source: "tool",
    details: { tool_call_id: id, kind: "edit", status, ...more },
    context: { attempt },
  };
}

const diff = (path: string, added: number, removed?: number) => ({ path, added, removed, patch: "" });

Deno.test("tool calls: what a call printed is shown under it, also if it prints after its end", () => {
  const printed = (id: string, text: string) => entry(id, "", text, { status: undefined, output: true });
  const [first, second, ...more] = callsOf([
    entry("1", "in_progress", "make", { kind: "execute" }),
    printed("1", "cc main.c"),
    entry("2", "in_progress", "ls", { kind: "execute" }),
    printed("2", "main.c"),
    entry("1", "completed", "make: completed"),
    printed("1", "in the background"),
    printed("3", "of a call that is not there"),
  ]);
  assert.deepEqual([first!.output, first!.status], ["cc main.c\nin the background\n", "completed"]);
  assert.deepEqual([second!.output, second!.status, more.length], ["main.c\n", "in_progress", 0]);
});

Deno.test("tool calls: entries are grouped by call, even if ids repeat", () => {
  second = 0;
  const calls = callsOf([
    entry("1", "pending", "Edit", { raw_input: { a: 1 } }),
    entry("2", "in_progress", "Run it: completed soon", { kind: "execute", locations: ["/x"] }),
    entry("1", "completed", "Edit a.ts: completed"),
    entry("2", "failed", "Run it: failed: no such file: failed: twice"),
    entry("1", "in_progress", "Edit again"),
    entry("1", "failed", "Edit again: failed"),
    entry("1", "in_progress", "In the next attempt", {}, 2),
  ]);
  assert.deepEqual(
    calls.map((call) => [call.title, call.status, call.kind, durationOf(call), call.error, call.attempt]),
    [
      ["Edit a.ts", "completed", "edit", 2000, undefined, 1],
      ["Run it", "failed", "edit", 2000, "no such file: failed: twice", 1],
      ["Edit again", "failed", "edit", 1000, undefined, 1],
      ["In the next attempt", "in_progress", "edit", undefined, undefined, 2],
    ],
  );
  assert.deepEqual([calls[0]!.input, calls[1]!.locations], [{ a: 1 }, ["/x"]]);
  assert.equal(new Set(calls.map(({ key }) => key)).size, 4);
});

Deno.test("changed files: the edits of a file are grouped in order and summed", () => {
  second = 0;
  const files = changedFiles(callsOf([
    entry("1", "completed", "One: completed", { diffs: [diff("b.ts", 1, 0), diff("a.ts", 2, 1)] }),
    entry("2", "completed", "Two: completed", { diffs: [diff("b.ts", 3)] }),
  ]));
  assert.deepEqual(
    files.map(({ path, added, removed, edits }) => [path, added, removed, edits.map(({ title }) => title)]),
    [["b.ts", 4, 0, ["One", "Two"]], ["a.ts", 2, 1, ["One"]]],
  );
});
