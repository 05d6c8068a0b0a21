/** The questions of the real agents that ask any. */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import { choicesOf } from "../../src/domain/question_choices.ts";
import { watchRun } from "../agents/fixtures/acp_run.ts";
import { longTest } from "../fixtures/tier.ts";
import { withAgent } from "./fixtures/real_agent.ts";

longTest(
  "claude: asks a person with its own tool, and works on with the answer",
  () =>
    withAgent("claude", async (bench, ask) => {
      const watched = await watchRun(bench, ask("mock:question"));
      const { question } = await watched.first("question_asked");
      assert.equal(question.message, "Which color?");
      const [name, field] = Object.entries(question.schema!.properties)[0]!;
      assert.deepEqual(choicesOf(field)!.map((option) => [option.const, option.description]), [
        ["Red", "Warm"],
        ["Blue", "Cold"],
      ]);
      watched.run.answerQuestion!(
        question.question_id,
        { action: "accept", content: { [name]: "Blue" } },
        OWNER,
      );
      const outcome = await watched.run.outcome;
      assert.equal(outcome.status, "completed", outcome.failure?.message);
      assert.match(outcome.output, /Answered: .*Which color\?.*Blue/s);
    }),
);

for (
  const [action, said] of [
    ["decline", /The user did not answer/],
    ["cancel", /Tool use aborted/],
  ] as const
) {
  longTest(
    `claude: works on when its question is answered with ${action}`,
    () =>
      withAgent("claude", async (bench, ask) => {
        const watched = await watchRun(bench, ask("mock:question"));
        const { question } = await watched.first("question_asked");
        watched.run.answerQuestion!(question.question_id, { action }, OWNER);
        const { status, failure, output } = await watched.run.outcome;
        assert.equal(status, "completed", failure?.message);
        assert.match(output, said);
      }),
  );
}

longTest(
  "codex: asks a person with its own tool, and works on with the answer",
  () =>
    withAgent("codex", async (bench, ask) => {
      const watched = await watchRun(bench, ask("mock:question"));
      const { question } = await watched.first("question_asked");
      assert.equal(question.agent_goes_on, undefined);
      const { color } = question.schema!.properties;
      assert.equal(color!.title, "Which color?");
      assert.deepEqual(choicesOf(color!)!.slice(0, 2).map((option) => option.const), ["Red", "Blue"]);
      watched.run.answerQuestion!(
        question.question_id,
        { action: "accept", content: { color: "Blue" } },
        OWNER,
      );
      const { status, failure, output } = await watched.run.outcome;
      assert.equal(status, "completed", failure?.message);
      assert.match(output, /Answered: .*"Blue"/);
      assert.deepEqual(watched.logs("warn"), []);
    }),
);
