/** The agents' side is told of a run before its task is stored, if the run can start at once. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";

const config = {
  limits: { enabled: false },
  agents: { scripted: SCRIPTED },
  tasks: { default_agent: "scripted", max_concurrent: 1 },
};

Deno.test("a run is expected as soon as its task is requested, but not while all slots are taken", () =>
  withApp({ config }, async (app) => {
    const socket = await app.connect();
    const start = async (id: string) => {
      const task = { id, type: "testing", priority: "medium", description: "print ready; wait go" };
      assert.equal((await socket.request({ type: "start_task", task })).type, "task_started");
    };
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status", "log_entries"] });
    await start("first");
    await socket.next(({ log }) => (log as { message?: string } | undefined)?.message === "ready");
    assert.equal(app.agents.expected, 2, "at its request and at its claim");
    await start("second");
    assert.equal(app.agents.expected, 2);
    app.agents.open("go");
    await socket.next(({ task_id, new_status }) => task_id === "second" && new_status === "completed");
    assert.equal(app.agents.expected, 3, "at the second's claim");
  }));
