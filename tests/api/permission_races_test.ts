/** Answers to one permission request that meet: one is taken, every other is told so. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";

type Fields = Record<string, unknown>;

const CONFIG = {
  limits: { enabled: false },
  agents: { scripted: SCRIPTED },
  tasks: { default_agent: "scripted", max_concurrent: 4 },
};

/** Starts a task whose agent asks, and returns the id of its request. */
async function asking(app: TestApp, id: string): Promise<string> {
  const socket = await app.connect();
  await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
  const execution = { prompt: "ask May I?; print done" };
  await socket.request({
    type: "start_task",
    task: { id, type: "testing", priority: "medium", description: id, execution },
  });
  const asked = await socket.next((m) => m.type === "permission_request" && m.task_id === id);
  return asked.permission_id as string;
}

function assertRefused(reply: Fields, permission_id: string): void {
  const { code, details } = reply as { code: string; details: Fields };
  assert.equal(code, "INVALID_FIELD_VALUE", JSON.stringify(reply));
  assert.deepEqual([details.field, details.value, details.expected], ["permission_id", permission_id, []]);
}

Deno.test("of answers that come at the same moment, over sockets and HTTP, one is taken", () =>
  withApp({ config: CONFIG }, async (app) => {
    for (let round = 0; round < 10; round++) {
      const task_id = `raced_${round}`;
      const permission_id = await asking(app, task_id);
      const answer = (decision: string) => ({
        type: "respond_to_permission",
        task_id,
        permission_id,
        decision,
      });
      const sockets = await Promise.all([app.connect(), app.connect()]);
      const replies: Fields[] = await Promise.all([
        sockets[0]!.request(answer("allow")),
        sockets[1]!.request(answer("deny")),
        app.post(answer("allow")).then(({ reply }) => reply),
        app.post({ type: "batch", requests: [answer("deny"), answer("allow")] }).then(({ reply }) => reply),
      ]);
      const all = replies.flatMap((reply) =>
        reply.type === "batch_result" ? reply.responses as Fields[] : [reply]
      );
      const taken = all.filter((reply) => reply.type === "permission_answered");
      assert.equal(all.length, 5);
      assert.equal(taken.length, 1, JSON.stringify(all));
      for (const reply of all) if (reply !== taken[0]) assertRefused(reply, permission_id);

      const { output } = await resultOf(app, task_id);
      assert.equal(output, `${taken[0]!.option_id}\ndone\n`, "the agent got the answer that was taken");
      for (const socket of sockets) await socket.close();
    }
  }));

Deno.test("an answer to a task that has just been cancelled is refused, although its agent still runs", () =>
  withApp({ config: CONFIG }, async (app) => {
    const permission_id = await asking(app, "cancelled");
    const cancel = app.post({ type: "cancel_task", task_id: "cancelled" });
    const answers = Array.from({ length: 20 }, () =>
      app.post({
        type: "respond_to_permission",
        task_id: "cancelled",
        permission_id,
        decision: "allow",
      }));
    await cancel;
    const taken = (await Promise.all(answers)).filter(({ reply }) => reply.type === "permission_answered");
    assert.ok(taken.length <= 1, JSON.stringify(taken));
    const late = await app.post({
      type: "respond_to_permission",
      task_id: "cancelled",
      permission_id,
      decision: "allow",
    });
    assertRefused(late.reply, permission_id);
    assert.equal((late.reply.details as Fields).current_status, "cancelled");
  }));

async function resultOf(app: TestApp, task_id: string): Promise<{ output: string }> {
  const socket = await app.connect();
  await socket.request({
    type: "subscribe_to_updates",
    channels: ["task_status"],
    filters: { task_status: { task_ids: [task_id] } },
  });
  const { task } = await socket.request({ type: "get_task_status", task_id }) as unknown as { task: Fields };
  if (task.status !== "completed") {
    await socket.next((m) => m.type === "task_status_update" && m.new_status === "completed");
  }
  const { result } = await socket.request({ type: "get_task_result", task_id }) as unknown as {
    result: { output: string };
  };
  await socket.close();
  return result;
}
