/** How a task's permission policy holds its agent: what it is started with, its mode, and which requests a person sees. */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { opencode } from "../../src/agents/makes/opencode.ts";
import { claude } from "../../src/agents/makes/claude.ts";
import { codex } from "../../src/agents/makes/codex.ts";
import { gemini } from "../../src/agents/makes/gemini.ts";
import type { PermissionRule } from "../../src/domain/permission_rule.ts";
import type { PermissionPolicy } from "../../src/domain/task.ts";
import type { AgentMake, BoundStart } from "../../src/agents/makes/agent_make.ts";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { acpRequest, ran, watchRun } from "./fixtures/acp_run.ts";
import { withSupervisor } from "./fixtures/harness.ts";

type Fields = Record<string, unknown>;

const PROGRAM = new URL("./fixtures/asking_agent.ts", import.meta.url).pathname;
const asking = (habits: Fields = {}) => [
  Deno.execPath(),
  "run",
  "--no-check",
  "--no-config",
  PROGRAM,
  JSON.stringify(habits),
];

Deno.test("allow asks a person for what is outside the task's folders, and for nothing else", () =>
  withSupervisor(async (bench) => {
    const ask = (asked: Fields, announced?: Fields) =>
      watchRun(
        bench,
        acpRequest(bench.folder, asking(), JSON.stringify({ announced, asked }), { permissions: "allow" }),
      );
    const inside = await ask({ kind: "edit", locations: [{ path: `${bench.folder}/a` }] });
    assert.equal((await inside.run.outcome).output, "undefined: yes");
    assert.deepEqual(inside.all("permission_requested"), []);

    // The TMPDIR of the run is below this folder of the test.
    const elsewhere = await Deno.makeTempDir();
    for (
      const [asked, announced] of [
        [{ kind: "edit", locations: [{ path: `${elsewhere}/a` }] }],
        [{ title: "Write it" }, { title: "Write it", kind: "edit", locations: [{ path: `${elsewhere}/a` }] }],
        [{}, { title: "Call it", kind: "other", rawInput: { target: `${elsewhere}/a` } }],
      ] as [Fields, Fields?][]
    ) {
      const outside = await ask(asked, announced);
      const { request } = await outside.first("permission_requested");
      assert.deepEqual(request.tool_call.outside, [`${elsewhere}/a`]);
      assert.ok(outside.run.answerPermission(request.permission_id, "no", OWNER));
      assert.equal((await outside.run.outcome).output, "undefined: no");
    }
    await Deno.remove(elsewhere);
  }));

Deno.test("rules answer before the policy does, with links and .. resolved; what they deny fails nothing", () =>
  withSupervisor(async (bench) => {
    const root = await Deno.realPath(bench.folder);
    await Deno.mkdir(`${root}/secret`);
    await Deno.symlink(`${root}/secret`, `${root}/open`);
    const list: PermissionRule[] = [
      { path: "secret/**", decision: "deny" },
      { path: "/elsewhere/**", decision: "allow" },
      { kind: "execute", command: "npm *", decision: "allow" },
      { kind: "edit", decision: "allow" },
    ];
    const ask = (asked: Fields, otherwise: PermissionPolicy = "ask") =>
      watchRun(
        bench,
        acpRequest(bench.folder, asking(), JSON.stringify({ asked }), { root, rules: { list, otherwise } }),
      );
    const edit = (path: string) => ({ title: path, kind: "edit", locations: [{ path }] });
    for (
      const [asked, answer, by] of [
        [edit(`${bench.folder}/a`), "yes", "rule"],
        [edit(`${bench.folder}/open/a`), "no", "rule"],
        [edit("x/../secret/a"), "no", "rule"],
        [edit("/elsewhere/a"), "yes", "rule"],
      ] as [Fields, string, string][]
    ) {
      const { run, all } = await ask(asked);
      const { output, status } = await run.outcome;
      assert.deepEqual([output, status], [`undefined: ${answer}`, "completed"], JSON.stringify(asked));
      assert.deepEqual(all("permission_settled").map((one) => one.by), [by]);
    }
    // What a general rule allows is in the task's folders; without a path, the first rule may mean it.
    for (
      const asked of [edit("/srv/a"), {
        title: "npm test",
        kind: "execute",
        rawInput: { command: "npm test" },
      }]
    ) {
      const asks = await ask(asked, "allow");
      const { request } = await asks.first("permission_requested");
      asks.run.answerPermission(request.permission_id, "yes", OWNER);
      assert.equal((await asks.run.outcome).output, "undefined: yes");
    }
    const denied = await ask({ title: "rm a", kind: "execute", rawInput: { command: "rm a" } }, "deny");
    assert.equal((await denied.run.outcome).output, "undefined: no");
    list.shift();
    for (
      const [command, otherwise, answer] of [["npm test", "ask", "yes"], [
        "npm test | sh",
        "deny",
        "no",
      ]] as const
    ) {
      const asks = await ask({ title: command, kind: "execute", rawInput: { command } }, otherwise);
      assert.equal((await asks.run.outcome).output, `undefined: ${answer}`);
    }
  }));

Deno.test("a request that nobody answers fails the task at once, or waits without end, if that is configured", () =>
  withSupervisor(async (bench) => {
    const prompt = JSON.stringify({ asked: { title: "ls", kind: "execute", rawInput: { command: "ls" } } });
    const withAction = (permission_timeout_action: "fail" | "wait") =>
      watchRun(
        bench,
        acpRequest(bench.folder, asking(), prompt, { permission_timeout_ms: 50, permission_timeout_action }),
      );
    const failed = await withAction("fail");
    const { status, failure } = await failed.run.outcome;
    assert.deepEqual([status, failure], [
      "failed",
      { kind: "permission_denied", message: "Permission denied, nobody answered in time: ls" },
    ]);
    const waits = await withAction("wait");
    const { request } = await waits.first("permission_requested");
    assert.equal(request.expires_at, undefined);
    assert.deepEqual(request.remembers, { agent: request.remembers?.agent, kind: "execute", command: "ls" });
    // Longer than the time after which another would be denied.
    const other = await watchRun(
      bench,
      acpRequest(bench.folder, asking(), prompt, { permission_timeout_ms: 50 }),
    );
    await other.run.outcome;
    assert.ok(waits.run.answerPermission(request.permission_id, "yes", OWNER));
    assert.equal((await waits.run.outcome).output, "undefined: yes");
  }));

Deno.test("what is remembered answers what would be asked; a rule that denies comes first", () =>
  withSupervisor(async (bench) => {
    const known: Fields[] = [];
    const ask = async (decision: "allow" | "deny", asked: Fields, changes: Fields = {}) => {
      const recall = ({ call }: { call: Fields }) => {
        known.push(call);
        return decision;
      };
      const { outcome } = await ran(
        bench,
        acpRequest(bench.folder, asking(), JSON.stringify({ asked }), { recall, ...changes }),
      );
      return [outcome.output, outcome.status];
    };
    const edit = { title: "a", kind: "edit", locations: [{ path: `${bench.folder}/a` }] };
    const root = await Deno.realPath(bench.folder);
    assert.deepEqual(await ask("allow", edit, { root }), ["undefined: yes", "completed"]);
    assert.deepEqual(await ask("deny", edit, { root, permissions: "allow" }), ["undefined: no", "completed"]);
    const list = [{ kind: "edit", decision: "deny" }];
    assert.deepEqual(await ask("allow", edit, { root, rules: { list, otherwise: "ask" } }), [
      "undefined: no",
      "completed",
    ]);
    assert.deepEqual(known.map(({ kind, paths }) => [kind, paths]), Array(3).fill(["edit", ["a"]]));
  }));

Deno.test("a request that nobody answers is denied, also under allow", () =>
  withSupervisor(async (bench) => {
    const prompt = JSON.stringify({ asked: { title: "touch /srv/a", kind: "execute" } });
    const { outcome } = await ran(
      bench,
      acpRequest(bench.folder, asking(), prompt, { permissions: "allow", permission_timeout_ms: 50 }),
    );
    assert.deepEqual([outcome.output, outcome.status], ["undefined: no", "completed"]);
  }));

const CODEX_MODES = ["agent", "workspace-write", "read-only"];

for (
  const [policy, profile, habits, output] of [
    ["ask", "codex", { modes: CODEX_MODES }, "read-only: yes"],
    ["allow", "codex", { modes: CODEX_MODES }, "workspace-write: yes"],
    ["ask", "claude", { modes: ["auto", "default"] }, "default: yes"],
    ["ask", "gemini", { modes: ["yolo", "default"] }, "default: yes"],
    ["allow", "codex", { modes: ["agent"] }, "agent: yes"],
  ] as const
) {
  Deno.test(`${profile} works under ${policy} in a mode that fits, also in a loaded session`, () =>
    withSupervisor(async (bench) => {
      for (const resume of [undefined, { session_id: "s1" }]) {
        const watched = await watchRun(
          bench,
          acpRequest(
            bench.folder,
            asking({ ...habits, loads: true }),
            JSON.stringify({ asked: { title: "ls" } }),
            {
              permissions: policy,
              resume,
              agent: { profile },
            },
          ),
        );
        if (policy === "ask") {
          const { request } = await watched.first("permission_requested");
          watched.run.answerPermission(request.permission_id, "yes", OWNER);
        }
        const outcome = await watched.run.outcome;
        assert.equal(outcome.output, output);
      }
    }));
}

for (const policy of ["ask", "deny"] as const) {
  Deno.test(`an agent that cannot be brought into a mode that fits ${policy} is not prompted`, () =>
    withSupervisor(async (bench) => {
      for (const habits of [{ modes: ["agent"] }, { modes: CODEX_MODES, refuses_mode: true }]) {
        const run = await ran(
          bench,
          acpRequest(bench.folder, asking(habits), JSON.stringify({ asked: {} }), {
            permissions: policy,
            agent: { profile: "codex" },
          }),
        );
        assert.equal(run.outcome.status, "failed");
        assert.deepEqual([run.outcome.output, run.all("at_work"), run.all("permission_settled")], [
          "",
          [],
          [],
        ]);
      }
    }));
}

Deno.test("an agent that cannot be held to its policy says so in the log at the start", () =>
  withSupervisor(async (bench) => {
    const said = async (changes: Fields, profile?: string) => {
      const prompt = JSON.stringify({ asked: { title: "ls" } });
      const run = await ran(
        bench,
        acpRequest(bench.folder, asking(), prompt, {
          permission_timeout_ms: 20,
          ...changes,
          agent: { profile },
        }),
      );
      const first = run.events.filter((event) => event.kind === "log")[0];
      return first?.message.startsWith("permissions:") ? `${first.level} ${first.message}` : undefined;
    };
    const ask = /^info permissions: "ask" has no effect: how agent 'checks' can be made to ask/;
    assert.match(await said({ permissions: "ask" }) ?? "", ask);
    assert.match(await said({ permissions: "ask", namesPermissions: true }) ?? "", /^warn/);
    assert.match(await said({ permissions: "deny" }) ?? "", /^warn permissions: "deny"/);
    assert.equal(await said({ permissions: "allow" }), undefined);
    assert.equal(await said({ permissions: "ask" }, "claude"), undefined);
  }));

const OWN_SERVER = { name: "opencode-agents", url: "http://127.0.0.1:1/mcp" };
const OWN_TOOLS = { http: OWN_SERVER, stdio: { name: OWN_SERVER.name, command: "opencode-agents" } };
const TOOL = { title: "opencode-agents_start_task", kind: "other", rawInput: {}, locations: [] };

Deno.test("a task that delegates is not asked for the server's own tools, and is denied them under deny", () =>
  withSupervisor(async (bench) => {
    const ask = (permissions: "ask" | "deny" | "allow", more: Fields = { own_tools: OWN_TOOLS }) =>
      watchRun(
        bench,
        acpRequest(bench.folder, asking(), JSON.stringify({ asked: TOOL }), {
          permissions,
          agent: { profile: "opencode" },
          permission_timeout_ms: 50,
          ...more,
        }),
      );
    for (const policy of ["ask", "allow"] as const) {
      const watched = await ask(policy);
      assert.equal((await watched.run.outcome).output, "undefined: yes");
      assert.deepEqual(watched.all("permission_requested"), []);
    }
    const denied = await ask("deny");
    assert.equal((await denied.run.outcome).failure?.kind, "permission_denied");
    // Another server of that name.
    const other = await ask("ask", {});
    await other.first("permission_requested");
    await other.run.outcome;
  }));

Deno.test("a call is known to be of a server's tool by what its model cannot say", () => {
  const is = (make: AgentMake, call: Fields) => make.isToolOf(call, OWN_SERVER.name);
  const ofClaude = (source: string) => ({
    _meta: { claudeCode: { mcpServer: { name: OWN_SERVER.name, source } } },
  });
  const ofCodex = { server: OWN_SERVER.name, tool: "start_task", arguments: {} };
  const ofGemini = { title: "start_task (opencode-agents MCP Server)", kind: "other" };
  for (
    const [make, own, ...others] of [
      [
        opencode,
        TOOL,
        { ...TOOL, kind: "execute" },
        { ...TOOL, title: "opencode_agents" },
        {
          ...TOOL,
          title: "opencode-agents_start_task; rm a",
          rawInput: { command: "…", directories: ["/"] },
        },
      ],
      [claude, ofClaude("dynamic"), ofClaude("project"), { title: "mcp__opencode-agents__start_task" }],
      [
        codex,
        { kind: "execute", rawInput: ofCodex },
        { rawInput: { ...ofCodex, server: "other" } },
        { title: "mcp.opencode-agents.start_task", kind: "execute", rawInput: { command: "x" } },
      ],
      [
        gemini,
        ofGemini,
        { ...ofGemini, kind: "execute" },
        { ...ofGemini, title: "rm a; start_task (opencode-agents MCP Server)" },
      ],
    ] as [AgentMake, Fields, ...Fields[]][]
  ) {
    assert.equal(is(make, own), true, make.name);
    for (const other of others) assert.equal(is(make, other), false, JSON.stringify(other));
  }
});

// ---- what each make starts its agent with

/** A machine with these files. */
async function start(
  make: AgentMake,
  permissions: "ask" | "deny" | "allow",
  { env = {}, files = {}, mode, folder = "/tmp/run" }: {
    env?: Record<string, string>;
    files?: Record<string, string>;
    mode?: string;
    folder?: string;
  } = {},
): Promise<BoundStart> {
  return await make.bind!({ permissions, mode }).prepare?.({
    env: { HOME: "/u", ...env },
    working_dir: "/p/sub",
    file: (name) => `${folder}/${name}`,
    read: (path) => Promise.resolve(files[path]),
    list: (folder) =>
      Promise.resolve(Object.keys(files).filter((path) => path.slice(0, path.lastIndexOf("/")) === folder)),
  }) ?? {};
}

/** Decides as OpenCode does: the last rule that fits. Keys and patterns are globs. */
function ruleOf(config: Fields, permission: string, pattern: string): string | undefined {
  const fits = (glob: string, text: string) =>
    new RegExp(`^${glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`)
      .test(text);
  let decision: string | undefined;
  for (const [key, rule] of Object.entries(config)) {
    if (!fits(key, permission)) continue;
    if (typeof rule === "string") decision = rule;
    else {for (const [glob, one] of Object.entries(rule as Fields)) {
        if (fits(glob, pattern)) decision = String(one);
      }}
  }
  return decision;
}

Deno.test("opencode: the rules come last, whatever the user's configuration allows", async () => {
  const own = {
    model: "m",
    plugin: ["mine"],
    agent: {
      build: { prompt: "Be kind", permission: { "*": "allow", bash: { "*": "allow" }, edit: "allow" } },
      other: {},
    },
  };
  const { env } = await start(opencode, "ask", {
    env: { OPENCODE_CONFIG_CONTENT: JSON.stringify(own) },
    mode: "reviewer",
  });
  const config = JSON.parse(env!.OPENCODE_CONFIG_CONTENT!);
  assert.equal(config.model, "m");
  assert.deepEqual(Object.keys(config.agent), ["build", "other", "plan", "reviewer"]);
  assert.equal(config.agent.build.prompt, "Be kind");
  for (const name of ["build", "plan", "reviewer"]) {
    const { permission } = config.agent[name];
    for (
      const tool of ["edit", "bash", "webfetch", "websearch", "github_create_issue", "external_directory"]
    ) {
      assert.equal(ruleOf(permission, tool, "anything"), "ask", `${name} ${tool}`);
    }
    assert.equal(ruleOf(permission, "task", "general"), "deny");
    const output = "/u/.local/share/opencode/tool-output/x";
    assert.equal(ruleOf(permission, "external_directory", output), "allow", "its own notes");
  }
  assert.equal(ruleOf(config.agent.plan.permission, "read", "a"), undefined, "it reads as it pleases");
});

Deno.test("opencode: under allow only places outside are asked for, which subagents cannot; nonsense is not run", async () => {
  const { env, files } = await start(opencode, "allow");
  const { agent } = JSON.parse(env!.OPENCODE_CONFIG_CONTENT!);
  const decisions = (name: string) =>
    ["external_directory", "doom_loop", "bash", "edit", "task"].map((tool) =>
      ruleOf(agent[name].permission, tool, "x")
    );
  assert.deepEqual(decisions("build"), ["ask", undefined, undefined, undefined, undefined]);
  assert.deepEqual(decisions("general"), ["deny", "deny", undefined, undefined, undefined]);
  assert.equal(files, undefined);
  for (const text of ["[]", "{", "7"]) {
    const { obstacle } = await start(opencode, "ask", { env: { OPENCODE_CONFIG_CONTENT: text } });
    assert.match(obstacle!, /OPENCODE_CONFIG_CONTENT/);
  }
});

Deno.test("opencode: a project cannot foresee the keys of the rules", async () => {
  const keys = async (folder: string) => {
    const { env } = await start(opencode, "ask", { folder });
    return Object.keys(JSON.parse(env!.OPENCODE_CONFIG_CONTENT!).agent.build.permission);
  };
  const [one, other] = await Promise.all([keys("/tmp/run-1a-f00d77"), keys("/tmp/run-1a-c2fe9b")]);
  const shared = one!.filter((key) => other!.includes(key));
  assert.deepEqual(shared, []);
  for (const key of one!) assert.match(key, /\*/);
});

/** Runs a command in the shell that OpenCode gets. Returns what it prints. */
async function inShell(permissions: "ask" | "deny", command: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const { programs, env } = await start(opencode, permissions, { folder });
    const { shell } = JSON.parse(env!.OPENCODE_CONFIG_CONTENT!);
    const [[name, script]] = Object.entries(programs!) as [[string, string]];
    assert.equal(shell, `${folder}/${name}`);
    await Deno.writeTextFile(shell, script, { mode: 0o700 });
    const { stdout, stderr } = await new Deno.Command(shell, { args: ["-c", command], cwd: folder }).output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("opencode: its shell runs no command that it does not ask about", async () => {
  for (
    const command of [
      "> a",
      " >a",
      "2> a",
      "cd .>a",
      "cd . > a; echo ran",
      "cd b && > a",
      "X=1 > a",
      "X=1 cd . > a",
      "cd .\n> a",
      "X=1; > a",
      "export X=1; > a",
      "export X=1 > a",
      "declare -p > a",
      "{ > a; }",
      "(> a)",
      "f () { > a; }",
      "if [[ -f b ]]; then > a; fi",
      "[[ -f b ]] > a",
      "! > a",
      "x='a[$(echo ran >&2)]'; ((x))",
      "# echo\n> a",
      "",
    ]
  ) {
    assert.match(
      await inShell("ask", command),
      /^Not run: OpenCode asks for[^\n]*`true; `[^\n]*\n$/,
      command,
    );
  }
  for (
    const command of [
      "echo ran",
      "# Say so.\n\necho ran",
      "cd / && echo ran",
      "cd '/' ; X=1 Y='a b' echo ran",
      "true; > a; echo ran",
      "cd /\necho ran",
      "X=1\nexport Y=2 Z='a b' && cd / && echo ran",
      "echo ran>&2",
      "/bin/echo ran",
    ]
  ) assert.equal(await inShell("ask", command), "ran\n", command);
  assert.match(await inShell("deny", "echo ran"), /^Not run: the task has permissions: "deny"\n$/);
});

Deno.test("opencode: what an administrator decides is said, or keeps it from starting", async () => {
  const files = { "/etc/opencode/opencode.jsonc": '{ "permission": { "*": "allow" } }' };
  assert.match((await start(opencode, "ask", { files })).warnings!.join(), /opencode\.jsonc/);
  assert.match((await start(opencode, "deny", { files })).obstacle!, /opencode\.jsonc/);
  const harmless = { "/etc/opencode/opencode.json": '{ "share": "disabled" }' };
  assert.deepEqual((await start(opencode, "ask", { files: harmless })).warnings, []);
});

Deno.test("opencode: its shell is of the user's kind", async () => {
  const shellOf = async (env: Record<string, string>) => {
    const { programs } = await start(opencode, "ask", { env });
    const [[name, script]] = Object.entries(programs!) as [[string, string]];
    return [name, script.trimEnd().split("\n").at(-1)];
  };
  assert.deepEqual(await shellOf({ SHELL: "/opt/my shells/zsh" }), ["zsh", `exec '/opt/my shells/zsh' "$@"`]);
  const configured = { OPENCODE_CONFIG_CONTENT: '{"shell":"/bin/dash"}', SHELL: "/bin/zsh" };
  assert.deepEqual(await shellOf(configured), ["dash", `exec '/bin/dash' "$@"`]);
  // OpenCode does not use fish for commands.
  assert.deepEqual(await shellOf({ SHELL: "/usr/bin/fish" }), ["sh", 'exec /bin/sh "$@"']);
  assert.equal((await start(opencode, "allow")).programs, undefined);
});

Deno.test("opencode: what its shell did not run under deny counts as denied", () =>
  withSupervisor(async (bench) => {
    const told = {
      sessionUpdate: "tool_call_update",
      toolCallId: "c1",
      status: "completed",
      kind: "execute",
      rawInput: { command: "> a" },
      content: [{
        type: "content",
        content: { type: "text", text: 'Not run: the task has permissions: "deny"\n' },
      }],
    };
    assert.equal(opencode.deniedIn(told), "> a");
    assert.equal(opencode.deniedIn({ ...told, status: "in_progress" }), undefined);
    assert.equal(opencode.deniedIn({ ...told, content: [] }), undefined);
    const prompt = JSON.stringify({ told });
    const run = await ran(
      bench,
      acpRequest(bench.folder, asking(), prompt, { permissions: "deny", agent: { profile: "opencode" } }),
    );
    assert.equal(run.outcome.failure?.kind, "permission_denied");
  }));

Deno.test("claude: rules that ask go with its session, and outweigh what allows", () => {
  const meta = claude.bind!({ permissions: "ask" }).session_meta as {
    claudeCode: { options: { settings: { permissions: { ask: string[] } } } };
  };
  const { ask } = meta.claudeCode.options.settings.permissions;
  for (const tool of ["Bash", "Edit", "Write", "NotebookEdit", "WebFetch", "mcp__*"]) {
    assert.ok(ask.includes(tool));
  }
  assert.equal(claude.bind!({ permissions: "allow" }).session_meta, undefined);
});

Deno.test("codex: rules of its own that allow something are said, or keep it from starting", async () => {
  const allows = 'prefix_rule(pattern=["git", "add"])\n';
  const asks = '# prefix_rule(pattern=["rm"])\nprefix_rule(pattern=["git"], decision="prompt")\n';
  const own = "/u/.codex/rules/default.rules";
  const given = "/p/.codex/rules/team.rules";
  assert.deepEqual(await start(codex, "ask", { files: { [own]: asks, [given]: asks } }), { warnings: [] });
  const { warnings } = await start(codex, "deny");
  assert.match(warnings!.join(), /^permissions: "deny": what Codex tries to write in its sandbox fails/);
  const said = await start(codex, "ask", { files: { [own]: allows } });
  assert.equal(said.obstacle, undefined);
  assert.match(said.warnings!.join(), /default\.rules/);
  assert.match((await start(codex, "deny", { files: { [own]: allows } })).obstacle!, /default\.rules/);
  assert.match((await start(codex, "ask", { files: { [given]: allows } })).obstacle!, /team\.rules/);
  assert.deepEqual(await start(codex, "allow", { files: { [own]: allows, [given]: allows } }), {});
  const moved = { env: { CODEX_HOME: "/c" }, files: { "/c/rules/a.rules": allows } };
  assert.match((await start(codex, "deny", moved)).obstacle!, /a\.rules/);
});

Deno.test("gemini: a policy of an administrator asks for all but reading; trusted servers are switched off", async () => {
  const { args, files } = await start(gemini, "deny");
  assert.deepEqual(args, [
    "--admin-policy",
    "/tmp/run/ask.toml",
    "--admin-policy",
    "/tmp/run/ask_exceptions.toml",
  ]);
  assert.match(files!["ask.toml"]!, /toolName = "\*"\ndecision = "ask_user"/);
  assert.match(files!["ask_exceptions.toml"]!, /"read_file"[^]*decision = "allow"/);
  for (const tool of ["run_shell_command", "write_file", "replace", "web_fetch"]) {
    assert.doesNotMatch(files!["ask_exceptions.toml"]!, new RegExp(tool));
  }
  const trusting = (text: string) => start(gemini, "ask", { files: { "/u/.gemini/settings.json": text } });
  const servers = { mine: { command: "x", trust: true }, other: { command: "y" } };
  const trusted = await trusting(JSON.stringify({ mcpServers: servers }));
  // A rule needs `toolName`, else the whole file is ignored.
  assert.match(
    trusted.files!["ask_exceptions.toml"]!,
    /toolName = "\*"\nmcpName = "mine"\ndecision = "deny"/,
  );
  assert.doesNotMatch(trusted.files!["ask_exceptions.toml"]!, /other/);
  assert.match(trusted.warnings!.join(), /mine/);
  const unreadable = await trusting('{ // mine\n"mcpServers": { "mine": { "trust": true } } }');
  assert.match(unreadable.files!["ask_exceptions.toml"]!, /toolName = "mcp_\*"\ndecision = "deny"/);
  const managed = { files: { "/etc/gemini-cli/policies/ours.toml": "" } };
  assert.match((await start(gemini, "deny", managed)).obstacle!, /ours\.toml/);
  assert.match((await start(gemini, "ask", managed)).warnings!.join(), /ours\.toml/);
  assert.deepEqual(await start(gemini, "allow"), {});
});

Deno.test("what a policy needs reaches the program: files, arguments and variables; an obstacle keeps it from starting", () =>
  withSupervisor(async (bench) => {
    const command = [
      "sh",
      "-c",
      'echo "$@ $OPENCODE_CONFIG_CONTENT" >&2; exit 3',
      "sh",
    ];
    const request = acpRequest(bench.folder, command, "hello", {
      agent: { profile: "opencode", env: { OPENCODE_CONFIG_CONTENT: '{"model":"m"}' } },
      env: { OPENCODE_CONFIG_CONTENT: '{"model":"of the task"}' },
    });
    const { logs } = await ran(bench, request);
    const said = logs().join("\n");
    assert.match(said, /"model":"of the task"/);
    assert.match(said, /"b\**a\**s\**h\*+":"ask"/);

    const broken = acpRequest(bench.folder, command, "hello", {
      agent: { profile: "opencode" },
      env: { OPENCODE_CONFIG_CONTENT: "no" },
    });
    await assert.rejects(
      ran(bench, broken),
      (error) => error instanceof ApiError && error.code === "CONFIGURATION_ERROR",
    );
    assert.deepEqual([...Deno.readDirSync(`${bench.folder}/tmp`)], []);
  }));

Deno.test("every known agent can be held to a policy; others cannot", () => {
  const held = BUILT_IN_MAKES.all.filter(({ bind }) => bind !== undefined).map(({ name }) => name);
  const known = [
    "claude",
    "cline",
    "codex",
    "copilot",
    "demo",
    "gemini",
    "goose",
    "kilo",
    "opencode",
    "qwen",
  ];
  assert.deepEqual(held.sort(), known);
});
