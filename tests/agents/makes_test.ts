/** A make of agent is one value: what it says is all that finding, starting, recognizing and reading it takes. */
import { OWNER } from "../../src/domain/actor.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "../../src/boot/config_file.ts";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { claude } from "../../src/agents/makes/claude.ts";
import { codex } from "../../src/agents/makes/codex.ts";
import type { AgentMake, WireObject } from "../../src/agents/makes/agent_make.ts";
import { gemini } from "../../src/agents/makes/gemini.ts";
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

const NOW = Date.UTC(2026, 10, 30, 13);
const AT = { now_ms: NOW, zone: "UTC" };
const heard = (make: AgentMake, update: WireObject) => make.troubleOf({ from: "update", update }, AT);

Deno.test("Claude's limits and retries are read", () => {
  const rate_limit = (status: string, more = {}) =>
    heard(claude, {
      sessionUpdate: "usage_update",
      used: 1,
      size: 2,
      _meta: {
        "_claude/rateLimit": { status, resetsAt: 1_800_000_000, rateLimitType: "five_hour", ...more },
      },
    });
  assert.deepEqual(rate_limit("rejected"), {
    kind: "provider_limit",
    what: "usage limit five hour",
    until_ms: 1_800_000_000_000,
  });
  assert.equal(rate_limit("allowed_warning"), undefined);
  assert.equal(rate_limit("rejected", { isUsingOverage: true }), undefined);
  const retry = (error_status: number | null, error: string) => {
    const counts = { attempt: 2, max_retries: 10, retry_delay_ms: 581 };
    const message = { type: "system", subtype: "api_retry", ...counts, error_status, error };
    return claude.troubleOf({ from: "notification", method: "_claude/sdkMessage", params: { message } }, AT);
  };
  const tried = { attempt: 2, of: 10 };
  assert.deepEqual(retry(401, "authentication_failed"), {
    kind: "needs_login",
    what: "HTTP 401, authentication failed",
    ...tried,
  });
  assert.deepEqual(retry(529, "overloaded"), { kind: "overloaded", what: "HTTP 529, overloaded", ...tried });
  assert.deepEqual(retry(null, "unknown"), { kind: "network", what: "no answer", ...tried });
});

Deno.test("Codex's retries are read", () => {
  const error = (codexErrorInfo: unknown, additionalDetails: string | null = null) =>
    heard(codex, {
      sessionUpdate: "session_info_update",
      _meta: {
        codex: {
          error: { message: "Reconnecting... 1/5", additionalDetails, codexErrorInfo, willRetry: true },
        },
      },
    });
  const tried = { attempt: 1, of: 5 };
  assert.deepEqual(error("rateLimitExceeded"), {
    kind: "provider_limit",
    what: "Reconnecting... 1/5",
    ...tried,
  });
  const broken = { responseStreamDisconnected: { httpStatusCode: null } };
  const demand = "We’re currently experiencing high demand, which may cause temporary errors.";
  assert.deepEqual(error(broken, demand), { kind: "overloaded", what: demand, ...tried });
  const cut = "stream disconnected before completion: Transport error";
  assert.deepEqual(error(broken, cut), { kind: "network", what: cut, ...tried });
  assert.equal(error({ httpConnectionFailed: { httpStatusCode: 429 } }, "no")?.kind, "provider_limit");
});

Deno.test("OpenCode's and Gemini's retries are read from their logs on stderr", () => {
  const line = (make: AgentMake, text: string) => make.troubleOf({ from: "stderr", line: text }, AT);
  const failed = (small: boolean) =>
    'timestamp=2026-11-30T13:30:26.735Z level=ERROR run=333d8f83 message="stream error" providerID=test modelID=m1 ' +
    `session.id=ses_1 small=${small} agent=build mode=primary error.error="AI_APICallError: usage limit of \\"pro\\" until 20:00"`;
  assert.deepEqual([line(opencode, failed(false))?.kind, line(opencode, failed(false))?.what], [
    "provider_limit",
    'usage limit of "pro" until 20:00',
  ]);
  assert.equal(line(opencode, failed(true)), undefined, "only the title is missing");
  assert.equal(line(opencode, failed(false).slice(0, -5)), undefined, "cut off");
  const attempt = (text: string) => line(gemini, `[2026-11-30T13:32:08.106Z] [WARN] Attempt 2 failed${text}`);
  assert.deepEqual(
    attempt(
      ' with status 429. Retrying with backoff... _ApiError: {"error":{"code":429,"message":"try again in 2 minutes"}}',
    ),
    { kind: "provider_limit", what: "try again in 2 minutes", attempt: 2, until_ms: NOW + 120_000 },
  );
  assert.equal(attempt(" with 5xx error. Retrying with backoff... x")?.kind, "overloaded");
  assert.equal(attempt(". Retrying with backoff... TypeError: fetch failed")?.kind, "network");
  assert.equal(
    line(gemini, "Attempt 2 failed with status 429. Retrying with backoff..."),
    undefined,
    "told again",
  );
});
