/** Several turns of the real agents: in one process, ended for the next, in another process, and when one was interrupted. */
import assert from "node:assert/strict";
import type { EarlierWork } from "../../src/domain/run_request.ts";
import { ran, watchRun } from "../agents/fixtures/acp_run.ts";
import type { AgentName } from "../fixtures/agents.ts";
import { longTest } from "../fixtures/tier.ts";
import { withAgent } from "./fixtures/real_agent.ts";

const AGENTS: readonly AgentName[] = ["opencode", "claude", "codex", "gemini"];
const FIRST = 'mock:simple text="first answer"';
const BEGUN: EarlierWork = { plan: [], steps: [], files: [], answer: "first answer" };

for (const name of AGENTS) {
  longTest(
    `${name}: takes several turns in one process and session`,
    () =>
      withAgent(name, async (bench, ask, model) => {
        const messages = ["mock:write path=b.txt text=two escalate=1", 'mock:simple text="third answer"'];
        const { outcome, ...run } = await ran(bench, ask(FIRST, { permissions: "allow" }), { messages });
        assert.equal(outcome.status, "completed", outcome.failure?.message);
        const ends = run.all("turn_ended").map(({ outcome }) => outcome);
        assert.deepEqual(ends.map(({ status }) => status), ["completed", "completed", "completed"]);
        assert.deepEqual(ends.map(({ output }) => output), ["first answer", "File written.", "third answer"]);
        assert.equal((await Deno.readTextFile(`${bench.folder}/work/b.txt`)).trim(), "two");
        assert.equal(run.all("session").length, 1);
        // It knows what was said before.
        assert.match(model.requests.filter(({ side }) => !side).at(-1)!.text, /first answer/);
        for (const { usage } of ends) assert.ok(Number(usage?.input_tokens) > 0, JSON.stringify(usage));
      }),
  );

  longTest(
    `${name}: its turn is ended for a message, and its process and session stay`,
    () =>
      withAgent(name, async (bench, ask) => {
        const watched = await watchRun(bench, ask("mock:slow n=80 delay=250"), { holdsTurns: true });
        await watched.first("at_work");
        watched.run.interrupt!();
        const { outcome } = await watched.first("turn_ended");
        assert.equal(outcome.status, "stopped", JSON.stringify(outcome));
        assert.equal(watched.run.next!({ text: 'mock:simple text="instead"' }), true);
        await watched.first("turn_ended", ({ outcome }) => outcome.output === "instead");
        // At once, before it has done anything.
        assert.equal(watched.run.next!({ text: "mock:slow n=80 delay=250" }), true);
        watched.run.interrupt!();
        await watched.first(
          "turn_ended",
          ({ outcome }) => outcome.status === "stopped" && outcome.output === "",
        );
        assert.equal(watched.run.next!({ text: 'mock:simple text="at last"' }), true);
        await watched.first("turn_ended", ({ outcome }) => outcome.output === "at last");
        watched.run.next!(undefined);
        const { status, output } = await watched.run.outcome;
        assert.deepEqual([status, output], ["completed", "at last"]);
        assert.equal(watched.all("session").length, 1);
      }),
  );

  longTest(
    `${name}: a message after the end is told in its session, or in a new one with what was before`,
    () =>
      withAgent(name, async (bench, ask, model) => {
        const { outcome, ...before } = await ran(bench, ask(FIRST));
        assert.equal(outcome.output, "first answer");
        const { session_id, opened_at } = before.all("session")[0]!;
        const message = { text: 'mock:simple text="second answer"', mayBeTold: false };
        for (const resume of [{ session_id, opened_at }, { session_id: crypto.randomUUID() }]) {
          const after = await ran(bench, ask(FIRST, { attempt: 2, resume, earlier: BEGUN, message }));
          assert.equal(after.outcome.output, "second answer", JSON.stringify(after.outcome));
          const isKnown = resume.session_id === session_id;
          const { resumed } = after.all("session").at(-1)!;
          // Within the minute in which it began, a session of Gemini cannot be loaded.
          if (name !== "gemini") assert.equal(resumed, isKnown);
          const { text } = model.requests.filter(({ side }) => !side).at(-1)!;
          assert.match(text, /first answer/);
          assert.equal(/That is what you were asked first/.test(text), !resumed);
        }
      }),
  );

  longTest(
    `${name}: killed at its work on a message, it is not told that again in its session`,
    () =>
      withAgent(name, async (bench, ask, model) => {
        const text = "mock:plan n=4 delay=900";
        const watched = await watchRun(bench, ask(FIRST, { permissions: "allow" }), { messages: [text] });
        await model.seen(({ scenario, step, side }) => scenario === "plan" && step === 2 && !side, 120_000);
        Deno.kill(watched.run.pid, "SIGKILL");
        assert.equal((await watched.run.outcome).failure?.kind, "agent_crashed");
        const { session_id, opened_at } = watched.all("session")[0]!;
        const after = await ran(
          bench,
          ask(FIRST, {
            attempt: 2,
            permissions: "allow",
            resume: { session_id, opened_at },
            earlier: { ...BEGUN, stopped: "it was killed" },
            message: { text, mayBeTold: true },
          }),
        );
        assert.match(after.outcome.output, /All 4 steps completed/, JSON.stringify(after.outcome));
        const { resumed } = after.all("session").at(-1)!;
        if (name !== "gemini") assert.equal(resumed, true);
        const last = model.requests.filter(({ side }) => !side).at(-1)!;
        assert.match(last.prompt, resumed ? /^Continue where you stopped/m : /mock:plan n=4/);
        assert.equal(last.text.split(text).length - 1, 1);
      }),
  );
}
