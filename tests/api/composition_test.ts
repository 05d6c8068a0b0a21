/** The whole server in this very process: several at once, each with a store and agents of its own, and no trace left. */
import assert from "node:assert/strict";
import { type ComposedServer, composeServer } from "../../src/boot/compose.ts";
import { effectiveConfig } from "../../src/boot/config_file.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { loadStore } from "../../src/store/open.ts";
import { ScriptedAgents } from "../fixtures/scripted_agents.ts";
import { TestSocket } from "../fixtures/socket.ts";

interface World {
  server: ComposedServer;
  agents: ScriptedAgents;
  kv: MemoryKeyValue;
}

async function composed({ kv = new MemoryKeyValue(), port = 0 } = {}): Promise<World> {
  const agents = new ScriptedAgents();
  const base = "/";
  const server = await composeServer({
    clock: systemClock,
    config: effectiveConfig({ server: { port } }, { base }),
    base,
    folder: "/nowhere",
    openStore: (clock) => loadStore(kv, clock),
    openRunner: () => agents,
  });
  return { server, agents, kv };
}

const task = (id: string, description = `print Did ${id}`) => ({
  id,
  type: "testing",
  priority: "low",
  description,
});

async function post(url: string, message: object): Promise<Record<string, unknown>> {
  return await (await fetch(`${url}/api`, { method: "POST", body: JSON.stringify(message) })).json();
}

Deno.test("two servers in one process serve WebSocket and HTTP independently and leave nothing behind", async () => {
  const worlds = [await composed(), await composed()];
  await Promise.all(worlds.map(({ server }) => server.start()));
  for (const [i, { server, agents }] of worlds.entries()) {
    const socket = await TestSocket.connect(server.url);
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    const started = await post(server.url, { type: "start_task", task: task(`only_${i}`) });
    assert.equal(started.type, "task_started");
    await socket.next((push) => push.new_status === "completed");
    const { result } = await socket.request({ type: "get_task_result", task_id: `only_${i}` });
    assert.equal((result as { output: string }).output, `Did only_${i}\n`);
    assert.deepEqual(agents.runs.map(({ request }) => request.task.id), [`only_${i}`]);
    const { code } = await post(server.url, { type: "get_task_status", task_id: `only_${1 - i}` });
    assert.equal(code, "TASK_NOT_FOUND");
    const stopped = server.stop();
    assert.equal((await socket.closed).code, 1001);
    await stopped;
    await server.stop();
    assert.equal(agents.isClosed, true);
  }
});

Deno.test("a stopped server's running task resumes in the next server on the same data", async () => {
  const first = await composed();
  await first.server.start();
  const socket = await TestSocket.connect(first.server.url);
  await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
  await socket.request({ type: "start_task", task: task("long", "attempt 1: hang") });
  await socket.next((push) => push.new_status === "running");
  await first.server.stop();
  await socket.closed;
  const next = await composed({ kv: first.kv.reopened() });
  await next.server.start();
  const watch = await TestSocket.connect(next.server.url);
  await watch.request({ type: "subscribe_to_updates", channels: ["task_status"] });
  const { task: shown } = await watch.request({ type: "get_task_status", task_id: "long" });
  if ((shown as { status: string }).status !== "completed") {
    await watch.next((push) => push.new_status === "completed");
  }
  await next.server.stop();
  await watch.closed;
});

Deno.test("a failed start stops what had started, and says why", async () => {
  const first = await composed();
  await first.server.start();
  const second = await composed({ port: Number(new URL(first.server.url).port) });
  await assert.rejects(
    second.server.start(),
    (error) => error instanceof ApiError && error.code === "SERVICE_UNAVAILABLE",
  );
  assert.equal(second.agents.isClosed, true);
  await first.server.stop();
});

Deno.test("a server that was never started can be stopped", async () => {
  const { server, agents } = await composed();
  await server.stop();
  assert.equal(agents.isClosed, true);
});
