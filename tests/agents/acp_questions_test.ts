/** An agent's questions over ACP: what is asked of a person, and what the agent is answered. */
import assert from "node:assert/strict";
import { readQuestion } from "../../src/agents/acp/question_request.ts";
import { OWNER } from "../../src/domain/actor.ts";
import type { RunRequest } from "../../src/domain/run_request.ts";
import { codex } from "../../src/agents/makes/codex.ts";
import { checkedContent } from "../../src/protocol/question_content.ts";
import { ApiError } from "../../src/domain/errors.ts";
import type { QuestionSchema } from "../../src/domain/question.ts";
import { acpRequest, frank, type WatchedRun, watchRun } from "./fixtures/acp_run.ts";
import { type Bench, withSupervisor } from "./fixtures/harness.ts";

type Fields = Record<string, unknown>;

const FORM = {
  mode: "form",
  message: "Which?",
  requestedSchema: { type: "object", properties: { color: { type: "string", enum: ["red", "blue"] } } },
};
const ask = (params: Fields, more: Fields = {}) => ({ method: "elicitation/create", params, ...more });

function asking(
  { folder }: Bench,
  frames: Fields[],
  changes: Partial<Omit<RunRequest, "task" | "agent">> = {},
): RunRequest {
  return acpRequest(folder, frank({}), JSON.stringify(frames), changes);
}

async function saidBy(watched: WatchedRun): Promise<{ abilities: Fields; answers: unknown[] }> {
  const { status, failure, output } = await watched.run.outcome;
  assert.equal(status, "completed", failure?.message);
  return JSON.parse(output);
}

Deno.test("acp: a question is asked, and the answer of a client is the agent's", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, asking(bench, [ask(FORM)]));
    const { question } = await watched.first("question_asked");
    assert.equal(question.message, "Which?");
    assert.deepEqual(question.schema!.properties, FORM.requestedSchema.properties);
    assert.ok(Date.parse(question.expires_at!) > Date.now());
    const { run } = watched;
    assert.equal(run.answerQuestion!("other", { action: "decline" }, OWNER), false);
    const answer = { action: "accept" as const, content: { color: "blue" } };
    assert.equal(run.answerQuestion!(question.question_id, answer, OWNER), true);
    assert.equal(run.answerQuestion!(question.question_id, answer, OWNER), false, "answered already");
    const { abilities, answers } = await saidBy(watched);
    assert.deepEqual(answers, [answer]);
    assert.deepEqual(abilities.elicitation, { form: {}, url: {} });
    assert.deepEqual(watched.all("question_settled").map((e) => [e.action, e.by]), [["accept", "client"]]);
    assert.ok(watched.logs("info").includes("Question answered (accept, by owner): Which?"));
  }));

Deno.test("acp: the log says who answered a question, and not what", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, asking(bench, [ask(FORM)]));
    const { question } = await watched.first("question_asked");
    const answer = { action: "accept" as const, content: { color: "blue" } };
    watched.run.answerQuestion!(question.question_id, answer, OWNER);
    await watched.run.outcome;
    const entry = watched.all("log").find((e) => e.source === "question")!;
    assert.equal(entry.message, "Question answered (accept, by owner): Which?");
    assert.deepEqual(entry.details, { question_id: question.question_id, by: OWNER });
  }));

Deno.test("acp: a question that nobody answers in time is cancelled, and the log and the result say so", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, asking(bench, [ask(FORM)], { permission_timeout_ms: 50 }));
    assert.deepEqual((await saidBy(watched)).answers, [{ action: "cancel" }]);
    assert.deepEqual(watched.all("question_settled").map((e) => [e.action, e.by]), [["cancel", "timeout"]]);
    assert.deepEqual(watched.logs("warn"), [
      "Question answered with cancel, since nobody answered in time: Which?",
      "Finished without an answer to: Which?",
    ]);
    assert.deepEqual((await watched.run.outcome).warnings, ["Finished without an answer to: Which?"]);
  }));

Deno.test("acp: a question that the agent withdraws is open no longer", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, asking(bench, [ask(FORM, { goes_on: true }), { withdraw: true }]));
    await watched.run.outcome;
    assert.deepEqual(watched.all("question_settled").map((e) => [e.action, e.by]), [["cancel", "end"]]);
  }));

Deno.test("acp: a page to visit is told, and is open no longer once the agent has what it wanted", () =>
  withSupervisor(async (bench) => {
    const page = {
      mode: "url",
      message: "Log in",
      url: "https://example.com/login?x=1",
      elicitationId: "e1",
    };
    const watched = await watchRun(
      bench,
      asking(bench, [
        ask(page),
        ask({ ...page, elicitationId: "e2" }, { goes_on: true }),
        { notify: "elicitation/complete", params: { elicitationId: "e2" } },
      ]),
    );
    const { question } = await watched.first("question_asked");
    assert.deepEqual([question.url, question.schema], [page.url, undefined]);
    watched.run.answerQuestion!(question.question_id, { action: "accept", content: { x: 1 } }, OWNER);
    assert.deepEqual((await saidBy(watched)).answers, [{ action: "accept" }, { action: "cancel" }]);
    assert.deepEqual(watched.all("question_settled").map((e) => [e.action, e.by]), [
      ["accept", "client"],
      ["cancel", "end"],
    ]);
  }));

Deno.test("acp: what a person cannot be asked is cancelled at once, and the log says why", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(
      bench,
      asking(bench, [
        ask({ mode: "url", message: "Run", url: "javascript:alert(1)", elicitationId: "e" }),
        ask({ mode: "voice", message: "Speak" }),
      ]),
    );
    assert.deepEqual((await saidBy(watched)).answers, [{ action: "cancel" }, { action: "cancel" }]);
    assert.deepEqual(watched.logs("warn"), [
      "A question was answered with cancel, since its address is not one of a web page: Run",
      "A question was answered with cancel, since it is of an unknown kind, voice: Speak",
    ]);
    assert.equal(watched.all("question_asked").length, 0);
  }));

Deno.test("acp: a question does not outlive its run", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, asking(bench, [ask(FORM)]));
    const { question } = await watched.first("question_asked");
    await watched.run.stop();
    assert.deepEqual(watched.all("question_settled").map((e) => [e.action, e.by]), [["cancel", "end"]]);
    assert.equal(watched.run.answerQuestion!(question.question_id, { action: "decline" }, OWNER), false);
  }));

Deno.test("acp question: every kind of field is read, and what makes no sense is left out", () => {
  const option = { const: "a", title: "A", description: "first", _meta: { preview: "x" } };
  const read = readQuestion({
    message: "m",
    mode: "form",
    requestedSchema: {
      title: null,
      properties: {
        text: { type: "string", minLength: 2, maxLength: null, format: "email", default: "x", _meta: {} },
        one: { type: "string", title: "One", oneOf: [option, { const: 3 }, { const: "b" }] },
        older: { type: "string", enum: ["a", "b"], enumNames: ["A"] },
        many: { type: "array", items: { anyOf: [option] }, maxItems: 1 },
        plain: { type: "array", items: { type: "string", enum: ["a"] } },
        count: { type: "integer", minimum: 0, default: 1.5 },
        share: { type: "number", maximum: 1 },
        yes: { type: "boolean", default: true },
        strange: { type: "string", format: "color" },
        unknown: { type: "object", properties: {} },
      },
      required: ["text", "nothing"],
    },
  });
  assert.ok(typeof read !== "string");
  const titled = { const: "a", title: "A", description: "first" };
  assert.deepEqual(read.schema, {
    type: "object",
    properties: {
      text: { type: "string", minLength: 2, format: "email", default: "x" },
      one: { type: "string", title: "One", oneOf: [titled, { const: "b", title: "b" }] },
      older: { type: "string", oneOf: [{ const: "a", title: "A" }, { const: "b", title: "b" }] },
      many: { type: "array", items: { anyOf: [titled] }, maxItems: 1 },
      plain: { type: "array", items: { type: "string", enum: ["a"] } },
      count: { type: "integer" },
      share: { type: "number", maximum: 1 },
      yes: { type: "boolean", default: true },
      strange: { type: "string" },
    },
    required: ["text"],
  });
});

Deno.test("acp question: a required field that no form can show keeps it from being asked", () => {
  const requestedSchema = { properties: { x: { type: "object" } }, required: ["x"] };
  assert.equal(
    readQuestion({ mode: "form", message: "m", requestedSchema }),
    "its field 'x' is of an unknown kind",
  );
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`f${i}`, { type: "boolean" }]));
  assert.equal(
    readQuestion({ mode: "form", requestedSchema: { properties: many } }),
    "it has more than 50 fields",
  );
});

Deno.test("acp question: Codex tells when it goes on meanwhile", () => {
  assert.equal(codex.goesOnAfter({ _meta: { codex: { delivery: "async" } } }), true);
  assert.equal(codex.goesOnAfter({ _meta: { codex: { autoResolutionMs: null } } }), false);
  assert.equal(codex.goesOnAfter({}), false);
});

const TEXT = (more: Fields): QuestionSchema => ({
  type: "object",
  properties: { x: { type: "string", ...more } },
});

for (
  const [what, schema, good, bad, code] of [
    ["an address", TEXT({ format: "email" }), "a@b.org", "a@", "INVALID_FIELD_FORMAT"],
    ["a URI", TEXT({ format: "uri" }), "mailto:a@b.org", "nowhere", "INVALID_FIELD_FORMAT"],
    ["a day", TEXT({ format: "date" }), "2026-02-28", "2026-02-30", "INVALID_FIELD_FORMAT"],
    ["a time", TEXT({ format: "date-time" }), "2026-02-28T10:00:00+01:00", "10:00", "INVALID_FIELD_FORMAT"],
    ["a pattern", TEXT({ pattern: "^[a-z]+$" }), "abc", "Abc", "INVALID_FIELD_FORMAT"],
    ["a pattern anywhere", TEXT({ pattern: "b" }), "abc", "acc", "INVALID_FIELD_FORMAT"],
    ["a length in characters", TEXT({ minLength: 2, maxLength: 2 }), "😀😀", "😀", "INVALID_FIELD_VALUE"],
    ["a choice", TEXT({ enum: ["a", "b"] }), "a", "c", "INVALID_FIELD_VALUE"],
  ] as const
) {
  Deno.test(`question content: ${what}`, async () => {
    assert.deepEqual(await checkedContent(schema, { x: good }), { x: good });
    await assert.rejects(
      () => checkedContent(schema, { x: bad }),
      (error) => error instanceof ApiError && error.code === code && error.details.field === "content.x",
    );
  });
}

Deno.test("question content: a pattern that would keep a backtracking engine busy for years takes no time", async () => {
  const schema = TEXT({ pattern: "^(a+)+$" });
  await assert.rejects(() => checkedContent(schema, { x: `${"a".repeat(60)}!` }), ApiError);
});

Deno.test("question content: a pattern that only the agent understands is left to the agent", async () => {
  const schema = TEXT({ pattern: "^(?=.*[0-9]).+$" });
  assert.deepEqual(await checkedContent(schema, { x: "anything" }), { x: "anything" });
});

Deno.test("question content: all problems are told, the first as the error", async () => {
  const schema: QuestionSchema = {
    type: "object",
    properties: {
      n: { type: "integer", minimum: 1 },
      list: { type: "array", items: { type: "string", enum: ["a", "b", "c"] }, minItems: 2 },
    },
    required: ["n", "list"],
  };
  await assert.rejects(() => checkedContent(schema, { n: 0, list: ["a"] }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.details.field, "content.n");
    assert.deepEqual((error.details.errors as Fields[]).map(({ field }) => field), ["content.list"]);
    return true;
  });
});
