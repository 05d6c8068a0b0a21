/** A task's conversation as the dashboard shows it: what was said, the tools between, and where turns end. */
import assert from "node:assert/strict";
import { type Entry, timelineOf, type TimelineSources } from "../../src/dashboard/pages/task/timeline.ts";
import type { ToolCall } from "../../src/dashboard/pages/task/tool_calls.ts";
import { repeatsDiffs } from "../../src/dashboard/pages/task/repeated_input.ts";
import { gathered, wordsOf } from "../../src/dashboard/pages/task/tool_words.ts";

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z`;

type Message = TimelineSources["messages"][number];

function message(id: string, role: Message["role"], turn: number, second: number, text: string): Message {
  return { id, role, turn, attempt: 1, source: "message", text, at: at(second), state: "delivered" };
}

const note = (second: number, message: string, details = {}): TimelineSources["notes"][number] => ({
  time: at(second),
  level: "info",
  message,
  agent: "task",
  source: "agent",
  details,
  context: {},
});

function call(key: string, kind: string, second: number, more: Partial<ToolCall> = {}): ToolCall {
  return {
    key,
    title: key,
    kind,
    status: "completed",
    attempt: 1,
    started_at: at(second),
    locations: [],
    diffs: [],
    output: "",
    ...more,
  };
}

const turn = (turn: number, from: number, to: number): TimelineSources["turns"][number] => ({
  turn,
  attempt: 1,
  output: "",
  started_at: at(from),
  ended_at: at(to),
  usage: { cost: { amount: .5, currency: "USD" } },
});

const attempt = (more = {}): TimelineSources["attempts"][number] =>
  ({ attempt: 1, agent: "a", started_at: at(1), ...more }) as TimelineSources["attempts"][number];

const shown = (entries: readonly Entry[]) =>
  entries.map((entry) => {
    switch (entry.kind) {
      case "said":
        return `${entry.role}: ${entry.text}`;
      case "tools":
        return `tools: ${entry.calls.map(({ key }) => key).join(", ")}`;
      case "turn":
        return `turn ${entry.turn}, ${entry.took_ms} ms, ${entry.cost}`;
      case "checks":
        return `checks: ${entry.checks.map(({ command, ok }) => `${command} ${ok}`).join(", ")}`;
      case "trouble":
        return `trouble: ${entry.text}`;
    }
  });

const NOTHING: TimelineSources = { messages: [], notes: [], calls: [], turns: [], attempts: [] };

Deno.test("timeline: each turn has its message, what was said and done in order, and its end", () => {
  const entries = timelineOf({
    ...NOTHING,
    messages: [
      message("m1", "user", 1, 0, "Do it"),
      message("m2", "agent", 1, 5, "Done."),
      message("m3", "user", 2, 3, "And this"),
      { ...message("m4", "user", 3, 4, "Later"), state: "queued" },
    ],
    notes: [note(1, "First"), note(3, "I look", { joined_by: " " }), note(4, "Done."), note(8, "At work")],
    calls: [call("read", "read", 2), call("edit", "edit", 3), call("run", "execute", 7)],
    turns: [turn(1, 1, 5)],
  });
  assert.deepEqual(shown(entries), [
    "user: Do it",
    "agent: First",
    "tools: read",
    "agent: I look",
    "tools: edit",
    "agent: Done.",
    "turn 1, 4000 ms, $0.50",
    "user: And this",
    "tools: run",
    "agent: At work",
  ]);
});

Deno.test("timeline: an answer is shown as it was written, and once, with the log or without it", () => {
  const answer = message("m2", "agent", 1, 5, "```\nif a:\n    b\n```");
  const sources = {
    ...NOTHING,
    messages: [message("m1", "user", 1, 0, "Do it"), answer],
    turns: [turn(1, 1, 5)],
  };
  const texts = ["user: Do it", `agent: ${answer.text}`, "turn 1, 4000 ms, $0.50"];
  assert.deepEqual(shown(timelineOf(sources)), texts);
  const logged = [note(3, "```\nif a:"), note(4, "b\n```")];
  assert.deepEqual(shown(timelineOf({ ...sources, notes: logged })), texts);
  // The log has the beginning of an answer that is stored cut.
  const long = { ...sources, notes: [note(3, "A beginning."), ...logged] };
  assert.match(shown(timelineOf(long))[1]!, /^agent: A beginning\.[\s\S]*b\n```$/);
});

Deno.test("timeline: the checks of a turn stand after its answer, before its end", () => {
  const check = { command: "npm test", ok: false, exit_code: 1, duration_ms: 5, output: "" };
  const entries = timelineOf({
    ...NOTHING,
    messages: [message("m1", "user", 1, 0, "Do it"), message("m2", "agent", 1, 4, "Done.")],
    turns: [{ ...turn(1, 1, 5), checks: [check, { ...check, command: "lint", ok: true }] }],
  });
  assert.deepEqual(shown(entries), [
    "user: Do it",
    "agent: Done.",
    "checks: npm test false, lint true",
    "turn 1, 4000 ms, $0.50",
  ]);
});

Deno.test("timeline: what failed stands where its attempt ended", () => {
  const failed = attempt({ ended_at: at(5), outcome: "failed", error: "Exit code 3" });
  const messages = [message("m1", "user", 1, 0, "Do it")];
  assert.deepEqual(shown(timelineOf({ ...NOTHING, messages, attempts: [failed] })), [
    "user: Do it",
    "trouble: Exit code 3",
  ]);
});

Deno.test("tool words: verbs in the past, the object in code, paths within the folder, reading in one line", () => {
  const words = (call: ToolCall, isOver = true) => {
    const { verb, object } = wordsOf(call, isOver, "/srv/shop");
    return `${verb} ${object}`.trim();
  };
  assert.equal(words(call("x", "execute", 1, { input: { command: ["npm", "test"] } })), "Ran npm test");
  assert.equal(
    words(call("x", "edit", 1, { locations: ["/srv/shop/a.ts", "/srv/shop/b.ts"] })),
    "Changed a.ts and 1 more",
  );
  assert.equal(words(call("x", "read", 1, { locations: ["/etc/hosts"] }), false), "Reading /etc/hosts");
  assert.equal(words(call("Ask the oracle", "other", 1)), "Ask the oracle");
  assert.equal(words(call("Write /srv/shop/src/a.ts", "other", 1)), "Write src/a.ts");
  const input = { command: "cd /srv/shop && cat '/srv/shop/a b' /srv/shop2/x /old/srv/shop/y" };
  assert.equal(
    words(call("x", "execute", 1, { input })),
    "Ran cd . && cat 'a b' /srv/shop2/x /old/srv/shop/y",
  );
  const lines = gathered([
    call("a", "read", 1),
    call("b", "search", 2),
    call("c", "edit", 3),
    call("d", "read", 4),
    call("e", "read", 5, { status: "failed" }),
  ]);
  assert.deepEqual(
    lines.map((line) => "calls" in line ? line.calls.map(({ key }) => key).join("+") : line.key),
    [
      "a+b",
      "c",
      "d",
      "e",
    ],
  );
});

Deno.test("tool input: it is folded if the changes beside it say it all", () => {
  const patch = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n";
  const diffs = [{ path: "x", added: 1, removed: 1, patch }];
  const input = {
    file_path: "/srv/x",
    old_string: "one\ntwo",
    new_string: "one\nthree\n",
    replace_all: false,
  };
  assert.ok(repeatsDiffs(input, diffs));
  assert.ok(!repeatsDiffs(input, []), "nothing else says it");
  assert.ok(!repeatsDiffs({ file: "x", step: 3 }, diffs), "what is short takes no room");
  assert.ok(!repeatsDiffs({ ...input, command: "rm -rf x\nls" }, diffs), "there is more in it");
  assert.ok(!repeatsDiffs({ edits: [{ text: "four\nfive" }] }, diffs));
  assert.ok(!repeatsDiffs({ content: "y".repeat(300) }, diffs));
  assert.ok(!repeatsDiffs(input, [{ path: "x", added: 1, patch, note: "Only the beginning is shown" }]));
  assert.ok(!repeatsDiffs(input, [{ path: "x", added: 1 }]));
});

Deno.test("timeline: a turn shows its own cost, and how far it is known", () => {
  const costOf = (usage: TimelineSources["turns"][number]["usage"]) => {
    const [entry] = timelineOf({ ...NOTHING, turns: [{ ...turn(1, 1, 5), usage }] });
    return entry?.kind === "turn" ? entry.cost : "no turn";
  };
  const session = { amount: 3, currency: "USD" };
  assert.equal(costOf({ cost: session, cost_usd: .5, cost_source: "reported" }), "$0.50");
  assert.equal(
    costOf({ cost: { amount: 0, currency: "USD" }, cost_usd: .02, cost_source: "estimated" }),
    "~$0.02",
  );
  assert.equal(costOf({ cost: { amount: 0, currency: "USD" }, cost_source: "unknown" }), undefined);
  assert.equal(costOf({ cost: { amount: 2, currency: "EUR" }, cost_source: "unknown" }), "€2.00");
  assert.equal(costOf(undefined), undefined);
});
