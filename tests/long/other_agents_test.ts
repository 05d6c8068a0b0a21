/** Claude Code, Codex and Gemini CLI against the scripted model; they are installed on first use. */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import { longTest } from "../fixtures/tier.ts";
import { progressOf, ran, watchRun } from "../agents/fixtures/acp_run.ts";
import { stateOf } from "../agents/fixtures/harness.ts";
import { withAgent } from "./fixtures/real_agent.ts";

for (const name of ["claude", "codex"] as const) {
  longTest(
    `${name}: its plan is the progress, and it writes what it was asked for`,
    () =>
      withAgent(name, async (bench, ask) => {
        const planned = await ran(bench, ask("mock:plan n=2 delay=20"));
        assert.equal(planned.outcome.status, "completed", planned.outcome.failure?.message);
        assert.deepEqual(progressOf(planned), ["0/2 Step 1 of 2", "1/2 Step 2 of 2", "2/2 -"]);
        assert.equal(planned.outcome.output, "All 2 steps completed.");
        assert.ok(Number(planned.outcome.usage?.input_tokens) > 0);
        assert.equal(await stateOf(planned.run.pid), undefined);

        const written = await ran(
          bench,
          ask("mock:write path=note.txt text=hello", { permissions: "allow" }),
        );
        assert.equal(written.outcome.status, "completed", written.outcome.failure?.message);
        assert.equal((await Deno.readTextFile(`${bench.folder}/work/note.txt`)).trim(), "hello");
      }),
  );

  longTest(
    `${name}: killed in the middle of its plan, it goes on where it was`,
    () =>
      withAgent(name, async (bench, ask) => {
        const first = await watchRun(bench, ask("mock:plan n=4 delay=300"));
        const { session_id } = await first.first("session");
        await first.first("progress", (event) => event.completed_steps === 2);
        Deno.kill(-first.run.pid, "SIGKILL");
        assert.equal((await first.run.outcome).status, "failed");

        const second = await ran(bench, ask("mock:plan n=4 delay=300", { resume: { session_id } }));
        assert.equal(second.outcome.status, "completed", second.outcome.failure?.message);
        assert.equal(second.all("session")[0]!.resumed, true);
        const steps = progressOf(second);
        // Claude Code may be killed between telling a step and noting it; then it tells that step again.
        assert.deepEqual(steps.slice(-2), ["3/4 Step 4 of 4", "4/4 -"]);
        assert.ok(steps.every((step) => Number(step[0]) >= 2), `begins anew: ${steps}`);
      }),
  );

  longTest(
    `${name}: a model's error fails the task, whatever the agent makes of it`,
    () =>
      withAgent(name, async (bench, ask) => {
        const { outcome } = await ran(bench, ask("mock:http code=400"));
        assert.equal(outcome.status, "failed");
        assert.match(outcome.failure!.message, /scripted error 400/);
      }),
  );

  longTest(`${name}: asks a person before it runs a command`, () =>
    withAgent(name, async (bench, ask) => {
      const watched = await watchRun(bench, ask("mock:bash escalate=1"));
      const { request } = await watched.first("permission_requested");
      assert.equal(request.title, "echo hi > perm.txt");
      const yes = request.options.find((option) => option.kind === "allow_once")!;
      assert.ok(watched.run.answerPermission(request.permission_id, yes.option_id, OWNER));
      assert.equal((await watched.run.outcome).status, "completed");
      assert.equal((await Deno.readTextFile(`${bench.folder}/work/perm.txt`)).trim(), "hi");
    }));
}

longTest(
  "gemini: asks before it works, tells activity instead of steps, and its tokens",
  () =>
    withAgent("gemini", async (bench, ask) => {
      const planned = await ran(bench, ask("mock:plan n=2 delay=20", { permissions: "allow" }));
      assert.equal(planned.outcome.status, "completed", planned.outcome.failure?.message);
      assert.equal(planned.outcome.output, "All 2 steps completed.");
      assert.deepEqual(progressOf(planned), []);
      assert.ok(planned.all("activity").length > 0);
      assert.ok(Number(planned.outcome.usage?.input_tokens) > 0);
      assert.equal(planned.all("session")[0]!.resumable, true);

      const watched = await watchRun(bench, ask("mock:write path=note.txt text=hello"));
      const { request } = await watched.first("permission_requested");
      const yes = request.options.find((option) => option.kind === "allow_once")!;
      assert.ok(watched.run.answerPermission(request.permission_id, yes.option_id, OWNER));
      assert.equal((await watched.run.outcome).status, "completed");
      assert.equal((await Deno.readTextFile(`${bench.folder}/work/note.txt`)).trim(), "hello");
      assert.equal(await stateOf(watched.run.pid), undefined);
    }),
);

longTest("gemini: a model's error fails the task", () =>
  withAgent("gemini", async (bench, ask) => {
    const { outcome } = await ran(bench, ask("mock:http code=400"));
    assert.equal(outcome.status, "failed");
    assert.match(outcome.failure!.message, /scripted error 400/);
  }));
