/**
 * The server is killed (SIGKILL) while tasks end, webhooks come in and notices go out to a receiver that often refuses: each end
 * is told under one id, and each delivery has made one task, which its sender was told.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { HookReceiver } from "../fixtures/hook_receiver.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

const ROUNDS = 3;
/** How many steps are acknowledged before the server is killed. */
const STEPS = 12;
const SECRET = "whisper-1234";
Deno.env.set("TEST_CRASH_SECRET", SECRET);

async function delivered(server: TestServer, n: number): Promise<string> {
  const body = JSON.stringify({ n });
  const signature = createHmac("sha256", SECRET).update(body).digest("hex");
  const response = await fetch(`${server.url}/hooks/made`, {
    method: "POST",
    body,
    headers: { "x-delivery-id": `d${n}`, "x-hub-signature-256": `sha256=${signature}` },
  });
  const reply = await response.json();
  assert.ok([200, 202].includes(response.status), JSON.stringify(reply));
  return reply.task_id;
}

Deno.test("faults: notices and deliveries survive kill -9: each end is told under one id, each delivery makes one task", async () => {
  await using hooks = new HookReceiver();
  let asked = 0;
  hooks.answer = () => new Response(null, { status: asked++ % 3 === 0 ? 500 : 200 });
  const config = {
    limits: { enabled: false },
    agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
    tasks: { default_agent: "sh", max_attempts: 1 },
    notifications: [
      { name: "hook", channel: "webhook", url: hooks.url, events: ["task_completed", "task_failed"] },
    ],
    templates: {
      made: {
        params: { n: {} },
        task: { description: "delivery {{n}}", execution: { prompt: "true" } },
        trigger: { secret_env: "TEST_CRASH_SECRET", params: { n: "n" } },
      },
    },
  };
  await withServer({ config }, async (server) => {
    const ids: string[] = [];
    const made = new Map<number, string>();
    for (let round = 0; round < ROUNDS; round++) {
      for (let step = 0; step < STEPS; step++) {
        const id = `t${round}_${step}`;
        const task = {
          id,
          type: "testing",
          priority: "low",
          description: id,
          execution: { prompt: step % 3 === 0 ? "exit 1" : "true" },
        };
        const { reply } = await server.post({ type: "start_task", task });
        assert.equal(reply.type, "task_started", JSON.stringify(reply));
        ids.push(id);
        const n = round * STEPS + step;
        made.set(n, await delivered(server, n));
      }
      await server.restart("SIGKILL");
    }
    for (const [n, task_id] of made) assert.equal(await delivered(server, n), task_id);
    const told = () => new Set(hooks.told);
    for (const id of [...ids, ...made.values()]) {
      let status = "";
      await until(async () => {
        status = String(
          ((await server.post({ type: "get_task_status", task_id: id })).reply.task as { status: string })
            .status,
        );
        return ["completed", "failed"].includes(status);
      });
      await until(() => told().has(`task_${status} ${id}`));
    }
    const { reply } = await server.post({ type: "list_tasks", limit: 1 });
    assert.equal(reply.total_count, ids.length + made.size);
    const notices = new Map<string, Set<string>>();
    for (const { id, event, task } of hooks.notices) {
      const end = `${event} ${task.id}`;
      notices.set(end, (notices.get(end) ?? new Set()).add(id));
    }
    assert.deepEqual([...notices].filter(([, some]) => some.size !== 1), []);
    assert.equal(notices.size, ids.length + made.size);
  });
});
