/** Agents that do not end when they are told to: clients are answered, and nobody gets the slot before it is free. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import type { TestSocket } from "../fixtures/socket.ts";

const config = {
  limits: { enabled: false },
  agents: { scripted: SCRIPTED },
  tasks: { default_agent: "scripted", max_concurrent: 1 },
};

async function start(socket: TestSocket, id: string, description: string): Promise<void> {
  const task = { id, type: "testing", priority: "medium", description };
  assert.equal((await socket.request({ type: "start_task", task })).type, "task_started");
}

const statusOf = async (socket: TestSocket, task_id: string) => {
  const { task } = await socket.request({ type: "get_task_status", task_id });
  return (task as { status: string }).status;
};

Deno.test("a task with a stubborn agent is cancelled at once, and keeps its slot until the agent is gone", () =>
  withApp({ config }, async (app) => {
    const socket = await app.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status", "log_entries"] });
    await start(socket, "deaf", "deaf; print ready; wait gone");
    await socket.next(({ log }) => (log as { message?: string } | undefined)?.message === "ready");
    await start(socket, "next", "print done");

    assert.equal((await socket.request({ type: "cancel_task", task_id: "deaf" })).type, "task_cancelled");
    assert.equal(await statusOf(socket, "deaf"), "cancelled");
    assert.equal(await statusOf(socket, "next"), "queued");
    assert.equal(app.agents.runs.length, 1, "nobody else was started");

    app.agents.open("gone");
    await socket.next(({ task_id, new_status }) => task_id === "next" && new_status === "completed");
    assert.equal(await statusOf(socket, "deaf"), "cancelled");
  }));
