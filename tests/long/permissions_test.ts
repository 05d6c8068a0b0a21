/**
 * What the real agents do under each permission policy, although their own settings allow everything. A scripted model
 * tells them to write, to run, to fetch, to call a tool of an MCP server, and to have a subagent do it.
 */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import type { PermissionRequest } from "../../src/domain/permission_request.ts";
import type { PermissionPolicy } from "../../src/domain/task.ts";
import { type AgentName, installed } from "../fixtures/agents.ts";
import { startModelServer } from "../fixtures/model_server.ts";
import { longTest } from "../fixtures/tier.ts";
import { acpRequest, type WatchedRun, watchRun } from "../agents/fixtures/acp_run.ts";
import { withSupervisor } from "../agents/fixtures/harness.ts";

const MCP_SERVER = new URL("../fixtures/touching_mcp_server.ts", import.meta.url).pathname;
const MCP = { command: Deno.execPath(), args: ["run", "-A", "--no-check", "--no-config", MCP_SERVER] };

/** Settings that allow everything, by file: `~` is the home folder, `.` the task's. */
const LENIENT: Record<AgentName, Record<string, string>> = {
  opencode: {
    "~/.config/opencode/opencode.json": JSON.stringify({
      permission: { "*": "allow", bash: { "*": "allow" }, edit: "allow", external_directory: "allow" },
      agent: {
        build: { permission: { "*": "allow", bash: { "*": "allow" } }, tools: { bash: true, task: true } },
      },
      mcp: { tasks: { type: "local", command: [MCP.command, ...MCP.args], enabled: true } },
    }),
    "./.opencode/agent/build.md":
      "---\npermission:\n  edit: allow\n  bash: allow\n  task: allow\n---\nBe quick.\n",
  },
  claude: {
    "~/.claude/settings.json": JSON.stringify({
      permissions: {
        allow: ["Bash", "Edit", "Write", "mcp__tasks", "WebFetch"],
        defaultMode: "bypassPermissions",
      },
    }),
    "./.claude/settings.local.json": JSON.stringify({
      permissions: { allow: ["Bash(*)", "Edit", "Write", "mcp__tasks__touch"], defaultMode: "acceptEdits" },
      enableAllProjectMcpServers: true,
    }),
    "./.mcp.json": JSON.stringify({ mcpServers: { tasks: MCP } }),
  },
  codex: {
    "~/.codex/config.toml": [
      'approval_policy = "never"',
      'sandbox_mode = "danger-full-access"',
      "[mcp_servers.tasks]",
      `command = ${JSON.stringify(MCP.command)}`,
      `args = ${JSON.stringify(MCP.args)}`,
    ].join("\n"),
  },
  gemini: {
    "~/.gemini/settings.json": JSON.stringify({
      tools: { allowed: ["run_shell_command", "write_file", "replace"] },
      general: { defaultApprovalMode: "auto_edit" },
      mcpServers: { tasks: { ...MCP, trust: true } },
      security: { folderTrust: { enabled: false } },
    }),
    "~/.gemini/policies/mine.toml": '[[rule]]\ntoolName = "*"\ndecision = "allow"\npriority = 999\n',
  },
};

interface Bound {
  run(
    prompt: string,
    policy: PermissionPolicy,
    more?: { resume?: { session_id: string } },
  ): Promise<WatchedRun>;
  /** Whether the file is in the task's folder. */
  has(file: string): Promise<boolean>;
  remove(file: string): Promise<void>;
}

function withLenient(name: AgentName, body: (bound: Bound) => Promise<void>, settings = LENIENT[name]) {
  return withSupervisor(async (bench) => {
    const model = await startModelServer();
    try {
      const [home, work] = [`${bench.folder}/home`, `${bench.folder}/project`];
      await Deno.mkdir(home);
      await Deno.mkdir(work);
      for (const [file, text] of Object.entries(settings)) {
        const path = file.replace("~", home).replace(/^\./, work);
        await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
        await Deno.writeTextFile(path, text);
      }
      const agent = await installed(name, { model_url: model.url, home });
      await body({
        run: (prompt, permissions, more) =>
          watchRun(bench, acpRequest(work, agent.command, prompt, { agent, permissions, ...more }), {
            bounds: { silence_ms: 10_000 },
          }),
        remove: (file) => Deno.remove(`${work}/${file}`),
        has: (file) => Deno.stat(`${work}/${file}`).then(() => true, () => false),
      });
    } finally {
      await model.close();
    }
  });
}

const AGENTS = ["opencode", "claude", "codex", "gemini"] as const;

for (const name of AGENTS) {
  const deeds = [
    ["write", "mock:write path=made.txt"],
    ["run", 'mock:bash cmd="touch made.txt"'],
    ["empty a file by a command without a program", 'mock:bash cmd="> made.txt"'],
    ["call a tool of an MCP server", "mock:touch path=made.txt"],
    ["have a subagent run", "mock:subagent file=made.txt"],
  ] as const;
  for (const [deed, prompt] of deeds) {
    longTest(
      `${name} does not ${deed} under deny, whatever its own settings allow`,
      () =>
        withLenient(name, async ({ run, has }) => {
          const watched = await run(prompt, "deny");
          const outcome = await watched.run.outcome;
          assert.equal(await has("made.txt"), false, JSON.stringify(outcome));
          assert.deepEqual(watched.all("permission_requested"), []);
          // It got to its work: else it would have done nothing anyhow.
          assert.ok(
            [undefined, "permission_denied"].includes(outcome.failure?.kind),
            JSON.stringify(outcome),
          );
          assert.equal(watched.all("at_work").length, 1);
        }),
    );
  }

  longTest(
    `${name} does under ask what a person has allowed, not before, also in a loaded session`,
    () =>
      withLenient(name, async ({ run, has, remove }) => {
        const prompt = 'mock:bash cmd="touch made.txt" escalate=1 times=4';
        const allow = (watched: WatchedRun, { permission_id, options }: PermissionRequest) => {
          const yes = options.find((option) => option.kind === "allow_once")!;
          assert.ok(watched.run.answerPermission(permission_id, yes.option_id, OWNER));
        };
        const first = await run(prompt, "ask");
        const { session_id, resumable } = await first.first("session");
        const { request } = await first.first("permission_requested");
        assert.equal(await has("made.txt"), false);
        allow(first, request);
        await first.first(
          "permission_requested",
          (event) => event.request.permission_id !== request.permission_id,
        );
        assert.equal(await has("made.txt"), true);
        Deno.kill(-first.run.pid, "SIGKILL");
        await first.run.outcome;

        await remove("made.txt");
        const second = await run(prompt, "ask", { resume: resumable ? { session_id } : undefined });
        const again = (await second.first("permission_requested")).request;
        assert.equal(await has("made.txt"), false);
        allow(second, again);
        await second.first(
          "permission_requested",
          (event) => event.request.permission_id !== again.permission_id,
        );
        assert.equal(await has("made.txt"), true);
        await second.run.stop();
      }),
  );
}

longTest(
  "opencode is told to make a command known that it does not ask for by itself",
  () =>
    withLenient("opencode", async ({ run, has }) => {
      const denied = await run('mock:bash cmd="> made.txt"', "deny");
      const { failure } = await denied.run.outcome;
      assert.deepEqual(failure, {
        kind: "permission_denied",
        message: "Permission denied by policy: > made.txt",
      });
      const unknown = await run('mock:bash cmd="> made.txt"', "ask");
      await unknown.run.outcome;
      assert.equal(await has("made.txt"), false);
      assert.match(unknown.logs().join("\n"), /Not run: OpenCode asks for.*`true; `/);
      const known = await run('mock:bash cmd="true; > made.txt"', "ask");
      const { request } = await known.first("permission_requested");
      assert.equal((request.tool_call.raw_input as { command: string }).command, "true; > made.txt");
      assert.equal(await has("made.txt"), false);
      const yes = request.options.find((option) => option.kind === "allow_once")!;
      known.run.answerPermission(request.permission_id, yes.option_id, OWNER);
      assert.equal((await known.run.outcome).status, "completed");
      assert.equal(await has("made.txt"), true);
    }),
);

longTest(
  "codex changes nothing in its sandbox; what its own rules allow it does unasked, and the log says so",
  () =>
    withLenient("codex", async ({ run, has }) => {
      const watched = await run("mock:write path=made.txt", "ask");
      await watched.run.outcome;
      assert.deepEqual(watched.all("permission_requested"), []);
      assert.equal(await has("made.txt"), false);
      assert.match(watched.logs("warn").join(), /default\.rules allows without asking/);
    }, { "~/.codex/rules/default.rules": 'prefix_rule(pattern=["no-such-program"])\n' }),
);

longTest(
  "claude fetches nothing before a person has answered",
  () =>
    withLenient("claude", async ({ run }) => {
      const watched = await run("mock:fetch url=http://127.0.0.1:1/", "deny");
      const outcome = await watched.run.outcome;
      assert.equal(outcome.failure?.kind, "permission_denied");
    }),
);

// Gemini refuses places outside by itself.
for (const name of ["opencode", "claude"] as const) {
  longTest(
    `${name} is allowed what is inside its task's folder, and a person is asked for the rest`,
    () =>
      withLenient(name, async ({ run, has }) => {
        const inside = await run("mock:write path=inside.txt", "allow");
        assert.equal((await inside.run.outcome).status, "completed");
        assert.equal(await has("inside.txt"), true);
        const outside = await run("mock:write path=../outside.txt", "allow");
        const { request } = await outside.first("permission_requested");
        assert.ok((request.tool_call.outside as string[]).some((path) => path.includes("outside")));
        const no = request.options.find((option) => option.kind === "reject_once")!;
        outside.run.answerPermission(request.permission_id, no.option_id, OWNER);
        await outside.run.outcome;
        assert.equal(await has("../outside.txt"), false);
      }, {}),
  );
}

longTest(
  "what a subagent of opencode asks for does not reach the client, so subagents are switched off",
  () =>
    withLenient("opencode", async ({ run, has }) => {
      // With `allow` they are on. Its own settings make it ask before a command.
      const watched = await run("mock:subagent file=made.txt", "allow");
      const started = await watched.first("log", (event) => event.source === "tool");
      assert.equal(started.details?.kind, "think");
      await watched.first("silent", (event) => event.isLong);
      assert.deepEqual([watched.all("permission_settled"), await has("made.txt")], [[], false]);
      await watched.run.stop();
    }, {}),
);
