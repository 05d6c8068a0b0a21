import assert from "node:assert/strict";
import fc from "fast-check";
import { AgentConfig } from "../../src/domain/agent_config.ts";
import { troubleOfError } from "../../src/agents/acp/error_trouble.ts";
import { judgeTurn, type TurnFacts } from "../../src/agents/acp/outcome.ts";
import { progressOf } from "../../src/agents/acp/progress.ts";
import { firstPrompt, goOnPrompt } from "../../src/agents/acp/prompt.ts";
import { reviewMessage } from "../../src/domain/review_message.ts";
import { demoScript } from "../../src/agents/demo/demo_script.ts";
import { LineTooLongError, messageLines } from "../../src/agents/acp/message_lines.ts";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { codex } from "../../src/agents/makes/codex.ts";
import { gemini } from "../../src/agents/makes/gemini.ts";
import { generic } from "../../src/agents/makes/generic.ts";
import { opencode } from "../../src/agents/makes/opencode.ts";
import { cut, cutValue, oneLine } from "../../src/agents/acp/wire_value.ts";

const AT = { now_ms: Date.UTC(2026, 10, 30, 13), zone: "UTC" };

const facts = (changes: Partial<TurnFacts>): TurnFacts => ({
  stop_reason: "end_turn",
  denials: [],
  unanswered: [],
  continued_after_denial: false,
  hidden_failure: false,
  failure_text: "",
  is_refused: false,
  at: AT,
  last_message: "",
  steps: [],
  ...changes,
});
const denial = (by: "client" | "policy" | "timeout") => ({ denials: [{ title: "rm -r", by }] });

for (
  const [what, changes, status, error] of [
    ["end_turn", {}, "completed", undefined],
    ["a refusal", { stop_reason: "refusal" }, "failed", "The model refused the request"],
    [
      "too many tokens",
      { stop_reason: "max_tokens" },
      "failed",
      "The model stopped at its limit of tokens (max_tokens)",
    ],
    [
      "too many requests",
      { stop_reason: "max_turn_requests" },
      "failed",
      "The agent stopped at its limit of model requests in one turn (max_turn_requests)",
    ],
    [
      "a cancellation of its own",
      { stop_reason: "cancelled" },
      "failed",
      "The agent cancelled its turn by itself",
    ],
    [
      "no reason",
      { stop_reason: undefined },
      "failed",
      "The agent ended its turn for an unknown reason: none given",
    ],
    [
      "a hidden failure",
      { hidden_failure: true, failure_text: "HTTP 400", last_message: "Half of it" },
      "failed",
      "The agent failed: HTTP 400",
    ],
    ["a person's denial, given up", denial("client"), "failed", "Permission denied: rm -r"],
    [
      "a person's denial, gone on",
      { ...denial("client"), continued_after_denial: true },
      "completed",
      undefined,
    ],
    [
      "a denial by policy",
      { ...denial("policy"), continued_after_denial: true },
      "failed",
      "Permission denied by policy: rm -r",
    ],
    [
      "a denial by timeout after which the agent went on",
      { ...denial("timeout"), continued_after_denial: true },
      "completed",
      undefined,
    ],
    [
      "a denial by timeout that ends the turn",
      denial("timeout"),
      "failed",
      "Permission denied, nobody answered in time: rm -r",
    ],
    [
      "a denial that ends the turn",
      { ...denial("client"), stop_reason: "cancelled" },
      "failed",
      "Permission denied: rm -r",
    ],
  ] as [string, Partial<TurnFacts>, string, string | undefined][]
) {
  Deno.test(`acp outcome: ${what} is ${status}`, () => {
    const judgement = judgeTurn(facts(changes));
    assert.deepEqual([judgement.status, judgement.failure?.message], [status, error]);
  });
}

Deno.test("acp outcome: questions that nobody answered are a warning, which names some of many", () => {
  const judgement = judgeTurn(facts({ unanswered: ["a?", "b?", "c?", "d?", "e?", "f?", "g?"] }));
  assert.deepEqual([judgement.status, judgement.warnings], [
    "completed",
    ["Finished without an answer to: a?; b?; c?; d?; e?; and 2 more"],
  ]);
});

Deno.test("acp outcome: open steps of the plan are a warning", () => {
  const judgement = judgeTurn(facts({
    steps: [{ title: "a", status: "completed" }, { title: "b", status: "in_progress" }],
  }));
  assert.equal(judgement.status, "completed");
  assert.deepEqual(judgement.warnings, [
    "The agent ended its turn with 1 of 2 steps of its plan not completed: b",
  ]);
});

Deno.test("acp progress: plans and todo lists are read the same way", () => {
  const list = [
    { content: "one", status: "completed" },
    { content: "two\n  lines", status: "in_progress" },
    { content: "three", status: "cancelled" },
    { content: "four", status: "whatever" },
    "nonsense",
    { status: "pending" },
  ];
  const expected = {
    kind: "progress",
    completed_steps: 1,
    total_steps: 3,
    current_step: "two lines",
    steps: [
      { title: "one", status: "completed" },
      { title: "two lines", status: "in_progress" },
      { title: "four", status: "pending" },
    ],
  };
  for (
    const update of [
      { sessionUpdate: "plan", entries: list },
      { sessionUpdate: "plan_update", plan: { entries: list } },
      { sessionUpdate: "tool_call_update", rawInput: { todos: list } },
      { sessionUpdate: "tool_call_update", rawOutput: { metadata: { todos: list } } },
    ]
  ) {
    assert.deepEqual(progressOf(opencode.planOf(update)!), expected);
    assert.deepEqual(progressOf(generic.planOf(update)!), expected);
  }
  assert.equal(opencode.planOf({ sessionUpdate: "tool_call", rawInput: { command: "ls" } }), undefined);
  assert.equal(opencode.planOf({ sessionUpdate: "agent_message_chunk", entries: list }), undefined);
});

Deno.test("acp progress: no update makes it throw or count beyond its total", () => {
  const value = fc.anything({ maxDepth: 4, withNullPrototype: false });
  fc.assert(
    fc.property(
      value,
      value,
      fc.constantFrom("plan", "tool_call", "x"),
      (entries, rawInput, sessionUpdate) => {
        const steps = generic.planOf({ sessionUpdate, entries, rawInput });
        if (steps === undefined) return;
        const progress = progressOf(steps);
        assert.ok(progress.completed_steps >= 0 && progress.completed_steps <= progress.total_steps);
      },
    ),
  );
});

Deno.test("acp messages: lines do not depend on how their bytes arrive", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.replaceAll("\n", " "))),
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
    async (texts, sizes) => {
      const bytes = new TextEncoder().encode(texts.map((text) => text + "\n").join(""));
      assert.deepEqual(await linesOf(pieces(bytes, sizes)), texts.map((text) => text.replace(/^\ufeff/, "")));
    },
  ));
});

Deno.test("acp progress: a plan of any length is counted whole, and its first steps are shown", () => {
  const entries = Array.from({ length: 2500 }, (_, at) => ({
    content: `Step ${at}`,
    status: at < 1800 ? "completed" : at === 1800 ? "in_progress" : "pending",
  }));
  const { steps, ...counts } = progressOf(opencode.planOf({ sessionUpdate: "plan", entries })!);
  assert.deepEqual(counts, {
    kind: "progress",
    completed_steps: 1800,
    total_steps: 2500,
    current_step: "Step 1800",
  });
  assert.equal(steps!.length, 50);
});

Deno.test("acp messages: whatever arrives is a sign of life, also in the middle of a message", async () => {
  let heard = 0;
  const bytes = pieces(new TextEncoder().encode('{"half": "of it'), [5]);
  const { signal } = new AbortController();
  const lines = messageLines(bytes, { max_bytes: 1000, signal, onBytes: () => heard++ });
  for await (const _ of lines);
  assert.equal(heard, 3);
});

Deno.test("acp messages: a line that is too long ends the reading, however it arrives", async () => {
  const bytes = new TextEncoder().encode("short\n" + "x".repeat(101) + "\n");
  for (const size of [1, 50, 1000]) {
    await assert.rejects(() => linesOf(pieces(bytes, [size]), 100), LineTooLongError);
  }
  assert.deepEqual(await linesOf(pieces(bytes, [1000]), 101), ["short", "x".repeat(101)]);
});

async function linesOf(stream: ReadableStream<Uint8Array>, max_bytes = 1000): Promise<string[]> {
  const lines: string[] = [];
  const { signal } = new AbortController();
  for await (const line of messageLines(stream, { max_bytes, signal })) lines.push(line);
  return lines;
}

function pieces(bytes: Uint8Array, sizes: number[]): ReadableStream<Uint8Array> {
  let at = 0;
  let turn = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      const size = sizes[turn++ % sizes.length]!;
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

Deno.test("acp prompt: context and what was done before are separate from the prompt", () => {
  const task = { id: "t", type: "testing", description: "d", prompt: "do it" };
  const texts = (blocks: { text: string }[]) => blocks.map(({ text }) => text);
  assert.deepEqual(firstPrompt(task, undefined), [{ type: "text", text: "do it" }]);
  assert.deepEqual(texts(firstPrompt({ ...task, files_pattern: "*.ts", metadata: { a: 1 } }, undefined)), [
    "do it",
    'Context of the task\nFiles concerned (glob): *.ts\nMetadata: {"a":1}',
  ]);
  const idle = { stopped: "it was killed.", plan: [], steps: [], files: [] };
  assert.deepEqual(texts(firstPrompt(task, idle)), ["do it"]);
  const dependencies = [
    {
      task_id: "a",
      description: "Mend\nit",
      answer: "ä".repeat(2000),
      files: Array.from({ length: 51 }, (_, n) => `f${n}`),
      isHere: true,
    },
    { task_id: "b", description: "Paint it", files: [], review: "discarded" as const, isHere: false },
  ];
  const [, others, ...none] = texts(firstPrompt({ ...task, dependencies }, undefined));
  assert.deepEqual(none, []);
  assert.match(others!, /^This task depends on others/);
  assert.match(
    others!,
    /\n\nTask a: Mend it\nIts changes are in your folder already.\nIts last answer\nä{1024}\n/,
  );
  assert.match(others!, /- f49\n- and more\n\nTask b: Paint it\nIts changes were discarded.$/);
  const [prompt, told] = texts(firstPrompt(task, {
    ...idle,
    answer: "So far\nso good",
    plan: [{ title: "Look", status: "completed" }, { title: "Write", status: "in_progress" }],
    files: ["a.ts"],
    steps: ["ls: completed", "Write a.ts: not finished"],
  }));
  assert.equal(prompt, "do it");
  assert.equal(
    told,
    [
      "You began this task in an earlier session, which ended before the work was done: it was killed. " +
      "Its work may be half done in this folder. Look at what is there before you change it, keep what is " +
      "right, and continue from there.",
      "The plan\n- [x] Look\n- [ ] Write",
      "Files that were changed\n- a.ts",
      "The last steps\n- ls: completed\n- Write a.ts: not finished",
      "The last words\nSo far\nso good",
    ].join("\n\n"),
  );
});

Deno.test("acp prompt: a session that goes on is told why it stopped", () => {
  assert.deepEqual(goOnPrompt(undefined), [{ type: "text", text: "continue" }]);
  const [block] = goOnPrompt({ stopped: "the model\nwas overloaded. ", plan: [], steps: [], files: [] });
  assert.equal(
    block!.text,
    "Continue where you stopped. Your turn ended before your work was done: the model was overloaded. " +
      "Your last step may be half done, so check it first.",
  );
});

Deno.test("acp prompt: what is told of earlier work is bounded", () => {
  const long = "é".repeat(100_000);
  const told = firstPrompt({ id: "t", type: "testing", description: "d", prompt: "do it" }, {
    stopped: long,
    answer: long,
    plan: Array(500).fill({ title: long, status: "pending" }),
    files: Array(50).fill(long),
    steps: Array(20).fill(long),
  }).at(-1)!.text;
  assert.ok(new TextEncoder().encode(told).length <= 12 * 1024);
});

for (
  const [kind, code, data, text] of [
    [
      "overloaded",
      -32603,
      { errorKind: "server_error" },
      "Internal error: API Error: Repeated 529 Overloaded errors.",
    ],
    [
      "network",
      -32603,
      { errorKind: "server_error" },
      "Internal error: API Error: Connection to the API was lost (ECONNRESET). This is usually temporary",
    ],
    [
      "overloaded",
      0,
      null,
      "unexpected status 503 Service Unavailable: scripted error 503, url: http://x/v1/responses",
    ],
    ["overloaded", 0, null, "unexpected status 529 <unknown status code>: scripted error 529, url: http://x"],
    ["overloaded", 0, null, "We’re currently experiencing high demand, which may cause temporary errors."],
    [
      "network",
      0,
      null,
      "stream disconnected before completion: Transport error: network error: error decoding response body",
    ],
    [
      "agent_crashed",
      -32603,
      undefined,
      "Internal error: The Claude Agent process exited unexpectedly. Please start a new session.",
    ],
    [
      "agent_crashed",
      1001,
      undefined,
      "The Codex app-server was killed by SIGKILL, which usually means it ran out of memory.",
    ],
    ["network", -32603, { errorName: "APIError" }, "Internal error: Connection reset by server"],
    ["network", 500, undefined, "terminated"],
    ["overloaded", -32603, { errorName: "APIError" }, "Internal error: scripted error 529"],
    ["provider_limit", 429, undefined, "Too Many Requests"],
    ["overloaded", 500, undefined, "Something went wrong"],
    ["provider_limit", -32603, { errorKind: "rate_limit" }, "Internal error"],
    ["provider_limit", -32603, undefined, "You've hit your usage limit until 20:00"],
    ["needs_login", -32000, undefined, "Authentication required"],
    ["needs_login", -32603, undefined, "unexpected status 401 Unauthorized: no such key"],
    [
      "context_overflow",
      -32603,
      undefined,
      "API Error: 400 prompt is too long: 250000 tokens > 200000 maximum",
    ],
    ["refused", 400, undefined, "scripted error 400"],
    ["refused", -32603, undefined, "The file has 503 lines"],
    ["refused", -32603, undefined, "Internal error"],
  ] as const
) {
  Deno.test(`acp failures: ${kind} is recognized in "${text.slice(0, 40)}" (${code})`, () => {
    assert.equal(troubleOfError({ code, message: text, data }, text, AT).kind, kind);
  });
}

Deno.test("gemini: a session is not loaded in the minute in which it began", () => {
  assert.match(gemini.obstacleToLoad(60_000, 119_999)!, /in which it began/);
  assert.equal(gemini.obstacleToLoad(119_999, 120_000), undefined);
  assert.equal(gemini.obstacleToLoad(undefined, 5), undefined);
});

Deno.test("acp usage: every agent's figures get the same shape", () => {
  assert.deepEqual(
    generic.tokensOf({ usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5, cachedReadTokens: 0 } }),
    {
      input_tokens: 3,
      output_tokens: 2,
      total_tokens: 5,
      cached_read_tokens: 0,
    },
  );
  const quota = { token_count: { input_tokens: 3, output_tokens: 2 } };
  assert.deepEqual(generic.tokensOf({ _meta: { quota } }), { input_tokens: 3, output_tokens: 2 });
  assert.equal(generic.tokensOf({ usage: null, _meta: { quota: { token_count: null } } }), undefined);
  assert.deepEqual(generic.usageOf({ used: 1, size: 2, cost: { amount: 0.5, currency: "EUR" } }), {
    context: { used: 1, size: 2 },
    cost: { amount: 0.5, currency: "EUR" },
  });
  assert.deepEqual(generic.usageOf({ used: "many" }), {});
});

Deno.test("acp profiles: found from the command, unless the configuration names one", () => {
  const named = (command: string[], profile?: "codex") =>
    BUILT_IN_MAKES.of(AgentConfig.parse({ protocol: "acp", command, profile })).name;
  assert.equal(named(["opencode", "acp"]), "opencode");
  assert.equal(named(["/usr/lib/claude-agent-acp"]), "claude");
  assert.equal(named(["node", "/x/codex-acp.js"]), "codex");
  assert.equal(named(["npx", "-y", "gemini", "--acp"]), "gemini");
  assert.equal(named(["sh", "opencode"]), "generic");
  assert.equal(named(["opencode"], "codex"), "codex");
});

Deno.test("acp profiles: Codex's hidden failure is detected, and so is its recovery", () => {
  const status = (type: string) => ({
    sessionUpdate: "session_info_update",
    _meta: { codex: { threadStatus: { type } } },
  });
  assert.deepEqual(["systemError", "active", "idle"].map((type) => codex.turnSign(status(type))), [
    "failed",
    "going_on",
    undefined,
  ]);
  assert.equal(codex.turnSign({ sessionUpdate: "session_info_update", _meta: null }), undefined);
});

Deno.test("acp demo: options are read from anywhere in the prompt and kept within bounds", () => {
  const script = demoScript("please demo:steps=3 and demo:delay=70000 demo:file=../x demo:ask=9 demo:hang");
  assert.equal(script.steps.length, 3);
  assert.deepEqual([
    script.delay_ms,
    script.file,
    script.ask_at,
    script.hang_at,
    script.fail_at,
    script.refuse,
  ], [
    60_000,
    "demo.md",
    3,
    2,
    undefined,
    false,
  ]);
});

Deno.test("acp demo: it writes the files that a prompt shows, answers comments in their places, and notes messages", () => {
  const changed = (prompt: string, old: string, written?: string) =>
    demoScript(prompt, written).steps.flatMap(({ edit }) => edit ? [[edit.file, edit.change(old, "")]] : []);
  assert.deepEqual(
    changed("Do it\n\n```src/a.js\none\n```\n```js\nno\n```\n```../b.js\nno\n```\n```c.md\ntwo\n```\n", "x"),
    [["src/a.js", "one\n"], ["c.md", "two\n"]],
  );
  const comments = [
    { path: "src/a.js", line: 1, end_line: 2, text: "Name it", lines: "x\n  y\n" },
    { path: "c.md", line: 1, text: "Why?\nReally" },
    { path: "../c.md", line: 1, text: "No" },
  ];
  assert.deepEqual(changed(reviewMessage("Nearly.", comments), "x\n  y\nz\n"), [
    ["src/a.js", "x\n  y\n  // Asked: Name it\nz\n"],
    ["c.md", "x\nAsked: Why?\n  y\nz\n"],
  ]);
  assert.deepEqual(changed("And a test\nplease", "x\n", "a.js"), [["a.js", "x\n// Asked: And a test\n"]]);
  assert.equal(demoScript("demo:steps=2", "a.js").steps[0]!.edit!.file, "demo.md");
});

Deno.test("acp values: cut texts keep to their length and split no character", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 20 }), (text, max) => {
    const short = cut(text, max);
    assert.ok(short.length <= max && short.isWellFormed());
    assert.ok(!oneLine(text, max).includes("\n"));
  }));
  assert.deepEqual(cutValue({ a: 1 }, 10), { a: 1 });
  assert.equal(cutValue({ a: "long enough" }, 10), '{"a":"lon…');
});
