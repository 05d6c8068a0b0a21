/** What an agent's session has cost is kept with it, so that the cost of each turn can be told. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { TALKATIVE } from "../fixtures/scripted_agents.ts";
import type { Message } from "../fixtures/socket.ts";

const config = {
  limits: { enabled: false },
  agents: { talks: TALKATIVE },
  tasks: { default_agent: "talks" },
};

Deno.test("the cost of a session: the next attempt knows it, and a new session begins at nothing", () =>
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
      await ended();
    };
    const execution = { prompt: "session s1; cost 2" };
    const task = { id: "t", type: "testing", priority: "medium", description: "t", execution };
    assert.equal((await socket.request({ type: "start_task", task })).type, "task_started");
    await ended();
    await say("session s1; cost 5");
    await say("session s1; print no cost");
    await say("session s1");
    const usd = (amount: number) => ({ amount, currency: "USD" });
    const known = app.agents.runs.map(({ request }) => request.resume?.cost);
    assert.deepEqual(known, [undefined, usd(2), usd(5), usd(5)]);
  }));
