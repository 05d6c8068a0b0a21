/** A make of agent is one value: what it says is all that finding, starting, recognizing and reading it takes. */
import { OWNER } from "../../src/domain/actor.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "../../src/boot/config_file.ts";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { claude } from "../../src/agents/makes/claude.ts";
import { codex } from "../../src/agents/makes/codex.ts";
import { generic } from "../../src/agents/makes/generic.ts";
import { opencode } from "../../src/agents/makes/opencode.ts";
import { AgentMakes } from "../../src/agents/makes/registry.ts";
import { createAgentRunner } from "../../src/agents/runner.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { AgentConfig } from "../../src/domain/agent_config.ts";
import { ApiError } from "../../src/domain/errors.ts";
import type { RunEvent } from "../../src/domain/run.ts";
import { createProcessScan, openProcessSource } from "../../src/host/processes/process_scan.ts";
import { createClassifier } from "../../src/monitor/classify.ts";
import { createProcessScanner } from "../../src/monitor/scanner.ts";
import { configSchema } from "../../src/protocol/config_reference.ts";
import { acpRequest, progressOf, ran, watchRun } from "./fixtures/acp_run.ts";
import { withSupervisor } from "./fixtures/harness.ts";
import { parrot } from "./fixtures/parrot.ts";

const makes = new AgentMakes([opencode, parrot], generic);

/** A configuration file with this in it, read. */
async function configured(written: unknown) {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "config.json");
    await Deno.writeTextFile(file, JSON.stringify(written));
    return (await loadConfig({ config: file }, makes.known)).config;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a new make is known without configuration, and its name is a profile", async () => {
  const { agents } = await configured({
    agents: { mine: { protocol: "acp", command: ["wrapper"], profile: "parrot" } },
  });
  assert.deepEqual(Object.keys(agents), ["opencode", "parrot", "mine"]);
  assert.deepEqual(agents.parrot, AgentConfig.parse({ protocol: "acp", ...parrot.standard }));
  for (const agent of [agents.parrot!, agents.mine!]) assert.equal(makes.of(agent), parrot);
  assert.match(JSON.stringify(configSchema(makes.known)), /"enum":\["opencode","parrot","generic"\]/);
});

Deno.test("what the configuration says of a known agent is laid over its defaults", async () => {
  const usual = opencode.standard!.pass_env;
  const { agents } = await configured({
    agents: {
      opencode: { pass_env: ["MINE", usual[0]], env: { ANTHROPIC_API_KEY: "own" } },
      parrot: { protocol: "acp", command: ["/opt/wrapper"] },
      second: { protocol: "command", command: ["/opt/opencode", "run", "{prompt}"] },
      other: { protocol: "command", command: ["make"], pass_env: ["CC"] },
    },
  });
  const without_key = usual.filter((name) => name !== "ANTHROPIC_API_KEY");
  assert.deepEqual(agents.opencode, {
    protocol: "acp",
    command: ["opencode", "acp"],
    env: { ANTHROPIC_API_KEY: "own" },
    pass_env: [...without_key, "MINE"],
  });
  assert.deepEqual([agents.parrot!.command, agents.parrot!.pass_env], [
    ["/opt/wrapper"],
    parrot.standard!.pass_env,
  ]);
  assert.deepEqual(agents.second!.pass_env, usual);
  assert.deepEqual(agents.other!.pass_env, ["CC"]);
});

Deno.test("a known agent is recognized by its program, its script and its npm package", () => {
  const makeOf = (...command: string[]) => BUILT_IN_MAKES.of({ command }).name;
  assert.equal(makeOf("/opt/bin/opencode", "acp"), "opencode");
  assert.equal(makeOf("npx", "-y", "opencode-ai@latest", "acp"), "opencode");
  assert.equal(makeOf("npx", "@google/gemini-cli", "--acp"), "gemini");
  assert.equal(makeOf("bunx", "@agentclientprotocol/codex-acp@2.6.0"), "codex");
  assert.equal(makeOf("node", "/srv/node_modules/x/claude-agent-acp.js"), "claude");
  for (
    const command of [
      ["npx", "--yes", "--package=opencode-ai@1", "--", "opencode", "acp"],
      ["npm", "exec", "-y", "opencode-ai@latest", "--", "acp"],
      ["pnpm", "dlx", "opencode-ai", "acp"],
      ["deno", "run", "-A", "npm:opencode-ai@1.18.33", "acp"],
      ["env", "-u", "FOO", "BAR=1", "opencode", "acp"],
      ["nice", "-n", "10", "/opt/bin/opencode", "acp"],
    ]
  ) assert.equal(makeOf(...command), "opencode", command.join(" "));
  assert.equal(makeOf("grep", "opencode"), "generic");
  assert.equal(makeOf("sh", "-c", "opencode acp"), "generic");
  for (const other of ["opencode-ai-helper", "npm", "@other/gemini-cli", ""]) {
    assert.equal(makeOf(other), "generic");
  }
});

Deno.test("an agent that is not known needs a protocol and a command", async () => {
  await assert.rejects(configured({ agents: { mine: { pass_env: ["X"] } } }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.code, "CONFIGURATION_ERROR");
    assert.equal(error.details.field, "agents.mine.protocol");
    assert.match(JSON.stringify(error.details.errors), /agents\.mine\.command/);
    return true;
  });
});

Deno.test("a profile that no make has is refused, with the choices", async () => {
  const agents = { mine: { protocol: "acp", command: ["wrapper"], profile: "parot" } };
  await assert.rejects(configured({ agents }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.code, "CONFIGURATION_ERROR");
    assert.equal(error.details.field, "agents.mine.profile");
    assert.deepEqual(error.details.expected, ["opencode", "parrot", "generic"]);
    return true;
  });
});

Deno.test("a new make is started, recognized, and its plan, limit and cost are read", () =>
  withSupervisor(async (bench) => {
    const request = acpRequest(bench.folder, [...parrot.standard!.command], "Hello");
    const watched = await watchRun(bench, request, { makes });
    const { request: asked } = await watched.first("permission_requested");

    const source = openProcessSource(systemClock);
    const scanner = createProcessScanner({
      clock: systemClock,
      source,
      processes: createProcessScan(systemClock, source),
      classify: createClassifier(makes.recognizers),
      ownChildren: () => new Map(),
    });
    const { processes } = await scanner.scan();
    const { process } = processes.find(({ process }) => process.pid === watched.run.pid)!;
    assert.deepEqual([process.type, process.agent], ["unknown", "parrot"]);

    assert.ok(watched.run.answerPermission(asked.permission_id, "yes", OWNER));
    const outcome = await watched.run.outcome;
    assert.deepEqual([outcome.status, outcome.output], ["completed", "Hello! (tame, cheerful)"]);
    assert.deepEqual(outcome.usage, { cost: { amount: 3, currency: "CRACKERS" }, output_tokens: 7 });
    assert.deepEqual(progressOf(watched), ["0/2 Listen", "1/2 Repeat", "2/2 -"]);
    assert.deepEqual(watched.logs("warn"), [
      "The model's provider limits the agent until 1970-01-01T00:00:00.000Z: it naps",
    ]);
  }));

Deno.test("a new make's hidden failure is found", () =>
  withSupervisor(async (bench) => {
    const request = acpRequest(bench.folder, [...parrot.standard!.command], "Please fall", {
      permissions: "allow",
    });
    const { outcome } = await ran(bench, request, { makes });
    assert.equal(outcome.status, "failed");
    assert.match(outcome.failure!.message, /^The agent failed: Please fall!/);
  }));

Deno.test("a new make that is not installed is refused with how to install it", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const runner = createAgentRunner({
    clock: systemClock,
    store_id: "s",
    instance_id: "i",
    reaper_command: [],
    server_env: Deno.env.toObject(),
    tmp_root: `${folder}/tmp`,
    makes,
  });
  const events: RunEvent[] = [];
  const start = (protocol: "acp" | "command") =>
    runner.start(
      acpRequest(folder, ["/nowhere/parrot_agent"], "Hello", { agent: { protocol } }),
      (event) => void events.push(event),
    );
  try {
    await assert.rejects(start("acp"), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.details.install, parrot.install.advice);
      return /install it with 'npm install -g parrot-agent'/.test(error.message);
    });
    await assert.rejects(
      start("command"),
      (error) => error instanceof ApiError && error.details.install === parrot.install.command,
    );
  } finally {
    await runner.close();
    await Deno.remove(folder, { recursive: true });
  }
  assert.deepEqual(events, []);
});

for (
  const [what, wrong, message] of [
    ["a second make of one name", { ...parrot, name: "opencode", programs: [] }, /two makes 'opencode'/],
    ["a program of two makes", { ...parrot, programs: ["opencode"] }, /'opencode' belongs to two makes/],
    ["a name that no key can be", { ...parrot, name: "Polly Parrot" }, /named 'Polly Parrot'/],
    ["a make without an icon", { ...parrot, icon: "" }, /'parrot' has no icon/],
    ["an empty command", { ...parrot, standard: { command: [], pass_env: [] } }, /an empty command/],
  ] as const
) {
  Deno.test(`makes: ${what} is refused at the start`, () => {
    assert.throws(() => new AgentMakes([opencode, wrong], generic), message);
  });
}

Deno.test("the pages say the same install commands as the makes", async () => {
  const commands = BUILT_IN_MAKES.all.flatMap(({ install }) => install.command ?? []);
  for (const page of ["README.md", "docs/agents.md"]) {
    const text = await Deno.readTextFile(new URL(`../../${page}`, import.meta.url));
    // The product itself is installed in the same way.
    const found = text.match(/npm install -g (?!opencode-agents\b)[^`\n]+/g) ?? [];
    assert.ok(found.length > 0, page);
    // A page may name more packages than the one that is needed.
    for (const line of found) {
      assert.ok(commands.some((command) => line.startsWith(command)), `${page}: ${line}`);
    }
  }
});

Deno.test("Claude's and Codex's limits are read", () => {
  const rate_limit = (status: string) => ({
    sessionUpdate: "usage_update",
    used: 1,
    size: 2,
    _meta: { "_claude/rateLimit": { status, resetsAt: 1_800_000_000, rateLimitType: "five_hour" } },
  });
  assert.deepEqual(claude.limitOf(rate_limit("rejected")), {
    reason: "usage limit five_hour",
    until_ms: 1_800_000_000_000,
  });
  assert.equal(claude.limitOf(rate_limit("allowed_warning")), undefined);
  const error = (codexErrorInfo: unknown) => ({
    sessionUpdate: "session_info_update",
    _meta: { codex: { error: { message: "Reconnecting… 1/5", codexErrorInfo, willRetry: true } } },
  });
  assert.deepEqual(codex.limitOf(error("rateLimitExceeded")), { reason: "Reconnecting… 1/5" });
  assert.equal(codex.limitOf(error("serverOverloaded")), undefined);
});
