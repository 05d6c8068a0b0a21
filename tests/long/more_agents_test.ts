/** Copilot CLI, Qwen Code, Kilo and Cline against the scripted model; they are installed on first use. */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import { listPs } from "../../src/host/processes/ps.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { longTest } from "../fixtures/tier.ts";
import type { MoreAgentName } from "../fixtures/agents.ts";
import { progressOf, ran, watchRun } from "../agents/fixtures/acp_run.ts";
import { stateOf, until } from "../agents/fixtures/harness.ts";
import { withAgent } from "./fixtures/real_agent.ts";

/** What each does besides writing, asking and ending as it should. */
const AGENTS: Record<MoreAgentName, { plans: boolean; counts_tokens: boolean; stores_at_once: boolean }> = {
  copilot: { plans: false, counts_tokens: true, stores_at_once: true },
  qwen: { plans: true, counts_tokens: true, stores_at_once: true },
  kilo: { plans: true, counts_tokens: true, stores_at_once: true },
  cline: { plans: false, counts_tokens: false, stores_at_once: false },
};

for (
  const [name, { plans, counts_tokens, stores_at_once }] of Object.entries(AGENTS) as [
    MoreAgentName,
    typeof AGENTS.qwen,
  ][]
) {
  longTest(
    `${name}: writes what it was asked for, and nothing that is denied`,
    () =>
      withAgent(name, async (bench, ask) => {
        const note = `${bench.folder}/work/note.txt`;
        const denied = await ran(bench, ask("mock:write path=note.txt text=hello", { permissions: "deny" }));
        assert.equal(denied.outcome.failure?.kind, "permission_denied", JSON.stringify(denied.outcome));
        await assert.rejects(Deno.stat(note), Deno.errors.NotFound);

        const written = await ran(
          bench,
          ask("mock:write path=note.txt text=hello", { permissions: "allow" }),
        );
        assert.equal(written.outcome.status, "completed", written.outcome.failure?.message);
        assert.equal((await Deno.readTextFile(note)).trim(), "hello");
        assert.equal(written.outcome.output, "File written.");
        assert.equal(Number(written.outcome.usage?.input_tokens) > 0, counts_tokens);
        assert.equal(written.outcome.left_running, undefined);
      }),
  );

  longTest(
    `${name}: asks a person before it runs a command, and what that prints is in the log`,
    () =>
      withAgent(name, async (bench, ask) => {
        const watched = await watchRun(bench, ask('mock:bash cmd="echo seen; echo hi > made.txt"'));
        const { request } = await watched.first("permission_requested");
        assert.equal(request.tool_call.kind, "execute");
        const yes = request.options.find((option) => option.kind === "allow_once")!;
        assert.ok(watched.run.answerPermission(request.permission_id, yes.option_id, OWNER));
        assert.equal((await watched.run.outcome).status, "completed");
        assert.equal((await Deno.readTextFile(`${bench.folder}/work/made.txt`)).trim(), "hi");
        assert.ok(watched.logs().some((line) => /(^|\W)seen\b/.test(line)));
      }),
  );

  longTest(`${name}: cancelled, its command ends with it`, () =>
    withAgent(name, async (bench, ask) => {
      const prompt = 'mock:bash cmd="echo begun > begun.txt; sleep 7654; echo no"';
      const watched = await watchRun(bench, ask(prompt, { permissions: "allow" }));
      await watched.first("permission_settled");
      const sleepers = async () =>
        (await listPs(systemClock, "all")).filter(({ command }) => /^sleep 7654$/.test(String(command)));
      await until("its command runs", async () => (await sleepers()).length > 0);
      await watched.run.stop();
      assert.equal((await watched.run.outcome).status, "stopped");
      assert.deepEqual(await sleepers(), []);
      assert.equal(await stateOf(watched.run.pid), undefined);
    }));

  longTest(
    `${name}: killed in the middle of its answer, it goes on in its session`,
    () =>
      withAgent(name, async (bench, ask) => {
        const prompt = "mock:slow n=20 delay=300";
        const first = await watchRun(bench, ask(prompt));
        const { session_id } = await first.first("session");
        await first.first("log", (event) => event.message.includes("piece 1"));
        Deno.kill(-first.run.pid, "SIGKILL");
        assert.equal((await first.run.outcome).status, "failed");
        const second = await ran(bench, ask(prompt, { resume: { session_id } }));
        assert.equal(second.outcome.status, "completed", second.outcome.failure?.message);
        // Cline stores a session at the end of its first turn. Else a new one begins.
        assert.equal(second.all("session")[0]!.resumed, stores_at_once, second.logs("warn").join("\n"));
      }),
  );

  longTest(
    `${name}: a model's error fails the task, whatever the agent makes of it`,
    () =>
      withAgent(name, async (bench, ask) => {
        const refused = await ran(bench, ask("mock:http code=400"));
        assert.equal(refused.outcome.status, "failed");
        assert.match(refused.outcome.failure!.message, /scripted error 400|400/);
        const key = await ran(bench, ask("mock:http code=401"));
        assert.equal(key.outcome.failure?.kind, "needs_login", JSON.stringify(key.outcome));
      }),
  );

  if (!plans) continue;
  longTest(`${name}: its todo list is the progress`, () =>
    withAgent(name, async (bench, ask) => {
      const planned = await ran(bench, ask("mock:plan n=2 delay=20"));
      assert.equal(planned.outcome.status, "completed", planned.outcome.failure?.message);
      assert.deepEqual(progressOf(planned), ["0/2 Step 1 of 2", "1/2 Step 2 of 2", "2/2 -"]);
    }));
}
