/** What an attempt knows of the messages before its turn, and of those that came into the turn that was interrupted. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { TALKATIVE } from "../fixtures/scripted_agents.ts";
import type { Message } from "../fixtures/socket.ts";
import { Talk } from "../fixtures/talk.ts";
import { until } from "../fixtures/until.ts";

const config = {
  limits: { enabled: false },
  agents: { talks: TALKATIVE },
  tasks: { default_agent: "talks", retry_delay_ms: 20 },
};

Deno.test("an attempt is told the messages of the turns before, but neither its own nor those that wait", () =>
  withApp({ config }, async (app) => {
    const talk = await Talk.begin(app, "session s1; wait first");
    await talk.say("print second");
    app.agents.open("first");
    await talk.completed();
    for (
      const message of ["session s1; print third", `session s1; print ${"x".repeat(1000)}`, "session s1"]
    ) {
      await talk.say(message);
      await talk.completed();
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
    const talk = await Talk.begin(app, "session s1; steerable; print ready; attempt 1: hang");
    const { socket } = talk;
    await until(async () => {
      const { data } = await socket.request({
        type: "request_log_entries",
        limit: 10,
        filter: { agent: "t" },
      });
      return (data as { entries: { message: string }[] }).entries.some(({ message }) => message === "ready");
    });
    await talk.say("rather red", "steer");
    await until(() => app.agents.runs[0]!.steered.length === 1);
    const isDelivered = ({ type, message }: Message) =>
      type === "conversation_message" && (message as Message).text === "rather red" &&
      (message as Message).state === "delivered";
    await socket.next(isDelivered);
    app.agents.runs[0]!.die("It was killed");
    await talk.completed();
    assert.deepEqual(app.agents.runs[1]!.request.steered?.map(({ text }) => text), ["rather red"]);
    assert.equal(app.agents.runs[1]!.request.earlier?.asked, undefined);
  }));
