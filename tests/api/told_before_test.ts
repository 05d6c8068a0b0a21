/** What an attempt knows of the messages before its turn, and of those that came into the turn that was interrupted. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { TALKATIVE } from "../fixtures/scripted_agents.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

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

Deno.test("an attempt is told again what came into its turn before the agent died", () =>
  withApp({ config }, async (app) => {
    const socket = await app.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status", "conversations"] });
    const prompt = "session s1; steerable; print ready; attempt 1: hang";
    const task = { id: "t", type: "testing", priority: "medium", description: prompt };
    assert.equal((await socket.request({ type: "start_task", task })).type, "task_started");
    await until(async () => {
      const { data } = await socket.request({
        type: "request_log_entries",
        limit: 10,
        filter: { agent: "t" },
      });
      return (data as { entries: { message: string }[] }).entries.some(({ message }) => message === "ready");
    });
    const steer = { type: "send_message", task_id: "t", message: "rather red", mode: "steer" };
    assert.equal((await socket.request(steer)).type, "message_sent");
    await until(() => app.agents.runs[0]!.steered.length === 1);
    const isDelivered = ({ type, message }: Message) =>
      type === "conversation_message" && (message as Message).text === "rather red" &&
      (message as Message).state === "delivered";
    await socket.next(isDelivered);
    app.agents.runs[0]!.die("It was killed");
    await socket.next((m) => m.type === "task_status_update" && m.new_status === "completed");
    assert.deepEqual(app.agents.runs[1]!.request.steered?.map(({ text }) => text), ["rather red"]);
    assert.equal(app.agents.runs[1]!.request.earlier?.asked, undefined);
  }));
