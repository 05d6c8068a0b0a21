/** What goes wrong, and what comes of it. */
import assert from "node:assert/strict";
import { goesOn, inTheMiddle } from "../interrupted.ts";
import type { Scenario } from "../scenario.ts";
import type { Fields } from "../world.ts";

export const serverKilled: Scenario = {
  name: "server_killed",
  title: "goes on after the server was killed",
  async play(world, id) {
    await inTheMiddle(world, id);
    await world.killServer();
    return await goesOn(world, id);
  },
};

export const agentKilled: Scenario = {
  name: "agent_killed",
  title: "goes on after it was killed itself",
  async play(world, id) {
    await inTheMiddle(world, id);
    const { agents } = (await world.request({ type: "request_status" })).data as { agents: Fields[] };
    const { pid } = agents.find(({ task_id }) => task_id === id)!;
    Deno.kill(-Number(pid), "SIGKILL");
    return await goesOn(world, id);
  },
};

/** The model does not answer; the word is the kind of the task's failure. */
function fails(name: string, title: string, prompt: string, isLong = false): Scenario {
  return {
    name,
    title,
    isLong,
    async play(world, id) {
      const task = await world.ran(id, prompt, {}, { timeout: 300_000 });
      assert.equal(task.status, "failed", `it passes for success: ${(await world.result(id)).output}`);
      assert.notEqual(task.error, "");
      return (task.failure as { kind: string }).kind;
    },
  };
}

/** Some agents do not tell a refusal from an answer. */
export const refused: Scenario = {
  name: "refused",
  title: "the model refuses",
  async play(world, id) {
    const task = await world.ran(id, "mock:refuse");
    if (task.status === "failed") return (task.failure as { kind: string }).kind;
    assert.match(String((await world.result(id)).output), /cannot help/);
    return "taken for an answer";
  },
};

export const unauthorized = fails("401", "the key is wrong (401)", "mock:http code=401");
export const limited = fails("429", "the provider limits it (429)", "mock:http code=429", true);
export const limitedUntil = fails(
  "limit",
  "a usage limit with a time at which it ends",
  'mock:http code=429 msg="You have hit your usage limit. Try again at 8:00 PM"',
  true,
);
export const broken = fails("500", "the provider fails (500)", "mock:http code=500", true);
export const dropped = fails("dropped", "the connection to the model breaks off", "mock:drop", true);
export const stalled = fails("stalled", "the model falls silent", "mock:hang", true);
