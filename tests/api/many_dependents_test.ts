/** A task that more others wait for than one commit of the store can carry. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const COUNT = 110;
const config = {
  limits: { enabled: false },
  agents: { sh: SCRIPTED },
  tasks: { default_agent: "sh", max_concurrent: 2 },
};

Deno.test("hundreds of dependents fail with their task, are queued again by its retry, and start when it completes", async () => {
  await withApp({ config }, async (server) => {
    const socket = await server.connect();
    const start = async (id: string, prompt: string, dependencies: string[]) => {
      const task = {
        id,
        type: "testing",
        priority: "low",
        description: id,
        dependencies,
        execution: { prompt },
      };
      const reply = await socket.request({ type: "start_task", task });
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
    };
    const count = async (filter: Fields) => {
      const reply = await socket.request({ type: "list_tasks", filter, limit: 1 });
      return reply.filtered_count as number;
    };
    // One waits for another, so that a failure goes on through the others.
    await start("gate", "wait go", []);
    for (let i = 0; i < COUNT; i++) await start(`child_${i}`, "print done", ["gate"]);
    for (let i = 0; i < COUNT; i++) await start(`grandchild_${i}`, "print done", [`child_${i}`]);
    assert.equal(await count({ status: "pending" }), 2 * COUNT);

    await socket.request({ type: "cancel_task", task_id: "gate" });
    await until(async () => await count({ status: "failed" }) === 2 * COUNT);
    await socket.request({ type: "retry_task", task_id: "gate" });
    await until(async () => await count({ status: "pending" }) === 2 * COUNT);
    await socket.request({ type: "cancel_task", task_id: "gate" });
    await until(async () => await count({ status: "failed" }) === 2 * COUNT);

    server.agents.open("go");
    const reply = await socket.request({ type: "retry_task", task_id: "gate" });
    assert.deepEqual([reply.type, reply.retry_count], ["task_retried", 2]);
    await until(async () => await count({ status: "completed" }) === 2 * COUNT + 1, 60_000);
  });
});
