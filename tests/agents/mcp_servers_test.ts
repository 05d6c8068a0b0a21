/** The MCP servers that a task and its agent's configuration name, as the agent gets them. */
import assert from "node:assert/strict";
import { addedUp, McpServers, shownServer } from "../../src/domain/mcp_server.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { acpRequest, framesRequest, frank, ran } from "./fixtures/acp_run.ts";
import type { Frame } from "./fixtures/frames_agent.ts";
import { requestFor, withSupervisor } from "./fixtures/harness.ts";
import { startCommand } from "../../src/agents/command/run_command.ts";
import { systemClock } from "../../src/clock/clock.ts";

const PROGRAM = { name: "notes", command: "notes-mcp", args: ["--quiet"], env: { NOTES_KEY: "secret" } };
const SITE = { name: "site", url: "http://127.0.0.1:1/mcp", headers: { authorization: "Bearer secret" } };

Deno.test("mcp servers: an agent gets programs and addresses as the protocol names them", () =>
  withSupervisor(async (bench) => {
    const agent = frank({ mcpCapabilities: { http: true } });
    const { outcome } = await ran(
      bench,
      acpRequest(bench.folder, agent, "go", { mcp_servers: [PROGRAM, SITE] }),
    );
    assert.equal(outcome.status, "completed", outcome.failure?.message);
    assert.deepEqual(JSON.parse(outcome.output).opened.mcpServers, [
      {
        name: "notes",
        command: "notes-mcp",
        args: ["--quiet"],
        env: [{ name: "NOTES_KEY", value: "secret" }],
      },
      {
        type: "http",
        name: "site",
        url: SITE.url,
        headers: [{ name: "authorization", value: "Bearer secret" }],
      },
    ]);
  }));

Deno.test("mcp servers: an agent that takes only sse gets an address as such", () =>
  withSupervisor(async (bench) => {
    const agent = frank({ mcpCapabilities: { sse: true } });
    const { outcome } = await ran(bench, acpRequest(bench.folder, agent, "go", { mcp_servers: [SITE] }));
    assert.equal(JSON.parse(outcome.output).opened.mcpServers[0].type, "sse");
  }));

Deno.test("mcp servers: the server's own tools come over http where the agent takes that, else over stdio", () =>
  withSupervisor(async (bench) => {
    const own_tools = { http: { ...SITE, name: "own" }, stdio: { ...PROGRAM, name: "own" } };
    for (const [capabilities, has] of [[{ http: true }, "url"], [{ sse: true }, "command"]] as const) {
      const agent = frank({ mcpCapabilities: capabilities });
      const { outcome } = await ran(bench, acpRequest(bench.folder, agent, "go", { own_tools }));
      const { mcpServers } = JSON.parse(outcome.output).opened;
      assert.deepEqual([mcpServers.length, mcpServers[0].name, has in mcpServers[0]], [1, "own", true]);
    }
  }));

Deno.test("mcp servers: a transport that the agent lacks fails the task with the names", () =>
  withSupervisor(async (bench) => {
    const servers = [PROGRAM, SITE, { name: "old", url: "http://127.0.0.1:1/sse", type: "sse" as const }];
    const { outcome, logs, all } = await ran(
      bench,
      acpRequest(bench.folder, frank({}), "go", { mcp_servers: servers }),
    );
    const message = "The agent reaches MCP servers over stdio only, so not 'site' over http, 'old' over sse";
    assert.deepEqual(outcome.failure, { kind: "refused", message });
    assert.deepEqual(logs("error"), [message]);
    assert.deepEqual(all("log").find(({ level }) => level === "error")!.details, {
      field: "task.execution.mcp_servers",
      value: ["site", "old"],
      expected: ["stdio"],
    });
  }));

Deno.test("mcp servers: a command cannot be given any", () =>
  withSupervisor(async ({ supervisor, folder }) => {
    const request = requestFor(folder, ["true"], { mcp_servers: [PROGRAM] });
    await assert.rejects(
      startCommand(request, () => {}, { clock: systemClock, supervisor }),
      (error) => error instanceof ApiError && /takes no MCP servers, so not 'notes'/.test(error.message),
    );
  }));

Deno.test("mcp servers: lists add up by name, the later one counts, and values are not shown", () => {
  const other = { name: "notes", url: "https://notes.example/mcp" };
  assert.deepEqual(addedUp([PROGRAM, SITE], undefined, [other]), [other, SITE]);
  assert.deepEqual(shownServer(PROGRAM), { ...PROGRAM, env: { NOTES_KEY: "***" } });
  assert.deepEqual(shownServer(SITE), { ...SITE, headers: { authorization: "***" } });
});

Deno.test("mcp servers: what is neither or both, too long or twice is refused", () => {
  const wrong: unknown[][] = [
    [{ name: "x" }],
    [{ name: "x", command: "a", url: "http://b" }],
    [{ name: "x", command: "a", headers: {} }],
    [{ name: "x", url: "http://b", args: [] }],
    [{ name: "x", url: "ftp://b" }],
    [{ name: "x y", command: "a" }],
    [{ name: "", command: "a" }],
    [{ command: "a" }],
    [{ name: "x", command: "" }],
    [{ name: "x", command: "a", env: { "A=B": "c" } }],
    [{ name: "x", command: "a", args: ["a\0b"] }],
    [{ name: "x", url: "http://b", headers: { a: "b\r\nc: d" } }],
    [{ name: "x", command: "a", cwd: "/" }],
    [{ name: "x", command: "a" }, { name: "x", url: "http://b" }],
    Array.from({ length: 21 }, (_, i) => ({ name: `x${i}`, command: "a" })),
    Array.from({ length: 3 }, (_, i) => ({ name: `x${i}`, command: "a", env: { A: "b".repeat(30_000) } })),
  ];
  for (const servers of wrong) {
    assert.ok(!McpServers.safeParse(servers).success, JSON.stringify(servers).slice(0, 100));
  }
  assert.ok(McpServers.safeParse([PROGRAM, SITE]).success);
});

/** How each make says that a server does not work, as it was seen. */
const BROKEN: Record<string, [Frame, string]> = {
  claude: [
    {
      notification: "_claude/sdkMessage",
      params: {
        message: {
          type: "system",
          subtype: "init",
          mcp_servers: [{ name: "good", status: "connected" }, { name: "bad", status: "failed" }],
        },
      },
    },
    "The agent cannot use MCP server 'bad'",
  ],
  opencode: [
    {
      stderr:
        'timestamp=2026-11-30T14:13:00.615Z level=WARN run=c4e671c9 message="server unavailable" key=bad type=local status=failed',
    },
    "The agent cannot use MCP server 'bad'",
  ],
  gemini: [
    {
      stderr:
        "[2026-11-30T14:10:54.931Z] [LOG] [MCP error] Error during discovery for MCP server 'bad': spawn bad ENOENT Error: spawn bad ENOENT",
    },
    "The agent cannot use MCP server 'bad': spawn bad ENOENT",
  ],
};

for (const [make, [frame, text]] of Object.entries(BROKEN)) {
  Deno.test(`mcp servers: the log says which does not work, once: ${make}`, () =>
    withSupervisor(async (bench) => {
      const says: Frame = {
        update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text: "Done." } },
      };
      const frames = [frame, frame, says, { result: { stopReason: "end_turn" } }];
      const { outcome, logs } = await ran(bench, framesRequest(bench.folder, make, frames));
      assert.equal(outcome.status, "completed", outcome.failure?.message);
      assert.deepEqual(logs("warn").filter((line) => /MCP|server/.test(line)), [text]);
    }));
}
