/** Messages into a running turn. */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import { acpRequest, frank, watchRun } from "./fixtures/acp_run.ts";
import { withSupervisor } from "./fixtures/harness.ts";

const QUESTION = {
  method: "elicitation/create",
  params: { mode: "form", message: "Which?", requestedSchema: { properties: {} } },
};

Deno.test("acp steering: a message reaches the running turn, and is left to the caller once it has ended", () =>
  withSupervisor(async (bench) => {
    const prompt = JSON.stringify([QUESTION, { until: 2 }]);
    const watched = await watchRun(bench, acpRequest(bench.folder, frank({}, "steers"), prompt));
    const { run } = watched;
    assert.equal(await run.steer!({ text: "too early" }), false, "before there is a turn");
    const { question } = await watched.first("question_asked");
    assert.equal(await run.steer!({ text: "rather blue" }), true);
    run.answerQuestion!(question.question_id, { action: "decline" }, OWNER);
    await watched.first("question_settled");
    assert.equal(await run.steer!({ text: "or green" }), true);
    const { status, output } = await run.outcome;
    assert.equal(status, "completed");
    assert.deepEqual(
      JSON.parse(output).steered,
      ["rather blue", "or green"].map((text) => ({
        sessionId: "s1",
        prompt: [{ type: "text", text }],
        _meta: { steering: { idleBehavior: "promptRequired" } },
      })),
    );
    assert.equal(await run.steer!({ text: "too late" }), false);
  }));

Deno.test("acp steering: an agent that declares nothing of it is sent nothing", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, acpRequest(bench.folder, frank({}), JSON.stringify([QUESTION])));
    await watched.first("question_asked");
    assert.equal(await watched.run.steer!({ text: "rather blue" }), false);
    await watched.run.stop();
  }));
