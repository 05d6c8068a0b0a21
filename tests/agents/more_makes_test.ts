/** What is peculiar to Copilot CLI, Qwen Code, Kilo, Cline, Goose and aider, as frames that the real programs sent. */
import assert from "node:assert/strict";
import { mcpServersFor } from "../../src/agents/acp/mcp_servers.ts";
import { settingsOf } from "../../src/agents/acp/session_settings.ts";
import { startCommand } from "../../src/agents/command/run_command.ts";
import { aider } from "../../src/agents/makes/aider.ts";
import type { AgentMake } from "../../src/agents/makes/agent_make.ts";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { cline } from "../../src/agents/makes/cline.ts";
import { copilot } from "../../src/agents/makes/copilot.ts";
import { goose } from "../../src/agents/makes/goose.ts";
import { kilo } from "../../src/agents/makes/kilo.ts";
import { qwen } from "../../src/agents/makes/qwen.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { framesRequest, ran } from "./fixtures/acp_run.ts";
import { requestFor, withSupervisor } from "./fixtures/harness.ts";

const says = (text: string) => ({
  update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text } },
});
const done = { result: { stopReason: "end_turn" } };
const RETRYING = "Info: Request failed due to a transient API error. Retrying...";

Deno.test("the programs and packages of more agents are known", () => {
  const makeOf = (...command: string[]) => BUILT_IN_MAKES.of({ command }).name;
  assert.equal(makeOf("npx", "@github/copilot", "--acp"), "copilot");
  assert.equal(makeOf("npx", "-y", "@qwen-code/qwen-code@latest", "--acp"), "qwen");
  assert.equal(makeOf("bunx", "@kilocode/cli", "acp"), "kilo");
  assert.equal(makeOf("npx", "cline", "--acp"), "cline");
  assert.equal(makeOf("/opt/goose", "acp"), "goose");
  assert.equal(makeOf("/opt/venv/bin/aider", "--message={prompt}"), "aider");
  const { agents } = BUILT_IN_MAKES.known;
  assert.equal(agents.copilot!.protocol, "acp");
  assert.equal(agents.aider!.protocol, "command");
});

Deno.test("copilot: its remarks are no part of its answer, a retry is told, and its last error fails the turn", () =>
  withSupervisor(async (bench) => {
    const run = (...texts: string[]) =>
      ran(bench, framesRequest(bench.folder, "copilot", [...texts.map(says), done]));

    const recovered = await run(RETRYING, "Info: /p/a.txt", "Info: the part ", "is a sentence.");
    assert.equal(recovered.outcome.status, "completed");
    assert.equal(recovered.outcome.output, "is a sentence.");
    assert.match(recovered.all("retrying")[0]!.current_step, /transient API error/);
    assert.equal(recovered.all("recovered").length, 1);

    const refused = await run(
      "I begin.",
      RETRYING,
      "Error: Authentication failed with provider at http://x/v1 (HTTP 401).\n  Check your COPILOT_PROVIDER_API_KEY.",
    );
    assert.deepEqual([refused.outcome.status, refused.outcome.failure?.kind], ["failed", "needs_login"]);
    assert.match(
      refused.outcome.failure!.message,
      /^The agent failed: Authentication failed .* \(HTTP 401\)/,
    );

    const last = "Error: Failed to get response from the AI model; retried 5 times Last error: ";
    const limited = await run(`${last}429 Too Many Requests`);
    assert.equal(limited.outcome.failure?.kind, "provider_limit");
    assert.equal((await run(`${last}500 no`)).outcome.failure?.kind, "overloaded");
    const { failure } = (await run("Error: 400 no such model")).outcome;
    assert.deepEqual(failure, { kind: "refused", message: "The agent failed: 400 no such model" });

    const went_on = await run("Error: a tool did not work", "So I took another.");
    assert.equal(went_on.outcome.status, "completed");
  }));

Deno.test("copilot: what a command prints is shown while it runs", () =>
  withSupervisor(async (bench) => {
    const call = (more: Record<string, unknown>) => ({
      update: { sessionUpdate: "tool_call_update", toolCallId: "c1", ...more },
    });
    const printed = (text: string) => ({ content: [{ type: "content", content: { type: "text", text } }] });
    const begun = {
      update: {
        sessionUpdate: "tool_call",
        toolCallId: "c1",
        title: "Build",
        kind: "execute",
        status: "pending",
        rawInput: { command: "make" },
      },
    };
    const frames = [begun, call(printed("one\n")), says("meanwhile"), call({ status: "completed" }), done];
    const { logs } = await ran(bench, framesRequest(bench.folder, "copilot", frames));
    assert.ok(logs("info").includes("one"), logs().join("\n"));
  }));

Deno.test("qwen: tokens of all calls are summed up, and a command's output is shown without the words around it", () =>
  withSupervisor(async (bench) => {
    const counted = (inputTokens: number, outputTokens: number) => ({
      update: {
        ...says("").update,
        _meta: { usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens } },
      },
    });
    const ended = {
      update: {
        sessionUpdate: "tool_call_update",
        toolCallId: "c1",
        status: "completed",
        content: [{
          type: "content",
          content: { type: "text", text: "Command: make\nOutput: one\nExit Code: 0" },
        }],
        rawOutput: { type: "shell_result", output: "one", exitCode: 0 },
      },
    };
    const begun = {
      update: {
        sessionUpdate: "tool_call",
        toolCallId: "c1",
        title: "Shell",
        kind: "execute",
        status: "in_progress",
        rawInput: {},
      },
    };
    const frames = [begun, counted(20, 1), ended, says("Done."), counted(30, 4), done];
    const { outcome, logs } = await ran(bench, framesRequest(bench.folder, "qwen", frames));
    assert.deepEqual(outcome.usage, { input_tokens: 50, output_tokens: 5, total_tokens: 55 });
    assert.ok(
      logs().includes("one") && !logs().some((line) => line.includes("Command: make")),
      logs().join("\n"),
    );
  }));

Deno.test("cline: its model is not taken for its provider, which has the same category", () => {
  const option = (id: string, value: string) => ({
    type: "select",
    id,
    category: "model",
    currentValue: value,
    options: [{ value, name: value }],
  });
  const { model } = settingsOf(
    { configOptions: [option("provider", "cline"), option("model", "gpt-4o")] },
    cline,
  );
  assert.deepEqual(model?.choices.map(({ id }) => id), ["gpt-4o"]);
  const only = settingsOf({ configOptions: [option("llm", "one")] }, cline);
  assert.equal(only.model?.current, "one", "an option of another name");
});

for (
  const [code, lines, expected, kind] of [
    [0, ["litellm.BadRequestError: OpenAIException - no"], "failed", "command_failed"],
    [0, ["litellm.RateLimitError: 429", "Done.", "Tokens: 1.2k sent, 6 received."], "completed", undefined],
    [0, ["litellm.AuthenticationError: invalid api key"], "failed", "needs_login"],
    [3, ["litellm.InternalServerError: 500"], "failed", "command_failed"],
    [0, ["See litellm.BadRequestError: in the docs"], "completed", undefined],
  ] as const
) {
  Deno.test(`aider: exit code ${code} after '${lines[0]}' is ${expected}`, () =>
    withSupervisor(async ({ supervisor, folder }) => {
      const script = `${lines.map((line) => `echo '${line}'`).join(";")}; exit ${code}`;
      const host = { clock: systemClock, supervisor };
      const run = await startCommand(requestFor(folder, ["sh", "-c", script]), () => {}, host, aider);
      const outcome = await run.outcome;
      assert.deepEqual([outcome.status, outcome.failure?.kind], [expected, kind]);
      if (code === 0 && expected === "failed") {
        assert.equal(outcome.failure!.message, `It printed: ${lines[0]}`);
      }
    }));
}

Deno.test("aider: its own variables reach it; those of agents that speak a protocol do not reach a command", () =>
  withSupervisor(async ({ supervisor, folder }) => {
    const command = ["sh", "-c", 'echo "[$AIDER_CHAT_HISTORY_FILE$OPENCODE_DISABLE_AUTOUPDATE]"'];
    const said = async (make: AgentMake) => {
      const run = await startCommand(requestFor(folder, command), () => {}, {
        clock: systemClock,
        supervisor,
      }, make);
      return (await run.outcome).output.trim();
    };
    assert.equal(await said(aider), "[/dev/null]");
    assert.equal(await said(BUILT_IN_MAKES.of({ command: ["opencode"] })), "[]");
  }));

/** How a make prepares a start where these files are. */
async function prepared(
  make: AgentMake,
  permissions: "ask" | "deny" | "allow",
  files: Record<string, string> = {},
) {
  return await make.bind!({ permissions }).prepare?.({
    env: { HOME: "/u" },
    working_dir: "/p",
    file: (name) => `/tmp/run/${name}`,
    read: (path) => Promise.resolve(files[path]),
    list: () => Promise.resolve([]),
  }) ?? {};
}

Deno.test("copilot: what its user has allowed for a folder is denied, or told", async () => {
  const own = "/u/.copilot/permissions-config.json";
  const lenient = { [own]: '{"locations":{"/p":{"tool_approvals":[{"kind":"write"}]}}}' };
  const empty = { [own]: '{"locations":{"/p":{"tool_approvals":[ ]}}}' };
  assert.deepEqual((await prepared(copilot, "deny", lenient)).args, [
    "--deny-tool=shell",
    "--deny-tool=write",
  ]);
  assert.match((await prepared(copilot, "ask", lenient)).warnings!.join(), /permissions-config\.json allows/);
  for (const policy of ["ask", "deny"] as const) {
    const start = await prepared(copilot, policy, empty);
    assert.deepEqual(start, { env: { COPILOT_ALLOW_ALL: "", COPILOT_ASSISTED_APPROVAL: "" } });
  }
});

Deno.test("qwen: the machine's settings ask, and keep what they had", async () => {
  const machine = "/etc/qwen-code/settings.json";
  const settings = { permissions: { ask: ["Read"], allow: ["Bash"] }, tools: { approvalMode: "yolo" } };
  const { files, env } = await prepared(qwen, "ask", { [machine]: JSON.stringify(settings) });
  assert.deepEqual(env, { QWEN_CODE_SYSTEM_SETTINGS_PATH: "/tmp/run/settings.json" });
  const bound = JSON.parse(files!["settings.json"]!);
  assert.deepEqual(bound.permissions.ask.slice(0, 3), ["Read", "Bash", "Edit"]);
  assert.deepEqual([bound.tools.approvalMode, bound.tools.todoWrite.enabled], ["default", true]);
  const allowed = JSON.parse((await prepared(qwen, "allow")).files!["settings.json"]!);
  assert.deepEqual([allowed.permissions, allowed.tools.todoWrite.enabled], [undefined, true]);
  assert.match((await prepared(qwen, "allow", { [machine]: "// mine\n{}" })).obstacle!, /not plain JSON/);
});

Deno.test("kilo, goose, cline: how each is made to ask", async () => {
  const { env, programs } = await prepared(kilo, "ask");
  const config = JSON.parse(env!.KILO_CONFIG_CONTENT!);
  // It asks for every command. A shell that runs only some would refuse what a person has allowed.
  assert.deepEqual([programs, config.shell], [undefined, undefined]);
  for (const agent of ["code", "debug", "orchestrator"]) {
    assert.ok(Object.values(config.agent[agent].permission).includes("ask"), agent);
  }
  assert.deepEqual((await prepared(goose, "deny")).env, { GOOSE_MODE: "approve" });
  assert.deepEqual((await prepared(cline, "ask")).args, ["--auto-approve", "false"]);
});

Deno.test("copilot, cline: an MCP server that the agent would drop without a word fails the task", () => {
  const hello = { agentCapabilities: { mcpCapabilities: { http: true } } };
  const local = { mcp_servers: [{ name: "mine", command: "server" }] };
  const remote = { mcp_servers: [{ name: "mine", url: "http://127.0.0.1/mcp" }] };
  assert.throws(() => mcpServersFor(local, hello, copilot), /over http only, so not 'mine' over stdio/);
  assert.equal(mcpServersFor(remote, hello, copilot).length, 1);
  assert.throws(() => mcpServersFor(local, {}, cline), /takes no MCP servers from its client, so not 'mine'/);
  assert.equal(mcpServersFor(local, hello, qwen).length, 1);
});
