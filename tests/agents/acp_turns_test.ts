/** Several turns of one process and session: each is told by itself, and one can be ended for the next. */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import type { TurnMessage } from "../../src/domain/run_request.ts";
import { acpRequest, framesRequest, frank, ran, watchRun } from "./fixtures/acp_run.ts";
import type { Frame } from "./fixtures/frames_agent.ts";
import { type Bench, stateOf, until, withSupervisor } from "./fixtures/harness.ts";

const says = (text: string, messageId = text): Frame => ({
  update: { sessionUpdate: "agent_message_chunk", messageId, content: { type: "text", text } },
});
const plan = (...statuses: string[]): Frame => ({
  update: {
    sessionUpdate: "plan",
    entries: statuses.map((status, at) => ({ content: `step ${at + 1}`, status, priority: "medium" })),
  },
});
const costs = (amount: number): Frame => ({
  update: { sessionUpdate: "usage_update", used: 10, size: 100, cost: { amount, currency: "USD" } },
});
const asks = (title: string): Frame => ({
  request: "session/request_permission",
  params: {
    toolCall: { toolCallId: title, title },
    options: [
      { optionId: "yes", name: "Yes", kind: "allow_once" },
      { optionId: "no", name: "No", kind: "reject_once" },
    ],
  },
});
const done = (usage?: Record<string, number>): Frame => ({ result: { stopReason: "end_turn", usage } });
const message = (...frames: Frame[]): TurnMessage => ({ text: JSON.stringify(frames) });
const request = (bench: Bench, ...frames: Frame[]) => framesRequest(bench.folder, "generic", frames);

Deno.test("turns: each is reported with its own answer, tokens and cost, in one process and session", () =>
  withSupervisor(async (bench) => {
    const first = [says("One."), costs(0.1), done({ inputTokens: 5, outputTokens: 1 })];
    const second = message(says("Two."), costs(0.3), done({ inputTokens: 7 }));
    const { outcome, ...run } = await ran(bench, request(bench, ...first), {
      messages: [second, message(done())],
    });
    const context = { used: 10, size: 100 };
    const ends = run.all("turn_ended").map(({ outcome }) => outcome);
    assert.deepEqual(ends.map(({ status, output, stop_reason }) => [status, output, stop_reason]), [
      ["completed", "One.", "end_turn"],
      ["completed", "Two.", "end_turn"],
      ["completed", "", "end_turn"],
    ]);
    assert.deepEqual(ends.map(({ usage }) => usage), [
      { context, cost: { amount: 0.1, currency: "USD" }, input_tokens: 5, output_tokens: 1 },
      { context, cost: { amount: 0.2, currency: "USD" }, input_tokens: 7 },
      undefined,
    ]);
    assert.deepEqual(outcome, ends[2]);
    assert.equal(run.all("session").length, 1);
    assert.equal(run.all("started").length, 1);
    assert.equal(run.all("at_work").length, 1);
    assert.deepEqual(run.logs("info").filter((text) => /^(One|Two)/.test(text)), ["One.", "Two."]);
  }));

Deno.test("turns: what no agent can have used is kept within bounds that can be summed and stored", () =>
  withSupervisor(async (bench) => {
    const cost = { amount: 1e308, currency: "x".repeat(100_000) };
    const told = (used: number, more: Record<string, unknown> = {}): Frame => ({
      update: { sessionUpdate: "usage_update", used, size: 1e308, cost, ...more },
    });
    const less = { amount: -1e308, currency: "USD" };
    const frames = [says("One."), told(1e308), done({ inputTokens: 1e308, outputTokens: -5 })];
    const { all } = await ran(bench, request(bench, ...frames), {
      messages: [message(told(-1e308, { cost: less }), done({ inputTokens: 1e308, totalTokens: 1e308 }))],
    });
    const [one, two] = all("turn_ended").map(({ outcome: { usage } }) => usage as Record<string, unknown>);
    const { currency, amount } = one!.cost as { currency: string; amount: number };
    assert.deepEqual([amount, one!.input_tokens, one!.output_tokens], [1e15, 1e15, undefined]);
    assert.ok(currency.length <= 20, currency);
    // It has no cost that is less than nothing.
    assert.deepEqual([two!.cost, two!.input_tokens, two!.context], [undefined, 1e15, undefined]);
  }));

Deno.test("turns: the tokens of an agent that tells the sum of the process are those of each turn", () =>
  withSupervisor(async (bench) => {
    const frames = [says("One."), done({ inputTokens: 5, outputTokens: 1 })];
    const request = framesRequest(bench.folder, "copilot", frames, { permissions: "allow" });
    const { all } = await ran(bench, request, {
      messages: [message(done({ inputTokens: 12, outputTokens: 1 })), message(done({ inputTokens: 20 }))],
    });
    const tokens = all("turn_ended").map((
      { outcome: { usage } },
    ) => [usage?.input_tokens, usage?.output_tokens]);
    assert.deepEqual(tokens, [[5, 1], [7, 0], [8, undefined]]);
  }));

Deno.test("turns: the cost in a session that goes on is that of the turn alone, or is not told", () =>
  withSupervisor(async (bench) => {
    const cost = (amount: number) => ({ amount, currency: "USD" });
    for (
      const [resume, told] of [
        [{ cost: cost(2) }, cost(1)],
        // It counts from nothing again.
        [{ cost: cost(4) }, cost(3)],
        [{ cost: { amount: 2, currency: "EUR" } }, undefined],
        [{ adopted: true }, undefined],
        // Whatever it has cost was in this very turn, before it was interrupted.
        [{}, cost(3)],
      ] as const
    ) {
      const wanted = { resume: { session_id: "f1", ...resume } };
      const frames = [says("One."), costs(3), done()];
      const { outcome } = await ran(bench, framesRequest(bench.folder, "generic", frames, wanted), {
        messages: [message(costs(3.5), done())],
      });
      assert.deepEqual([outcome.usage?.cost, outcome.session_cost], [cost(0.5), cost(3.5)]);
      const { outcome: first } = await ran(bench, framesRequest(bench.folder, "generic", frames, wanted));
      assert.deepEqual([first.usage?.cost, first.session_cost], [told, cost(3)], JSON.stringify(resume));
    }
  }));

Deno.test("turns: what was open, denied or told in one is no part of the next", () =>
  withSupervisor(async (bench) => {
    const first = [plan("completed", "pending"), asks("delete it"), says("Not done."), done()];
    const watched = await watchRun(bench, request(bench, ...first), {
      messages: [message(says("All done."), done())],
    });
    const { request: asked } = await watched.first("permission_requested");
    watched.run.answerPermission(asked.permission_id, "no", OWNER);
    const outcome = await watched.run.outcome;
    const [one, two] = watched.all("turn_ended").map(({ outcome }) => outcome);
    assert.equal(one!.warnings!.length, 2);
    assert.deepEqual([two!.status, two!.warnings], ["completed", undefined]);
    assert.equal(outcome.warnings, undefined);
  }));

Deno.test("turns: one that fails is the last, if nothing follows it", () =>
  withSupervisor(async (bench) => {
    const refused = message({ result: { stopReason: "refusal" } });
    const { outcome, ...run } = await ran(bench, request(bench, says("Well."), done()), {
      messages: [refused],
    });
    assert.deepEqual(run.all("turn_ended").map(({ outcome }) => outcome.status), ["completed", "failed"]);
    assert.deepEqual([outcome.status, outcome.failure?.kind, outcome.output], ["failed", "refused", ""]);
  }));

Deno.test("turns: an error in answer to a later prompt fails the run", () =>
  withSupervisor(async (bench) => {
    const fails = message({ error: { code: -32603, message: "The disk is full" } });
    const { outcome } = await ran(bench, request(bench, says("Well."), done()), { messages: [fails] });
    assert.deepEqual([outcome.status, outcome.failure?.message, outcome.output], [
      "failed",
      "The disk is full",
      "",
    ]);
  }));

Deno.test("turns: an agent that dies between two of them takes no message, and its turn stays as it ended", () =>
  withSupervisor(async (bench) => {
    const frames = [says("One."), done(), { exit: 3 }];
    const watched = await watchRun(bench, request(bench, ...frames), { holdsTurns: true });
    const outcome = await watched.run.outcome;
    assert.deepEqual([outcome.status, outcome.output], ["completed", "One."]);
    assert.equal(watched.run.next!({ text: "more" }), false);
    assert.ok(watched.logs("warn").includes("The agent ended by itself after its turn"));
  }));

Deno.test("turns: an agent does not wait for ever for the next", () =>
  withSupervisor(async (bench) => {
    const options = { holdsTurns: true, bounds: { next_ms: 200 } };
    const watched = await watchRun(bench, request(bench, says("One."), done()), options);
    assert.equal((await watched.run.outcome).status, "completed");
    assert.equal(watched.run.next!({ text: "more" }), false);
    assert.match(watched.logs("warn").join("\n"), /its next turn did not begin in time/);
  }));

Deno.test("turns: a run that is stopped between two of them ends as the one before", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, request(bench, says("One."), done()), { holdsTurns: true });
    await watched.first("turn_ended");
    assert.equal(watched.run.next!(message(says("Two."), { until: "never" })), true);
    assert.equal(watched.run.next!({ text: "more" }), false, "in a turn");
    await watched.first("log", ({ message }) => message === "Two.");
    await watched.run.stop();
    assert.equal((await watched.run.outcome).status, "stopped");

    const between = await watchRun(bench, request(bench, says("One."), done()), { holdsTurns: true });
    await between.first("turn_ended");
    await between.run.stop();
    assert.deepEqual(await between.run.outcome, between.all("turn_ended")[0]!.outcome);
  }));

Deno.test("turns: one is ended for the next, with what it had asked", () =>
  withSupervisor(async (bench) => {
    const first = [says("On it."), asks("first"), { until: "cancel" } as Frame];
    const watched = await watchRun(bench, request(bench, ...first), { holdsTurns: true });
    const { run } = watched;
    await watched.first("permission_requested");
    run.interrupt!();
    run.interrupt!();
    const { outcome } = await watched.first("turn_ended");
    assert.deepEqual([outcome.status, outcome.stop_reason, outcome.output], [
      "stopped",
      "cancelled",
      "On it.",
    ]);
    assert.equal(watched.all("permission_settled")[0]!.by, "end");
    run.interrupt!();
    assert.equal(run.next!(message(says("Instead."), asks("second"), done())), true);
    const { request: asked } = await watched.first(
      "permission_requested",
      ({ request }) => request.title === "second",
    );
    assert.equal(run.answerPermission(asked.permission_id, "yes", OWNER), true);
    await watched.first("turn_ended", ({ outcome }) => outcome.output === "Instead.");
    run.next!(undefined);
    const last = await run.outcome;
    assert.deepEqual([last.status, last.failure, last.warnings], ["completed", undefined, undefined]);
    assert.equal(watched.all("turn_ended").length, 2);
  }));

Deno.test("turns: one that is interrupted before its prompt is ended when it has it", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, request(bench, { until: "cancel" }), {
      messages: [message(says("Two."), done())],
    });
    watched.run.interrupt!();
    assert.equal((await watched.run.outcome).output, "Two.");
    assert.deepEqual(watched.all("turn_ended").map(({ outcome }) => outcome.status), [
      "stopped",
      "completed",
    ]);
  }));

Deno.test("turns: one that is interrupted as soon as its message is given is ended too", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, request(bench, says("One."), done()), { holdsTurns: true });
    await watched.first("turn_ended");
    watched.run.next!(message({ until: "cancel" }));
    watched.run.interrupt!();
    await watched.first("turn_ended", ({ outcome }) => outcome.status === "stopped");
    watched.run.next!(message(says("Three."), done()));
    await watched.first("turn_ended", ({ outcome }) => outcome.output === "Three.");
    watched.run.next!(undefined);
    assert.equal((await watched.run.outcome).status, "completed");
  }));

Deno.test("turns: an agent that has missed its interruption is interrupted again", () =>
  withSupervisor(async (bench) => {
    const frames: Frame[] = [says("One."), { until: "cancel missed" }, { until: "cancel" }];
    const watched = await watchRun(bench, request(bench, ...frames), {
      bounds: { cancel_again_ms: 100 },
      messages: [message(says("Two."), done())],
    });
    await watched.first("at_work");
    watched.run.interrupt!();
    assert.equal((await watched.run.outcome).output, "Two.");
  }));

Deno.test("turns: one that is interrupted may fail, or end as if it were done", () =>
  withSupervisor(async (bench) => {
    for (
      const last of [{ error: { code: -32603, message: "Aborted" } }, done(), {
        result: { stopReason: "refusal" },
      }]
    ) {
      const frames = [asks("it"), last];
      const watched = await watchRun(bench, request(bench, ...frames), {
        messages: [message(says("Two."), done())],
      });
      await watched.first("permission_requested");
      watched.run.interrupt!();
      assert.equal((await watched.run.outcome).output, "Two.");
      assert.equal(watched.all("turn_ended")[0]!.outcome.status, "stopped");
    }
    // It was faster.
    const watched = await watchRun(bench, request(bench, says("One."), asks("it"), done()));
    await watched.first("permission_requested");
    watched.run.interrupt!();
    assert.equal((await watched.run.outcome).status, "completed");
  }));

Deno.test("turns: an agent that forgets a turn that was ended is told again what that was about", () =>
  withSupervisor(async (bench) => {
    const ask = [{
      method: "elicitation/create",
      params: { mode: "form", message: "?", requestedSchema: {} },
    }];
    for (const profile of ["gemini", "claude"]) {
      const request = acpRequest(bench.folder, frank({}), JSON.stringify(ask), { agent: { profile } });
      const watched = await watchRun(bench, request, { messages: ["second", "third"] });
      await watched.first("question_asked");
      watched.run.interrupt!();
      const { status } = await watched.run.outcome;
      assert.equal(status, "completed");
      const [first, second, third] = watched.all("turn_ended").map(({ outcome }) => outcome);
      assert.equal(first!.status, "stopped");
      const texts = ({ output }: { output: string }) =>
        JSON.parse(output).blocks.map(({ text }: { text: string }) => text);
      if (profile === "gemini") {
        assert.deepEqual(texts(second!).slice(1), [
          JSON.stringify(ask),
          "This is what you are told now:",
          "second",
        ]);
      } else assert.deepEqual(texts(second!), ["second"]);
      assert.deepEqual(texts(third!), ["third"]);
    }
  }));

Deno.test("turns: an agent that does not end its turn when it is interrupted is ended", () =>
  withSupervisor(async (bench) => {
    const frames: Frame[] = [says("Deaf."), { until: "never" }];
    const watched = await watchRun(bench, request(bench, ...frames), { bounds: { interrupt_ms: 300 } });
    await watched.first("at_work");
    watched.run.interrupt!();
    const { status, failure } = await watched.run.outcome;
    assert.deepEqual([status, failure?.kind], ["failed", "unresponsive"]);
    assert.match(failure!.message, /was interrupted and did not end its turn within/);
    assert.equal(watched.all("turn_ended").length, 0);
  }));

Deno.test("turns: those that the agent takes of itself are told with their own answers", () =>
  withSupervisor(async (bench) => {
    const frames = [says("Asked for."), costs(1), done({ inputTokens: 5 }), says("Of itself."), costs(3)];
    const { outcome, ...run } = await ran(bench, request(bench, ...frames), {
      messages: [message(says("Asked again."), done())],
    });
    const [own] = run.all("own_turn");
    assert.deepEqual([own!.outcome.output, own!.outcome.usage?.input_tokens], ["Asked for.", 5]);
    const [second, third] = run.all("turn_ended").map(({ outcome }) => outcome);
    assert.equal(second!.output, "Of itself.");
    assert.deepEqual(second!.usage, {
      context: { used: 10, size: 100 },
      cost: { amount: 2, currency: "USD" },
    });
    assert.equal(third!.output, "Asked again.");
    assert.equal(outcome.output, "Asked again.");
  }));

Deno.test("turns: what the agent does of itself while it waits for the next is of the next", () =>
  withSupervisor(async (bench) => {
    const frames: Frame[] = [says("One."), done(), { until: "gate" }, says("Early."), { touch: "said" }];
    const watched = await watchRun(bench, request(bench, ...frames), { holdsTurns: true });
    await watched.first("turn_ended");
    await Deno.writeTextFile(`${bench.folder}/gate`, "");
    const said = () => Deno.stat(`${bench.folder}/said`).then(() => true, () => false);
    await until("it has said more", said);
    assert.equal(watched.run.next!(message(says("Two."), done())), true);
    const { outcome } = await watched.first("turn_ended", ({ outcome }) => outcome.output === "Two.");
    watched.run.next!(undefined);
    assert.equal(outcome.status, "completed");
    await watched.run.outcome;
    assert.equal(watched.all("own_turn").length, 0);
    assert.deepEqual(watched.logs("info").filter((text) => /^\w+\.$/.test(text)), ["One.", "Early.", "Two."]);
  }));

Deno.test("turns: a message that waits is not kept waiting for what the last one has left at work", () =>
  withSupervisor(async (bench) => {
    const frames: Frame[] = [says("Started."), { run: ["sleep", "475"] }, done()];
    let waits = false;
    const wanted = { ...request(bench, ...frames), wait_for_background_ms: 600_000, hasNext: () => waits };
    const watched = await watchRun(bench, wanted, { messages: [message(says("Two."), done())] });
    await watched.first("log", ({ message }) => message.startsWith("The turn has ended, and waits for"));
    waits = true;
    const { output, left_running } = await watched.run.outcome;
    assert.equal(output, "Two.");
    assert.equal(left_running?.length, 1);
    assert.equal(await stateOf(left_running![0]!.pid), undefined);
  }));

Deno.test("turns: a message comes with its attachments, as the first prompt does", () =>
  withSupervisor(async (bench) => {
    const path = `${bench.folder}/kept`;
    await Deno.writeTextFile(path, "some notes");
    const of = (name: string, mime_type: string) => ({ id: "att_1", name, mime_type, bytes: 10, path });
    const capabilities = { promptCapabilities: { embeddedContext: true } };
    const { outcome } = await ran(bench, acpRequest(bench.folder, frank(capabilities), "first"), {
      messages: [{
        text: "look",
        attachments: [of("notes.txt", "text/plain"), of("a.bin", "application/x-a")],
      }],
    });
    const [text, resource, named] = JSON.parse(outcome.output).blocks;
    assert.deepEqual(text, { type: "text", text: "look" });
    assert.equal(resource.resource.text, "some notes");
    assert.match(named.text, /\.attachments-task-1\/a\.bin/);
  }));
