/** What an attempt knows of the messages before its turn, and of those that came into the turn that was interrupted. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { TALKATIVE } from "../fixtures/scripted_agents.ts";
import type { Message } from "../fixtures/socket.ts";

const config = {
  limits: { enabled: false },
  agents: { talks: TALKATIVE },
  tasks: { default_agent: "talks", retry_delay_ms: 20 },
};

Deno.test("an attempt is told the messages of the turns before, but neither its own nor those that wait", () =>
  withApp({ config }, async (app) => {
    const socket = await app.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    let ends = 0;
    const ended = async () => {
      ends++;
      const isEnd = (m: Message) => m.type === "task_status_update" && m.new_status === "completed";
      await socket.next(() => socket.messages.filter(isEnd).length >= ends);
    };
    const say = async (message: string) => {
      const reply = await socket.request({ type: "send_message", task_id: "t", message });
      assert.equal(reply.type, "message_sent", JSON.stringify(reply));
    };
    const task = { id: "t", type: "testing", priority: "medium", description: "session s1; wait first" };
    assert.equal((await socket.request({ type: "start_task", task })).type, "task_started");
    await say("print second");
    app.agents.open("first");
    await ended();
    for (
      const message of ["session s1; print third", `session s1; print ${"x".repeat(1000)}`, "session s1"]
    ) {
      await say(message);
      await ended();
    }
    const known = app.agents.runs.map(({ request }) => request.earlier?.asked);
    assert.deepEqual(known.slice(0, 3), [undefined, ["print second"], [
      "print second",
      "session s1; print third",
    ]]);
    assert.deepEqual(known[3]!.slice(0, 2), ["print second", "session s1; print third"]);
    assert.equal(known[3]!.length, 3);
    assert.ok(known[3]![2]!.length <= 500);
    assert.deepEqual(app.agents.runs.map(({ request }) => request.steered), [undefined, [], [], []]);
  }));
