/** Agents that are to run in sandboxes, on a server that makes none: nothing runs without. */
import assert from "node:assert/strict";
import { sandboxWords } from "../../src/protocol/sandbox_words.ts";
import { withApp } from "../fixtures/app.ts";

type Reply = Record<string, unknown>;

const task = (id: string, execution: Reply = {}) => ({
  type: "start_task",
  task: { id, type: "testing", priority: "high", description: "x", execution },
});
const AGENTS = {
  boxed: { protocol: "acp", command: ["boxed"], sandbox: { kind: "bwrap", write: ["out"], read: ["~"] } },
  free: { protocol: "acp", command: ["free"], sandbox: { kind: "none" } },
};

Deno.test("sandbox: a server that makes none refuses tasks of agents that need one, and says so wherever it is looked for", async () => {
  await withApp({ config: { agents: AGENTS, tasks: { default_agent: "boxed" } } }, async (app) => {
    const { status, reply } = await app.post(task("t"));
    assert.deepEqual([status, reply.code, (reply.details as Reply).agent], [
      503,
      "SERVICE_UNAVAILABLE",
      "boxed",
    ]);
    const { reply: listed } = await app.post({ type: "list_agents" });
    const [boxed, free] = ["boxed", "free"].map((name) =>
      (listed.agents as (Reply & { sandbox: { write: string[] } })[]).find((agent) => agent.name === name)!
    );
    assert.deepEqual(boxed!.sandbox.write, [`${app.dir}/out`]);
    assert.match(String(boxed!.sandbox_problem), /^No sandbox: /);
    assert.equal(boxed!.todo, boxed!.sandbox_problem);
    assert.equal(free!.sandbox, undefined);
    const { reply: health } = await app.post({ type: "request_system_health" });
    const { issues } = health.data as { issues: Reply[] };
    assert.equal(issues.find(({ code }) => code === "SANDBOX_UNAVAILABLE")?.component, "task_manager");
    const started = await app.post(task("other", { agent: "free" }));
    assert.equal(started.reply.type, "task_started", JSON.stringify(started.reply));
  });
});

Deno.test("sandbox: what it holds an agent to is told in words", () => {
  const most = { kind: "bwrap", network: false, home: "own", write: ["/a", "/b"], read: ["/c"] } as const;
  assert.equal(
    sandboxWords({ ...most, write: [...most.write], read: [...most.read] }),
    "bubblewrap, no network; a home of its own; writes /a, /b; reads /c",
  );
  assert.equal(
    sandboxWords({ kind: "bwrap", network: true, home: "shared", write: [], read: [] }),
    "bubblewrap",
  );
});
