/** The sessions that agents keep: they are listed, and a task goes on with one or fails. */
import assert from "node:assert/strict";
import { ApiError } from "../../src/domain/errors.ts";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { shellText } from "../../src/agents/go_on_command.ts";
import { acpRequest, frank, ran } from "./fixtures/acp_run.ts";
import { withSupervisor } from "./fixtures/harness.ts";
import { agentOf, withRunner } from "./fixtures/probe.ts";

const KEEPS = { loadSession: true, sessionCapabilities: { list: {} } };

Deno.test("sessions: a task goes on with one, which gets the task's prompt and no other", () =>
  withSupervisor(async (bench) => {
    const resume = { session_id: "s1", adopted: true };
    const { outcome, all } = await ran(bench, acpRequest(bench.folder, frank(KEEPS), "go", { resume }));
    assert.equal(outcome.status, "completed", outcome.failure?.message);
    const { opened, blocks } = JSON.parse(outcome.output);
    assert.deepEqual([opened.sessionId, opened.cwd], ["s1", bench.folder]);
    assert.deepEqual(blocks, [{ type: "text", text: "go" }]);
    assert.deepEqual(all("session").map(({ session_id, resumed }) => [session_id, resumed]), [["s1", true]]);
  }));

Deno.test("sessions: after a crash it is told to go on, once the agent had worked for the task", () =>
  withSupervisor(async (bench) => {
    const resume = { session_id: "s1", adopted: true };
    const nothing = { plan: [], steps: [], files: [] };
    for (
      const [earlier, text] of [
        [{ ...nothing, stopped: "it died", answer: "I began" }, /^Continue where you stopped/],
        [{ ...nothing, stopped: "it died" }, /^go$/],
      ] as const
    ) {
      const { outcome } = await ran(bench, acpRequest(bench.folder, frank(KEEPS), "go", { resume, earlier }));
      assert.match(JSON.parse(outcome.output).blocks[0].text, text);
    }
  }));

const REFUSALS: [string, Record<string, unknown>, string, RegExp][] = [
  ["that the agent cannot load", KEEPS, "gone", /it lists no such session of the folder/],
  ["of another folder", KEEPS, "far", /it lists no such session of the folder/],
  ["that an agent without a list cannot load", { loadSession: true }, "gone", /Resource not found/],
  ["of an agent that loads none", {}, "s1", /it goes on with none/],
];

for (const [name, abilities, session_id, why] of REFUSALS) {
  Deno.test(`sessions: one ${name} fails the task, and no new one begins`, () =>
    withSupervisor(async (bench) => {
      const resume = { session_id, adopted: true };
      const { outcome, all, logs } = await ran(
        bench,
        acpRequest(bench.folder, frank(abilities), "go", { resume }),
      );
      assert.equal(outcome.failure?.kind, "refused");
      assert.ok(outcome.failure.message.startsWith(`The agent cannot go on with session '${session_id}': `));
      assert.match(outcome.failure.message, why);
      assert.deepEqual(logs("error"), [outcome.failure.message]);
      assert.deepEqual(all("session"), []);
    }));
}

Deno.test("sessions: they are listed in one folder or all, and nothing is left behind", () =>
  withRunner(async (runner, folder) => {
    const list = (abilities: Record<string, unknown>, working_dir?: string) =>
      runner.sessions!("a", agentOf(frank(abilities)), working_dir, new AbortController().signal);
    const all = await list(KEEPS);
    assert.deepEqual(all.map(({ session_id, title }) => [session_id, title]), [
      ["s1", "The s1 one"],
      ["far", "The far one"],
      ["linked", "The linked one"],
    ]);
    const far = await list(KEEPS, "/far/away");
    assert.deepEqual(far, [{ session_id: "far", working_dir: "/far/away", title: "The far one" }]);
    await assert.rejects(
      list({ loadSession: true }),
      (error) =>
        error instanceof ApiError && error.code === "INVALID_FIELD_VALUE" && error.details.field === "agent",
    );
    await assert.rejects(
      runner.sessions!("a", agentOf(["false"]), undefined, new AbortController().signal),
      (error) => error instanceof ApiError && error.code === "SERVICE_UNAVAILABLE",
    );
    assert.deepEqual([...Deno.readDirSync(`${folder}/tmp`)], []);
  }));

Deno.test("sessions: the command to go on with one is the agent's own, and safe to type", () => {
  const command = (name: string, id: string) =>
    shellText(BUILT_IN_MAKES.all.find((make) => make.name === name)!.goOn(id));
  assert.equal(command("claude", "5e96-27"), "claude --resume 5e96-27");
  assert.equal(command("codex", "01a2"), "codex resume 01a2");
  assert.equal(command("opencode", "ses_1"), "opencode --session ses_1");
  assert.equal(command("generic", "x"), undefined);
  assert.equal(command("claude", "a b'; rm -r ~"), `claude --resume 'a b'\\''; rm -r ~'`);
});
