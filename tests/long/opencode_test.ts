/** The real OpenCode against the scripted model; it is installed on first use. */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import { longTest } from "../fixtures/tier.ts";
import { progressOf, ran, watchRun } from "../agents/fixtures/acp_run.ts";
import { stateOf, until } from "../agents/fixtures/harness.ts";
import { withAgent } from "./fixtures/real_agent.ts";

longTest("opencode: writes the file it was asked for", () =>
  withAgent("opencode", async (bench, ask) => {
    const run = await ran(bench, ask("mock:write path=greeting.txt text=hello", { permissions: "allow" }));
    assert.equal(run.outcome.status, "completed", run.outcome.failure?.message);
    assert.equal(run.outcome.output, "File written.");
    assert.equal((await Deno.readTextFile(`${bench.folder}/work/greeting.txt`)).trim(), "hello");
    assert.equal(run.all("session")[0]!.resumable, true);
    assert.ok(run.all("log").some((e) => e.source === "tool" && e.details?.status === "completed"));
    assert.ok(run.all("activity").length > 0, "without a plan the activity is told");
    assert.equal(run.outcome.usage?.scope, "last_model_call");
    assert.ok(Number(run.outcome.usage?.input_tokens) > 0);
  }));

longTest(
  "opencode: its todo list is the progress, with files pattern, metadata and model passed on",
  () =>
    withAgent("opencode", async (bench, ask, model) => {
      const run = await ran(
        bench,
        ask("mock:plan n=3 delay=20", {
          model: "test/m2",
          task: { files_pattern: "src/**/*.ts", metadata: { ticket: "A-1" } },
        }),
      );
      assert.equal(run.outcome.status, "completed", run.outcome.failure?.message);
      assert.deepEqual(progressOf(run), [
        "0/3 Step 1 of 3",
        "1/3 Step 2 of 3",
        "2/3 Step 3 of 3",
        "3/3 -",
      ]);
      assert.equal(run.outcome.output, "All 3 steps completed.");
      const asked = model.requests.filter((request) => request.scenario === "plan" && !request.side);
      assert.deepEqual([...new Set(asked.map((request) => request.model))], ["m2"]);
      assert.match(asked[0]!.prompt, /src\/\*\*\/\*\.ts[\s\S]*A-1/);
    }),
);

longTest(
  "opencode: a person allows one command and rejects another",
  () =>
    withAgent("opencode", async (bench, ask) => {
      const allowed = await watchRun(bench, ask('mock:bash cmd="echo hi > allowed.txt"'));
      const { request } = await allowed.first("permission_requested");
      assert.equal(request.title, "echo hi > allowed.txt");
      const { command } = request.tool_call.raw_input as Record<string, unknown>;
      assert.equal(command, "echo hi > allowed.txt");
      const yes = request.options.find((option) => option.kind === "allow_once")!;
      assert.ok(allowed.run.answerPermission(request.permission_id, yes.option_id, OWNER));
      assert.equal((await allowed.run.outcome).status, "completed");
      assert.equal((await Deno.readTextFile(`${bench.folder}/work/allowed.txt`)).trim(), "hi");

      const rejected = await watchRun(bench, ask('mock:bash cmd="echo hi > rejected.txt"'));
      const second = (await rejected.first("permission_requested")).request;
      const no = second.options.find((option) => option.kind === "reject_once")!;
      assert.ok(rejected.run.answerPermission(second.permission_id, no.option_id, OWNER));
      const outcome = await rejected.run.outcome;
      // It gives up there, and says `end_turn`.
      assert.deepEqual([outcome.status, outcome.failure?.message, outcome.stop_reason], [
        "failed",
        "Permission denied: echo hi > rejected.txt",
        "end_turn",
      ]);
      await assert.rejects(() => Deno.stat(`${bench.folder}/work/rejected.txt`), Deno.errors.NotFound);
    }),
);

longTest(
  "opencode: stop cancels in mid-answer and leaves no process",
  () =>
    withAgent("opencode", async (bench, ask, model) => {
      const watched = await watchRun(bench, ask("mock:slow n=1000 delay=50"));
      await watched.first("log", (event) => event.message.includes("piece 3"));
      await watched.run.stop();
      const outcome = await watched.run.outcome;
      assert.deepEqual([outcome.status, outcome.stop_reason], ["stopped", "cancelled"]);
      assert.match(outcome.output, /^piece 1 piece 2/);
      assert.equal(await stateOf(watched.run.pid), undefined);
      await until(
        "the model sees it gone",
        () => model.requests.every((request) => request.result !== "open"),
      );
    }),
);

longTest(
  "opencode: a refusal and a model's error fail the task",
  () =>
    withAgent("opencode", async (bench, ask) => {
      const refused = await ran(bench, ask("mock:refuse"));
      assert.deepEqual([refused.outcome.status, refused.outcome.stop_reason], ["failed", "refusal"]);
      const broken = await ran(bench, ask("mock:http code=400"));
      assert.equal(broken.outcome.status, "failed");
      assert.match(broken.outcome.failure!.message, /scripted error 400/);
    }),
);

longTest(
  "opencode: killed in the middle of its plan, it goes on where it was",
  () =>
    withAgent("opencode", async (bench, ask, model) => {
      const first = await watchRun(bench, ask("mock:plan n=4 delay=300"));
      const { session_id, opened_at } = await first.first("session");
      await first.first("progress", (event) => event.completed_steps === 2);
      Deno.kill(-first.run.pid, "SIGKILL");
      assert.equal((await first.run.outcome).status, "failed");

      const before = model.requests.length;
      const resume = { session_id, opened_at };
      const second = await ran(bench, ask("mock:plan n=4 delay=300", { resume }));
      assert.equal(second.outcome.status, "completed", second.outcome.failure?.message);
      assert.deepEqual(second.all("session"), [{
        kind: "session",
        session_id,
        opened_at,
        resumable: true,
        resumed: true,
      }]);
      assert.deepEqual(progressOf(second), ["3/4 Step 4 of 4", "4/4 -"]);
      assert.ok(
        model.requests.slice(before).every((request) => request.side || request.step > 0),
        "no step twice",
      );
    }),
);
