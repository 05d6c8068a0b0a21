/** What an agent's session has cost is kept with it, so that the cost of each turn can be told. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { TALKATIVE } from "../fixtures/scripted_agents.ts";
import { Talk } from "../fixtures/talk.ts";

const config = {
  limits: { enabled: false },
  agents: { talks: TALKATIVE },
  tasks: { default_agent: "talks" },
};

Deno.test("the cost of a session: the next attempt knows it, and a new session begins at nothing", () =>
  withApp({ config }, async (app) => {
    const talk = await Talk.begin(app, "session s1; cost 2");
    await talk.completed();
    for (const message of ["session s1; cost 5", "session s1; print no cost", "session s1"]) {
      await talk.say(message);
      await talk.completed();
    }
    const usd = (amount: number) => ({ amount, currency: "USD" });
    const known = app.agents.runs.map(({ request }) => request.resume?.cost);
    assert.deepEqual(known, [undefined, usd(2), usd(5), usd(5)]);
  }));
