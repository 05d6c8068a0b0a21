/** How providers and agents say that they refuse for a time: by structure, by known texts, and when that ends. */
import assert from "node:assert/strict";
import { zoneOf } from "../../src/agents/acp/agent_moment.ts";
import { troubleOfError } from "../../src/agents/acp/error_trouble.ts";
import { limitTold, refusalOf, troubleInText } from "../../src/agents/acp/model_trouble.ts";
import { limitInMeta } from "../../src/agents/acp/rate_limit_meta.ts";
import { resetTimeIn } from "../../src/agents/acp/reset_time.ts";
import { refusalIn } from "../../src/agents/acp/told_refusal.ts";
import { copilot } from "../../src/agents/makes/copilot.ts";
import { gemini } from "../../src/agents/makes/gemini.ts";
import { toldFullDisk } from "../../src/domain/full_disk.ts";
import { troubleAnswer } from "../fixtures/model_troubles.ts";
import { framesRequest, ran } from "./fixtures/acp_run.ts";
import type { Frame } from "./fixtures/frames_agent.ts";
import { withSupervisor } from "./fixtures/harness.ts";

const NOW = Date.UTC(2026, 10, 30, 13, 30);
const AT = { now_ms: NOW, zone: "UTC" };
const minutes = (ms: number | undefined) => ms === undefined ? undefined : Math.round((ms - NOW) / 60_000);

Deno.test("shapes: an error's structure says what it is and when it ends, whatever its text", () => {
  const epoch = NOW / 1000 + 7200;
  const cases: [kind: string, minutes: number | undefined, code: number, data: unknown, message?: string][] =
    [
      ["provider_limit", undefined, 429, undefined],
      ["provider_limit", undefined, 429, { errorKind: "overloaded" }],
      ["provider_limit", undefined, -32603, { errorKind: "rate_limit" }],
      ["provider_limit", undefined, -32603, { errorKind: "billing_error" }, "Credit balance is too low"],
      ["provider_limit", undefined, -32000, { errorKind: "rate_limit" }],
      ["provider_limit", 120, -32603, { errorKind: "rate_limit", resetsAt: epoch }],
      ["provider_limit", 120, -32603, { errorKind: "rate_limit", retry_after: 7200 }],
      ["provider_limit", 120, -32603, { errorKind: "rate_limit", retry_after: "7200" }],
      ["provider_limit", 120, -32603, { errorKind: "rate_limit", retryAfterMs: 7_200_000 }],
      ["provider_limit", 120, -32603, {
        errorKind: "rate_limit",
        "retry-after": "Mon, 30 Nov 2026 15:30:00 GMT",
      }],
      ["provider_limit", 120, -32603, { errorKind: "rate_limit", resets_at: "2026-11-30T15:30:00Z" }],
      ["provider_limit", 120, -32603, { errorKind: "rate_limit", resets_at: epoch * 1000 }],
      ["provider_limit", 120, 429, { headers: { "Retry-After": "7200" } }],
      ["provider_limit", 120, -32603, {
        _meta: { "_claude/rateLimit": { status: "rejected", resetsAt: epoch } },
        errorKind: "rate_limit",
      }],
      ["provider_limit", 120, 429, { headers: { "retry-after": ["7200"] } }],
      ["provider_limit", 120, 429, { headers: [["Retry-After", "7200"], ["server", "x"]] }],
      ["provider_limit", 120, 429, { headers: { "RateLimit-Reset": "7200" } }],
      ["provider_limit", 120, 429, { details: [{ metadata: { quotaResetDelay: "2h0m0s" } }] }],
      ["provider_limit", undefined, -32000, undefined, "429 Too Many Requests"],
      ["overloaded", undefined, -32000, undefined, "Overloaded"],
      ["needs_login", undefined, -32000, undefined, "Authentication required"],
      ["provider_limit", undefined, -32603, { codexErrorInfo: "usageLimitExceeded" }],
      ["provider_limit", undefined, -32603, { codexErrorInfo: "rateLimitExceeded" }],
      ["provider_limit", undefined, -32603, {
        codexErrorInfo: { responseStreamDisconnected: { httpStatusCode: 429 } },
      }],
      [
        "provider_limit",
        3,
        -32603,
        { codexErrorInfo: "usageLimitExceeded", message: "x" },
        "try again in 3 minutes",
      ],
      ["overloaded", undefined, -32603, { codexErrorInfo: "serverOverloaded" }],
      ["overloaded", undefined, -32603, {
        codexErrorInfo: { httpConnectionFailed: { httpStatusCode: 503 } },
      }],
      ["overloaded", undefined, -32603, { errorKind: "overloaded" }],
      ["overloaded", undefined, -32603, { errorKind: "server_error" }],
      ["overloaded", undefined, 529, undefined],
      ["overloaded", undefined, 503, undefined],
      ["network", undefined, -32603, {
        codexErrorInfo: { responseStreamConnectionFailed: { httpStatusCode: null } },
      }],
      [
        "network",
        undefined,
        -32603,
        { errorKind: "server_error" },
        "API Error: Connection to the API was lost (ECONNRESET)",
      ],
      ["needs_login", undefined, -32603, { codexErrorInfo: "unauthorized" }],
      ["needs_login", undefined, -32603, { errorKind: "authentication_failed" }],
      ["needs_login", undefined, 401, undefined],
      ["context_overflow", undefined, -32603, { codexErrorInfo: "contextWindowExceeded" }],
      ["context_overflow", undefined, -32603, { errorKind: "invalid_request" }, "Prompt is too long"],
      ["budget", undefined, -32603, { codexErrorInfo: "sessionBudgetExceeded" }],
      ["agent_crashed", undefined, -32603, { errorKind: "transport_lost" }],
      ["refused", undefined, -32603, { errorKind: "unknown" }],
      ["refused", undefined, 400, { status: 400 }],
    ];
  for (const [kind, until, code, data, message = "Internal error"] of cases) {
    const trouble = troubleOfError({ code, message, data }, message, AT);
    assert.deepEqual(
      [trouble.kind, minutes(trouble.until_ms)],
      [kind, until],
      JSON.stringify([code, data, message]),
    );
  }
});

Deno.test("shapes: what each provider answers is read where an agent passes it on as its message", () => {
  const dialects = ["anthropic", "responses", "chat", "gemini"] as const;
  const kinds = {
    usage: "provider_limit",
    rate: "provider_limit",
    bare: "provider_limit",
    credit: "provider_limit",
    overloaded: "overloaded",
    context: "context_overflow",
  };
  for (const dialect of dialects) {
    for (const [name, kind] of Object.entries(kinds)) {
      const { status, body } = troubleAnswer(name, dialect, 7200, NOW);
      const message = `API Error: ${status} ${JSON.stringify(body)}`;
      const { kind: found } = troubleOfError({ code: -32603, message }, message, AT);
      assert.equal(found, kind, `${dialect} ${message}`);
    }
  }
  const until = (dialect: typeof dialects[number], name: string) => {
    const message = JSON.stringify(troubleAnswer(name, dialect, 7200, NOW).body);
    return minutes(troubleOfError({ code: -32603, message }, message, AT).until_ms);
  };
  assert.equal(until("responses", "usage"), 120, "resets_at");
  assert.equal(until("gemini", "rate"), 120, "retryDelay");
  assert.equal(until("chat", "rate"), 120, "in its text");
});

Deno.test("shapes: a foreign structure is searched with a bound, and what is aside of the refusal is left", () => {
  const deep: Record<string, unknown> = {};
  let inner = deep;
  for (let depth = 0; depth < 50; depth++) inner = inner.inner = {};
  inner.retry_after = 60;
  assert.deepEqual(refusalIn(deep, NOW), {});
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`key${at}`, { at }]));
  assert.deepEqual(refusalIn({ wide, retry_after: 60 }, NOW), { until_ms: NOW + 60_000 });
  const circle: Record<string, unknown> = { status: 503 };
  circle.self = circle;
  assert.equal(refusalIn(circle, NOW).vague_kind, "overloaded");
  assert.deepEqual(
    refusalIn({ overageResetsAt: 1_900_000_000, until: "soon", reset: {}, code: "x" }, NOW),
    {},
  );
  for (const absurd of [1e300, 1e16, -5, "99999999999999999999", Infinity, NaN]) {
    assert.deepEqual(refusalIn({ resetsAt: absurd, retry_after: absurd }, NOW), {}, String(absurd));
  }
  assert.equal(resetTimeIn("try again in 99999999999 days", NOW, "UTC"), undefined);
  for (const value of [undefined, null, 7, "text", "{", [], true]) {
    assert.deepEqual(refusalIn(value, NOW), {});
  }
});

Deno.test("shapes: Claude Code's limits are read in any agent's _meta", () => {
  const limit = (fields: Record<string, unknown>) =>
    limitInMeta({ _meta: { "_claude/rateLimit": { status: "rejected", ...fields } } }, NOW);
  assert.deepEqual(limit({ resetsAt: 1_800_000_000, rateLimitType: "five_hour" }), {
    kind: "provider_limit",
    what: "usage limit five hour",
    until_ms: 1_800_000_000_000,
  });
  assert.equal(limit({ rateLimitType: "seven_day_opus" })?.model, "opus");
  assert.equal(
    limit({ resetsAt: 1_800_000_000, overageResetsAt: 1_900_000_000 })?.until_ms,
    1_800_000_000_000,
  );
  assert.equal(limit({ isUsingOverage: true }), undefined);
  assert.equal(limit({ status: "allowed_warning" }), undefined);
});

Deno.test("shapes: known texts of a turn that failed", () => {
  const cases: [kind: string, text: string][] = [
    ["provider_limit", "Claude AI usage limit reached|1796050800"],
    ["provider_limit", "5-hour limit reached ∙ resets 3am"],
    ["provider_limit", "You've hit your session limit · resets 3:00am (Europe/Berlin)"],
    ["provider_limit", "You’ve hit your usage limit. Upgrade to Pro or try again at 9:57 PM."],
    ["provider_limit", "You've reached your Fable limit."],
    ["provider_limit", "You're out of extra usage · resets 3pm"],
    ["provider_limit", "Credit balance is too low"],
    ["provider_limit", "Quota exceeded. Check your plan and billing details."],
    ["provider_limit", "You have exhausted your daily quota on this model."],
    ["provider_limit", "Resource has been exhausted (e.g. check quota)."],
    ["provider_limit", "Sorry, you have been rate-limited. Please wait a moment before trying again."],
    ["provider_limit", "Sorry, you've exceeded your weekly rate limit. Please try again in 2 days, 3 hours."],
    ["provider_limit", "Qwen OAuth quota exceeded: Your free daily quota has been reached."],
    ["provider_limit", "Too Many Requests"],
    ["provider_limit", "Too many tokens, please wait before trying again."],
    ["context_overflow", "prompt is too long: 210000 tokens > 200000 maximum"],
    [
      "context_overflow",
      "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    ],
    ["context_overflow", "Context limit reached"],
    ["context_overflow", "Your input exceeds the context window of this model."],
    ["overloaded", "Selected model is at capacity. Please try a different model."],
    ["overloaded", "API Error: Repeated 529 Overloaded errors."],
    ["network", "stream disconnected before completion: stream closed before response.completed"],
    ["needs_login", "API key not valid. Please pass a valid API key."],
  ];
  for (const [kind, text] of cases) assert.equal(troubleInText(text, AT).kind, kind, text);
  const other = [
    "Disk quota exceeded",
    "Memory limit exceeded",
    "Subagent nesting limit reached",
    "Budget limit reached ($5)",
    "The file has 503 lines",
    "Maximum number of turns",
  ];
  for (const text of other) {
    assert.equal(troubleOfError({ code: -32603, message: text }, text, AT).kind, "refused", text);
  }
});

Deno.test("shapes: when a limit ends, by the words of each", () => {
  const at = (text: string, zone = "UTC", now_ms = NOW) => {
    const ms = resetTimeIn(text, now_ms, zone);
    return ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 19).replace(/:00$/, "");
  };
  const cases: [text: string, found: string | undefined, zone?: string][] = [
    ["You've hit your session limit · resets 3:00am (Europe/Berlin)", "2026-12-01T02:00"],
    ["You've hit your weekly limit · resets Dec 4, 3pm (America/New_York)", "2026-12-04T20:00"],
    ["resets 3:00am", "2026-12-01T11:00", "America/Los_Angeles"],
    ["resets at 00:00 UTC", "2026-12-01T00:00", "Asia/Tokyo"],
    ["Quotas reset daily at midnight Pacific Time", "2026-12-01T08:00"],
    ["resets at midnight", "2026-12-01T00:00"],
    ["resets Mon 9:00 AM", "2026-12-07T09:00"],
    ["resets Tuesday at 9am", "2026-12-01T09:00"],
    ["available again tomorrow at 8am", "2026-12-01T08:00"],
    ["Your limit resets on Dec 12", "2026-12-12T00:00"],
    ["premium requests. Your allowance renews on January 1, 2027", "2027-01-01T00:00"],
    ["or try again at Dec 4th, 2026 8:05 PM.", "2026-12-04T20:05"],
    ["try again at 1:29 PM", "2026-11-30T13:29"],
    ["try again at 1:20 PM", "2026-12-01T13:20"],
    ["until Nov 30, 1:00 PM", "2026-11-30T13:00"],
    ["try again in 3 days 4 hours 5 minutes", "2026-12-03T17:35"],
    ["Please try again in 2 days, 3 hours", "2026-12-02T16:30"],
    ["try again in 1 hour and 30 minutes", "2026-11-30T15:00"],
    ["Your quota will reset after 14h2m3s.", "2026-12-01T03:32:03"],
    ["Please retry in 39.5s.", "2026-11-30T13:30:39"],
    ["try again in 1 week", "2026-12-07T13:30"],
    ["Your limit resets in an hour", "2026-11-30T14:30"],
    ["try again in a minute", "2026-11-30T13:31"],
    ["Please try again in 6m0s. Visit https://x", "2026-11-30T13:36"],
    ["Please try again in 20s.", "2026-11-30T13:30:20"],
    ["Please try again in 500ms.", "2026-11-30T13:30"],
    ["wait 30 seconds", "2026-11-30T13:30:30"],
    ["Retry-After: 120", "2026-11-30T13:32"],
    ["Retry-After: Mon, 30 Nov 2026 15:30:00 GMT", "2026-11-30T15:30"],
    ["reset at 2026-11-30 15:30:00 UTC", "2026-11-30T15:30"],
    ["It will reset in 3 days 4 hours. To continue", "2026-12-03T17:30"],
    ["Please wait a moment before trying again", undefined],
    ["You have made 50 requests in 5 minutes", undefined],
    ["resets 13pm", undefined],
    ["resets Feb 30, 3pm", undefined],
    ["resets 3am (Not/AZone)", undefined],
    ["limit: 20 requests per 1 day", undefined],
  ];
  for (const [text, found, zone] of cases) assert.equal(at(text, zone), found, text);
});

Deno.test("shapes: a time of day where clocks change", () => {
  const at = (text: string, now: string) =>
    new Date(resetTimeIn(text, Date.parse(now), "Europe/Berlin")!).toISOString().slice(0, 16);
  // Summer time ends on October 25 at 3:00, which is 2:00 again.
  assert.equal(at("resets 2:30am", "2026-10-24T22:00:00Z"), "2026-10-25T00:30");
  assert.equal(at("resets 2:30am", "2026-10-25T00:40:00Z"), "2026-10-25T01:30", "it comes a second time");
  assert.equal(at("resets 2:30am", "2026-10-25T01:40:00Z"), "2026-10-26T01:30");
  assert.equal(at("resets 3:00am", "2026-10-24T22:00:00Z"), "2026-10-25T02:00");
  // It begins on March 29 at 2:00, which is 3:00.
  assert.equal(at("resets 3:00am", "2026-03-28T23:00:00Z"), "2026-03-29T01:00");
  assert.equal(
    at("resets 2:30am", "2026-03-28T23:00:00Z"),
    "2026-03-29T01:30",
    "there is none: as much later",
  );
  assert.equal(at("resets 2:30am", "2026-03-29T02:00:00Z"), "2026-03-30T00:30");
});

Deno.test("shapes: times of day are those of the agent's zone", () => {
  const zone = (env: Record<string, string>, agent: Record<string, string> = {}) =>
    zoneOf({ env, agent: { env: agent } as never });
  assert.equal(zone({ TZ: "Asia/Tokyo" }, { TZ: "Europe/Berlin" }), "Asia/Tokyo");
  assert.equal(zone({}, { TZ: "Europe/Berlin" }), "Europe/Berlin");
  assert.equal(zone({ TZ: "no/zone" }), Intl.DateTimeFormat().resolvedOptions().timeZone);
});

Deno.test("shapes: a refusal is of the model only if it names the one that the task chooses", () => {
  const trouble = (text: string) => troubleInText(text, AT);
  const reached = trouble("Rate limit reached for gpt-5.1 in organization org-1. Please try again in 20s.");
  assert.deepEqual(refusalOf(reached, "openai/gpt-5.1"), {
    reason: "Rate limit reached for gpt-5.1 in organization org-1. Please try again in 20s.",
    until: "2026-11-30T13:30:20.000Z",
    model: "openai/gpt-5.1",
  });
  assert.equal(refusalOf(reached, undefined)?.model, "gpt-5.1");
  assert.equal(refusalOf(reached, "other")?.model, undefined);
  assert.equal(refusalOf(trouble("Usage limit reached for this month"), "this")?.model, undefined);
  const quota = JSON.stringify(troubleAnswer("rate", "gemini", 60, NOW).body);
  assert.equal(refusalOf(trouble(quota), "gemini-2.5-flash")?.model, "gemini-2.5-flash");
  assert.equal(refusalOf(trouble("no such host: network"), "m"), undefined);
  assert.ok(refusalOf(trouble(`quota ${"x".repeat(1000)}`), "m")!.reason.length <= 200);
});

Deno.test("shapes: a last message tells a limit only if it is short and says when that ends", () => {
  assert.equal(minutes(limitTold("Claude AI usage limit reached|1796050800", AT)?.until_ms), 90);
  assert.equal(limitTold("I have added the rate limit.", AT), undefined);
  assert.equal(
    limitTold(`I have written a test of "usage limit, try again in 3 hours". ${"More. ".repeat(60)}`, AT),
    undefined,
  );
});

Deno.test("shapes: Gemini tells on stderr, in lines of their own, when its quota ends", () => {
  const line = (text: string) => gemini.troubleOf({ from: "stderr", line: text }, AT);
  const stamp = "[2026-11-30T13:32:08.106Z] [WARN]";
  assert.deepEqual(line(`${stamp} Attempt 1 failed: Quota exceeded for metric: x/requests, limit: 5.`), {
    kind: "provider_limit",
    what: "Quota exceeded for metric: x/requests, limit: 5.",
    attempt: 1,
  });
  assert.equal(line(`${stamp} Attempt 10 failed: Quota exceeded. Max attempts reached`), undefined);
  const waits = line("Suggested retry after 40s.. Retrying after 44000ms...");
  assert.deepEqual([waits?.kind, waits?.until_ms, waits?.isFinal], [
    "provider_limit",
    NOW + 44_000,
    undefined,
  ]);
  const ends = line("      'Please retry in 3600.5s.',");
  assert.deepEqual([ends?.until_ms, ends?.isFinal], [NOW + 3_600_500, true]);
});

Deno.test("shapes: Copilot's limits are read from its remarks", () => {
  const update = {
    sessionUpdate: "notice",
    severity: "error",
    title: "You've hit your weekly limit. It resets in 3 hours.",
  };
  const trouble = copilot.troubleOf({ from: "update", update }, AT);
  assert.deepEqual([trouble?.kind, minutes(trouble?.until_ms), trouble?.isFinal], [
    "provider_limit",
    180,
    true,
  ]);
});

const done = (more: Record<string, unknown> = {}): Frame => ({ result: { stopReason: "end_turn", ...more } });
const rejected = { "_claude/rateLimit": { status: "rejected", rateLimitType: "five_hour" } };
const usage = (_meta: Record<string, unknown>): Frame => ({
  update: { sessionUpdate: "usage_update", used: 1, size: 2, _meta },
});
const says = (text: string): Frame => ({
  update: { sessionUpdate: "agent_message_chunk", messageId: "m", content: { type: "text", text } },
});

Deno.test("shapes: a turn that ends well with nothing said after a refusal has failed, one with an answer has not", () =>
  withSupervisor(async (bench) => {
    const outcome = async (...frames: Frame[]) =>
      (await ran(bench, framesRequest(bench.folder, "generic", frames))).outcome;
    const silent = await outcome(usage(rejected), usage(rejected), done());
    assert.deepEqual([silent.status, silent.failure?.kind], ["failed", "provider_limit"]);
    assert.equal(silent.refusal?.reason, "usage limit five hour");
    assert.equal((await outcome(done({ _meta: rejected }))).failure?.kind, "provider_limit");
    const answered = await outcome(usage(rejected), says("usage limit reached|1796050800"), done());
    assert.deepEqual([answered.status, answered.refusal], ["completed", undefined]);
    assert.equal((await outcome(done())).status, "completed", "nothing shows that it was refused");
  }));

Deno.test("shapes: an error's refusal has the end that was told before it, or in the last message", () =>
  withSupervisor(async (bench) => {
    const error = (data: unknown, message = "Internal error"): Frame => ({
      error: { code: -32603, message, data },
    });
    const outcome = async (...frames: Frame[]) =>
      (await ran(bench, framesRequest(bench.folder, "generic", frames))).outcome;
    const structured = await outcome(error({ errorKind: "rate_limit", resetsAt: 1_900_000_000 }));
    assert.deepEqual([structured.failure?.kind, structured.refusal], ["provider_limit", {
      reason: "Internal error",
      until: "2030-03-17T17:46:40.000Z",
    }]);
    const spoken = await outcome(says("Claude AI usage limit reached|1900000000"), error(undefined));
    assert.deepEqual([spoken.failure?.kind, spoken.refusal?.until], [
      "provider_limit",
      "2030-03-17T17:46:40.000Z",
    ]);
    const busy = await outcome(
      error({ errorKind: "overloaded", retry_after: 1_900_000_000 }, "Internal error: Busy"),
    );
    assert.deepEqual([busy.failure?.kind, busy.refusal], ["overloaded", {
      reason: "Busy",
      until: "2030-03-17T17:46:40.000Z",
    }]);
    const broken = await outcome(error(undefined, "fetch failed"));
    assert.deepEqual([broken.failure?.kind, broken.refusal], ["network", undefined]);
  }));

Deno.test("shapes: OpenCode, whose model's answers all end in the middle, is not left to ask without end", () =>
  withSupervisor(async (bench) => {
    const answer = (at: number): Frame => ({
      update: {
        sessionUpdate: "agent_message_chunk",
        messageId: `m${at}`,
        content: { type: "text", text: "Well" },
      },
    });
    const call: Frame = {
      update: { sessionUpdate: "tool_call", toolCallId: "c", title: "ls", status: "completed" },
    };
    const many = Array.from({ length: 6 }, (_, at) => answer(at));
    const looping = [...many, call, ...many.map((_, at) => answer(at + 10)), answer(20), { until: "cancel" }];
    const { outcome } = await ran(bench, framesRequest(bench.folder, "opencode", looping));
    assert.deepEqual(outcome.failure, {
      kind: "network",
      message: "The agent asks its model again and again, 7 times by now: no answer arrives whole",
    });
    const works = await ran(bench, framesRequest(bench.folder, "opencode", [...many, call, ...many, done()]));
    assert.equal(works.outcome.status, "completed");
  }));

Deno.test("shapes: an empty turn, and one in which Gemini counts no tokens, are completed with a warning", () =>
  withSupervisor(async (bench) => {
    const warnings = async (make: string, ...frames: Frame[]) =>
      (await ran(bench, framesRequest(bench.folder, make, frames))).outcome.warnings;
    assert.deepEqual(await warnings("generic", done()), [
      "The agent ended its turn without saying or doing anything",
    ]);
    assert.equal(await warnings("generic", says("Done."), done()), undefined);
    const quota = (model_usage: unknown[]) => done({ _meta: { quota: { token_count: {}, model_usage } } });
    assert.deepEqual(await warnings("gemini", says("Half an ans"), quota([])), [
      "Gemini counted no tokens: the answer of its model may have been cut off or blocked",
    ]);
    assert.equal(await warnings("gemini", says("Done."), quota([{ model: "m" }])), undefined);
  }));

Deno.test("shapes: an agent that has no room on its disk is told from one that watches too many files", () => {
  const kinds = [
    "Internal error: ENOSPC: no space left on device, write",
    "The agent ended: OSError: [Errno 28] No space left on device: '/x'",
    "write /x: disk quota exceeded",
    "There is not enough space on the disk.",
    "ENOSPC: System limit for number of file watchers reached, watch '/x'",
    "Something else",
  ].map((message) => toldFullDisk({ kind: "agent_crashed", message }));
  assert.deepEqual(kinds.map(({ kind }) => kind), [
    ...Array(4).fill("overloaded"),
    "agent_crashed",
    "agent_crashed",
  ]);
  assert.match(kinds[0]!.message, /^A disk is full: Internal error: ENOSPC/);
});
