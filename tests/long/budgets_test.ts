/** Real agents that come to a bound: ended in the middle of a turn where they tell what it uses, else held after it. */
import assert from "node:assert/strict";
import { type AgentName, installed } from "../fixtures/agents.ts";
import { type ModelServer, startModelServer } from "../fixtures/model_server.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { longTest } from "../fixtures/tier.ts";
import { until } from "../fixtures/until.ts";

const PATIENCE_MS = 180_000;

async function withTask(
  name: AgentName,
  prompt: string,
  // deno-lint-ignore no-explicit-any -- a task as JSON
  body: (server: TestServer, taskOf: () => Promise<any>, model: ModelServer) => Promise<void>,
): Promise<void> {
  const model = await startModelServer();
  const home = await Deno.makeTempDir({ prefix: "oa-home-" });
  try {
    const config = {
      limits: { enabled: false },
      agents: { [name]: await installed(name, { model_url: model.url, home }) },
      tasks: { default_agent: name, permissions: "allow" },
    };
    await withServer({ config }, async (server) => {
      const task = { id: "t", type: "feature", priority: "high", description: prompt };
      const execution = { max_tokens: 1000 };
      const { reply } = await server.post({ type: "start_task", task: { ...task, execution } });
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
      const taskOf = async () => (await server.post({ type: "get_task_status", task_id: "t" })).reply.task;
      await body(server, taskOf, model);
    });
  } finally {
    await model.close();
    await Deno.remove(home, { recursive: true });
  }
}

/** Raises the bound, and waits for the end of the task. Its session goes on. */
async function goesOn(server: TestServer, taskOf: () => Promise<Record<string, unknown>>): Promise<void> {
  const held = await taskOf();
  assert.deepEqual(held.waiting_for, { kind: "budget" });
  const session = held.agent_session as { agent: string; session_id: string };
  const refused = (await server.post({ type: "resume_task", task_id: "t" })).reply;
  assert.equal(refused.code, "INVALID_FIELD_VALUE");
  const { reply } = await server.post({ type: "resume_task", task_id: "t", max_tokens: 100_000_000 });
  assert.equal(reply.type, "task_resumed", JSON.stringify(reply));
  await until(async () => {
    const { status, error } = await taskOf();
    assert.notEqual(status, "failed", error as string);
    return status === "completed";
  }, PATIENCE_MS);
  const after = await taskOf();
  // Within the minute in which it began, a session of Gemini cannot be loaded.
  if (session.agent === "gemini") return;
  assert.equal((after.agent_session as typeof session).session_id, session.session_id);
  assert.equal(after.retry_count, 0);
}

// They tell the size of their context after each call of the model.
for (const name of ["claude", "codex"] as const) {
  longTest(
    `${name}: a turn that comes to its bound is ended through the protocol, and goes on in its session`,
    () =>
      withTask(name, "mock:plan n=12 delay=1500", async (server, taskOf) => {
        await until(async () => (await taskOf()).status === "paused", PATIENCE_MS);
        const { usage, attempt } = await taskOf();
        assert.ok(usage.input_tokens + usage.cached_tokens + usage.output_tokens >= 1000);
        assert.equal(attempt, 1);
        // Nothing of it is left at work.
        const agents = async () =>
          (await server.post({ type: "request_status" })).reply.data as { agents: unknown[] };
        await until(async () => (await agents()).agents.length === 0, PATIENCE_MS);
        await goesOn(server, taskOf);
      }),
  );
}

// They tell nothing before the turn ends.
for (const name of ["opencode", "gemini"] as const) {
  longTest(
    `${name}: a turn whose bound is seen at its end is completed, and what follows is held until it is raised`,
    () =>
      withTask(name, 'mock:simple text="first answer"', async (server, taskOf, model) => {
        await until(async () => (await taskOf()).status === "completed", PATIENCE_MS);
        const asked = model.requests.length;
        const message = 'mock:simple text="second answer"';
        const { reply } = await server.post({ type: "send_message", task_id: "t", message });
        assert.notEqual(reply.type, "error", JSON.stringify(reply));
        await until(async () => (await taskOf()).status === "paused", PATIENCE_MS);
        assert.equal(model.requests.length, asked);
        await goesOn(server, taskOf);
        const { result } = (await server.post({ type: "get_task_result", task_id: "t" })).reply as {
          result: { output: string };
        };
        assert.equal(result.output, "second answer");
      }),
  );
}
