/** Trouble with the model: it is shown, logged once, and ends the turn where the agent would only go on to ask. */
import assert from "node:assert/strict";
import { kindOfStatus } from "../../src/agents/acp/failure_kind.ts";
import { endsTurn, type ModelTrouble, stepOf } from "../../src/agents/acp/model_trouble.ts";
import { resetTimeIn } from "../../src/agents/acp/reset_time.ts";
import { claude } from "../../src/agents/makes/claude.ts";
import { framesRequest, ran, type WatchedRun, watchRun } from "./fixtures/acp_run.ts";
import type { Frame } from "./fixtures/frames_agent.ts";
import { withSupervisor } from "./fixtures/harness.ts";

const retry = (attempt: number, error_status: number, error: string): Frame => ({
  notification: "_claude/sdkMessage",
  params: {
    message: { type: "system", subtype: "api_retry", attempt, max_retries: 10, error_status, error },
  },
});
const says = (text: string, messageId = "m"): Frame => ({
  update: { sessionUpdate: "agent_message_chunk", messageId, content: { type: "text", text } },
});
const done: Frame = { result: { stopReason: "end_turn" } };
const steps = (watched: WatchedRun) => watched.all("retrying").map(({ current_step }) => current_step);

Deno.test("trouble: each try is the current step, the log has it once, and the answer ends it", () =>
  withSupervisor(async (bench) => {
    const frames = [1, 2, 3].map((attempt) => retry(attempt, 529, "overloaded"));
    const run = await ran(
      bench,
      framesRequest(bench.folder, "claude", [...frames, says("Here I am."), done]),
    );
    assert.equal(run.outcome.status, "completed");
    assert.deepEqual(
      steps(run),
      [1, 2, 3].map((attempt) => `Asks its model again, try ${attempt} of 10: HTTP 529, overloaded`),
    );
    const warned = run.logs("warn").filter((text) => /model again/.test(text));
    assert.deepEqual(warned, ["Asks its model again, try 1 of 10: HTTP 529, overloaded"]);
    assert.ok(
      run.logs("info").some((text) => /^The model answers again after \d+ s and 3 failed tries$/.test(text)),
    );
    assert.equal(run.all("recovered").length, 1);
    const kinds = run.events.map(({ kind }) => kind);
    assert.ok(kinds.lastIndexOf("retrying") < kinds.indexOf("recovered"));
  }));

Deno.test("trouble: a key that is refused twice ends the turn through the protocol, and says what to do", () =>
  withSupervisor(async (bench) => {
    const refused = [1, 2].map((attempt) => retry(attempt, 401, "authentication_failed"));
    const run = await ran(bench, framesRequest(bench.folder, "claude", [...refused, { until: "cancel" }]));
    assert.equal(run.outcome.status, "failed");
    assert.equal(run.outcome.failure?.kind, "needs_login");
    assert.equal(
      run.outcome.failure.message,
      `The agent wants a login: HTTP 401, authentication failed. ${claude.login.advice}`,
    );
  }));

Deno.test("trouble: one refused key is no end, since the agent may renew it", () =>
  withSupervisor(async (bench) => {
    const frames = [retry(1, 401, "authentication_failed"), says("Renewed."), done];
    const run = await ran(bench, framesRequest(bench.folder, "claude", frames));
    assert.deepEqual([run.outcome.status, run.outcome.output], ["completed", "Renewed."]);
  }));

Deno.test("trouble: a limit that says when it ends is not sat out", () =>
  withSupervisor(async (bench) => {
    const line =
      'timestamp=2026-11-30T13:30:26.735Z level=ERROR run=1 message="stream error" providerID=test ' +
      'small=false agent=build mode=primary error.error="AI_APICallError: usage limit, try again in 2 hours"';
    const run = await ran(
      bench,
      framesRequest(bench.folder, "opencode", [says("Well, "), { stderr: line }, { until: "cancel" }]),
    );
    assert.equal(run.outcome.failure?.kind, "provider_limit");
    assert.match(
      run.outcome.failure.message,
      /^The model's provider limits the agent until 20\d\d-.*: usage limit/,
    );
    assert.ok(
      run.logs("warn").every((text) => !text.includes("level=ERROR")),
      "the line is not logged twice",
    );
  }));

Deno.test("trouble: what an agent told of it explains a turn that failed without a reason", () =>
  withSupervisor(async (bench) => {
    const codex = (codex: Record<string, unknown>): Frame => ({
      update: { sessionUpdate: "session_info_update", _meta: { codex } },
    });
    const error = { message: "Reconnecting... 1/5", codexErrorInfo: "serverOverloaded", willRetry: true };
    const frames = [
      codex({ error }),
      codex({ threadStatus: { type: "systemError" } }),
      says("Something went wrong."),
      done,
    ];
    const { outcome } = await ran(bench, framesRequest(bench.folder, "codex", frames));
    assert.deepEqual(outcome.failure, {
      kind: "overloaded",
      message: "The agent failed: Something went wrong.",
    });
  }));

const codexSays = (codex: Record<string, unknown>): Frame => ({
  update: { sessionUpdate: "session_info_update", _meta: { codex } },
});
const chunk = (text: string): Frame => ({
  update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text } },
});

Deno.test("trouble: why a turn failed that Codex ends as if it had not is no part of its answer", () =>
  withSupervisor(async (bench) => {
    const why = "stream disconnected before completion: Incomplete response returned, reason: content_filter";
    const info = { responseStreamDisconnected: { httpStatusCode: null } };
    const error = {
      message: "Reconnecting... 1/5",
      codexErrorInfo: info,
      additionalDetails: why,
      willRetry: true,
    };
    const frames = [
      says("I cannot"),
      codexSays({ error }),
      says("I cannot help with that."),
      codexSays({ threadStatus: { type: "systemError" } }),
      chunk(`${why}\n\n`),
      done,
    ];
    const run = await ran(bench, framesRequest(bench.folder, "codex", frames));
    assert.deepEqual(run.outcome.failure, { kind: "refused", message: `The agent failed: ${why}` });
    assert.match(run.outcome.output, /I cannot help with that\.$/);
    assert.ok(!run.outcome.output.includes("disconnected"), run.outcome.output);
    assert.deepEqual(run.all("log").slice(-1).map(({ level, message }) => [level, message]), [[
      "error",
      why,
    ]]);
  }));

Deno.test("refusal: an answer that was withheld is one, unless Claude Code then works", () =>
  withSupervisor(async (bench) => {
    const title = "Opus 5.5's safeguards stopped the response above · continuing once with that noted";
    const stopped: Frame = { update: { sessionUpdate: "notice", severity: "info", title } };
    const works: Frame = {
      update: { sessionUpdate: "tool_call", toolCallId: "c", title: "ls", status: "completed" },
    };
    const refused = await ran(
      bench,
      framesRequest(bench.folder, "claude", [works, says("I"), stopped, says("I will not.", "m2"), done]),
    );
    assert.deepEqual(refused.outcome.failure, {
      kind: "refused",
      message: "The model refused the request, and only spoke when it was asked again: I will not.",
    });
    const goes = await ran(
      bench,
      framesRequest(bench.folder, "claude", [says("I"), stopped, works, says("Done."), done]),
    );
    assert.equal(goes.outcome.status, "completed");
    assert.ok(goes.logs("warn").includes(title));
  }));

Deno.test("trouble: an error that does not say why is explained by it, and a provider's answer is read", () =>
  withSupervisor(async (bench) => {
    const retried: Frame = {
      notification: "_claude/sdkMessage",
      params: { message: { subtype: "api_retry", attempt: 1, max_retries: 10, error_status: 401 } },
    };
    const failing: Frame = { error: { code: -32603, message: "Internal error" } };
    const internal = await ran(bench, framesRequest(bench.folder, "claude", [retried, failing]));
    assert.equal(internal.outcome.failure?.kind, "needs_login");
    assert.equal(
      internal.outcome.failure.message,
      `The agent wants a login: Internal error. ${claude.login.advice}`,
    );
    const answer = { error: { code: 401, message: "API key not valid.", status: "INVALID_ARGUMENT" } };
    const raw: Frame = { error: { code: 401, message: JSON.stringify(answer) } };
    const ends = [
      codexSays({ threadStatus: { type: "systemError" } }),
      chunk(JSON.stringify({ error: { message: "No such tool." } })),
      done,
    ];
    const codex = await ran(bench, framesRequest(bench.folder, "codex", ends));
    assert.deepEqual(codex.outcome.failure, { kind: "refused", message: "The agent failed: No such tool." });
    const gemini = await ran(bench, framesRequest(bench.folder, "gemini", [raw]));
    assert.match(gemini.outcome.failure!.message, /^The agent wants a login: API key not valid\. \S/);
  }));

Deno.test("silence: it is shown with what the agent was at, which is no sign of life, and ends with one", () =>
  withSupervisor(async (bench) => {
    const builds: Frame = {
      update: {
        sessionUpdate: "tool_call",
        toolCallId: "c",
        title: "make all",
        kind: "execute",
        status: "in_progress",
        rawInput: { command: "make all" },
      },
    };
    const request = framesRequest(bench.folder, "generic", [
      { until: "answered" },
      builds,
      { until: "built" },
      says("Built."),
      done,
    ]);
    const watched = await watchRun(bench, request, { bounds: { silence_ms: 800 } });
    const waits = await watched.first("silent", ({ isLong }) => isLong);
    assert.match(waits.current_step, /^No sign of life for \S+ m?s, while it waits for its model$/);
    await Deno.writeTextFile(`${bench.folder}/answered`, "");
    await watched.first("recovered");
    await watched.first("silent", ({ current_step }) => current_step.endsWith("since it began: make all"));
    await Deno.writeTextFile(`${bench.folder}/built`, "");
    assert.equal((await watched.run.outcome).status, "completed");
    // On a busy machine the agent itself is silent for long.
    assert.ok(watched.all("recovered").length >= 2);
  }));

Deno.test("silence: its end is not the end of trouble with the model", () =>
  withSupervisor(async (bench) => {
    const request = framesRequest(bench.folder, "claude", [
      retry(1, 529, "overloaded"),
      { until: "silent" },
      { stderr: "Still here" },
      { until: "over" },
      says("Back."),
      done,
    ]);
    const watched = await watchRun(bench, request, { bounds: { silence_ms: 800 } });
    await watched.first("silent");
    await Deno.writeTextFile(`${bench.folder}/silent`, "");
    await watched.first("log", ({ message }) => message === "Still here");
    await Deno.writeTextFile(`${bench.folder}/over`, "");
    assert.equal((await watched.run.outcome).status, "completed");
    const told = watched.events.flatMap(({ kind }) =>
      kind === "retrying" || kind === "recovered" ? kind : []
    );
    assert.deepEqual([told.filter((kind) => kind === "recovered").length, told.at(-1)], [1, "recovered"]);
    assert.ok(told.length > 2, "what it does is shown again");
  }));

Deno.test("trouble: the client declares that it listens", () =>
  withSupervisor(async (bench) => {
    await ran(bench, framesRequest(bench.folder, "claude", [done]));
    const begun = JSON.parse(await Deno.readTextFile(`${bench.folder}/begun`));
    assert.deepEqual(begun.initialize.clientCapabilities.session, { notices: {} });
    const told: { subtype: string }[] = begun["session/new"]._meta.claudeCode.emitRawSDKMessages;
    const subtypes = told.map(({ subtype }) => subtype);
    for (const subtype of ["api_retry", "background_tasks_changed", "session_state_changed"]) {
      assert.ok(subtypes.includes(subtype), subtype);
    }
  }));

Deno.test("notices: what an agent warns of is in the log, and no part of its answer", () =>
  withSupervisor(async (bench) => {
    const notice = (severity: string, title: string, description?: string): Frame => ({
      update: { sessionUpdate: "notice", severity, title, description },
    });
    const frames = [
      says("All is "),
      notice("warning", "Model not found", "falling back to m2"),
      notice("error", "A hook failed"),
      notice("info", "By the way"),
      says("done."),
      done,
    ];
    const run = await ran(bench, framesRequest(bench.folder, "generic", frames));
    assert.equal(run.outcome.output, "All is done.");
    assert.deepEqual(run.logs("warn"), ["Model not found: falling back to m2"]);
    assert.deepEqual(run.logs("error"), ["A hook failed"]);
    assert.ok(run.logs("info").includes("By the way"));
  }));

Deno.test("notices: an error that is said like an answer is none, nor is a warning of an older version", () =>
  withSupervisor(async (bench) => {
    const error = "API Error: 529 overloaded. Try again in a moment.";
    const failing: Frame = { error: { code: -32603, message: `Internal error: ${error}` } };
    const frames = [says("Half of it."), retry(1, 529, "overloaded"), says(error), failing];
    const claude = await ran(bench, framesRequest(bench.folder, "claude", frames));
    assert.deepEqual([claude.outcome.output, claude.outcome.failure?.kind], ["Half of it.", "overloaded"]);
    assert.ok(claude.logs("error").includes(error));
    assert.equal(claude.all("recovered").length, 0);

    const chunk: Frame = {
      update: {
        sessionUpdate: "agent_message_chunk",
        content: { type: "text", text: "Warning: the model m9 was not found, m1 is used\n\n" },
      },
    };
    const codex = await ran(bench, framesRequest(bench.folder, "codex", [chunk, says("Hello."), done]));
    assert.equal(codex.outcome.output, "Hello.");
    assert.ok(codex.logs("warn").includes("Warning: the model m9 was not found, m1 is used"));
  }));

Deno.test("stderr: an adapter's own log has the level that it states, and what is told again is chatter", () =>
  withSupervisor(async (bench) => {
    const lines = [
      "[2026-11-30T13:32:08.106Z] [WARN] The folder is not trusted",
      "[2026-11-30T13:32:08.106Z] [DEBUG] Hook registry initialized",
      "timestamp=2026-11-30T13:30:14.997Z level=ERROR run=1 message=broken",
      "2026-11-30T13:30:14.997123Z  INFO codex_core: started",
      "TypeError: it broke",
      "    at place (file.js:1:2)",
      "Plain words",
      "The folder is not trusted",
      "Plain words",
    ];
    const frames = lines.map((stderr): Frame => ({ stderr }));
    const run = await ran(bench, framesRequest(bench.folder, "generic", [...frames, done]));
    const at = (level: string) =>
      run.all("log").filter((e) => e.source === "stderr" && e.level === level).length;
    assert.deepEqual(["debug", "info", "warn", "error"].map(at), [5, 0, 3, 1]);
  }));

const NOW = Date.UTC(2026, 10, 30, 13, 30);

Deno.test("trouble: which of it ends the turn", () => {
  const ends = (trouble: Partial<ModelTrouble>, times: number, lasts_ms: number) =>
    endsTurn({ trouble: { kind: "network", what: "x", ...trouble }, times, lasts_ms }, NOW, "Log in.")?.kind;
  assert.equal(ends({}, 100, 599_999), undefined, "a lost connection may come back");
  assert.equal(ends({}, 1, 600_000), "network");
  assert.equal(ends({ kind: "overloaded" }, 100, 599_999), undefined);
  assert.equal(ends({ kind: "overloaded" }, 100, 600_000), "overloaded");
  assert.equal(ends({ kind: "needs_login" }, 1, 0), undefined);
  assert.equal(ends({ kind: "needs_login" }, 2, 0), "needs_login");
  assert.equal(ends({ kind: "provider_limit" }, 5, 60_000), undefined, "it may be short");
  assert.equal(ends({ kind: "provider_limit" }, 5, 120_000), "provider_limit");
  assert.equal(ends({ kind: "provider_limit", until_ms: NOW + 60_001 }, 1, 0), "provider_limit");
  assert.equal(ends({ kind: "provider_limit", until_ms: NOW + 60_000 }, 1, 0), undefined, "it is short");
  assert.equal(ends({ kind: "provider_limit", until_ms: NOW }, 1, 0), undefined, "it is over");
});

Deno.test("trouble: the step names what is known", () => {
  assert.equal(stepOf({ kind: "network", what: "no answer" }), "Asks its model again: no answer");
  assert.equal(stepOf({ kind: "network", what: "a\nb", attempt: 2 }), "Asks its model again, try 2: a b");
  assert.ok(stepOf({ kind: "network", what: "x".repeat(1000), attempt: 2, of: 3 }).length <= 200);
  assert.deepEqual([401, 403, 429, 500, 529, 404, undefined].map(kindOfStatus), [
    "needs_login",
    "needs_login",
    "provider_limit",
    "overloaded",
    "overloaded",
    "refused",
    "network",
  ]);
});

Deno.test("trouble: when a limit ends is read from what is said of it", () => {
  const at = (text: string, zone = "UTC") => {
    const ms = resetTimeIn(text, NOW, zone);
    return ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16);
  };
  const cases: [text: string, found: string | undefined, zone?: string][] = [
    ["Claude AI usage limit reached|1796050800", "2026-11-30T15:00"],
    ["limit reached|1796050800000", "2026-11-30T15:00"],
    ["You can try again at 2026-12-01T08:00:00Z.", "2026-12-01T08:00"],
    ["usage limit until 20:00", "2026-11-30T20:00"],
    ["usage limit until 20:00", "2026-11-30T19:00", "Europe/Berlin"],
    ["5-hour limit reached ∙ resets 3am", "2026-12-01T03:00"],
    ["You've hit your limit · resets 12:30pm", "2026-12-01T12:30"],
    ["Try again at Dec 1st, 2026 8:05 PM.", "2026-12-01T20:05"],
    ["resets Jan 2, 12am", "2027-01-02T00:00"],
    ["Please try again in 2 hours 5 minutes.", "2026-11-30T15:35"],
    ["retry after 90s", "2026-11-30T13:31"],
    ["try again in 3 days", "2026-12-03T13:30"],
    ["until 25:00", undefined],
    ["rate limit of 5 requests", undefined],
    ["a limit", undefined],
  ];
  for (const [text, found, zone] of cases) assert.equal(at(text, zone), found, text);
});
