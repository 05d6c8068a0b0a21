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
function fails(name: string, title: string, prompt: string): Scenario {
  return {
    name,
    title,
    async play(world, id) {
      const task = await world.ran(id, prompt, {}, { timeout: 900_000 });
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
export const stalled = fails("stalled", "the model falls silent", "mock:hang");

const LONG_MS = 30 * 60_000;

/** What a task waits for that its provider refuses: the end of the hold, or the next try. */
type Wait = "provider_limit" | "retry";

/**
 * The provider refuses or breaks off, then works again. The task waits meanwhile, and no attempt counts. The word tells
 * whether it goes on in its session, and whether the agent has told when the refusal ends.
 */
function waitsOut(name: string, title: string, prompt: string, wait: Wait): Scenario {
  return {
    name,
    title,
    async play(world, id) {
      await world.start(id, `${prompt} id=${id}`, {}, { timeout: 1_200_000 });
      const { waiting_for } = await world.becomes(id, (task) => kindOfWait(task) === wait);
      const until_ms = Date.parse((waiting_for as { until: string }).until);
      world.model.recovers(id);
      if (wait === "provider_limit") {
        const reply = await world.request({ type: "release_agent", agent: world.agent });
        assert.equal(reply.type, "agent_released", JSON.stringify(reply));
      }
      const task = await world.ended(id);
      assert.deepEqual([task.status, task.retry_count], ["completed", 0], String(task.error));
      const { attempts } = await world.result(id) as { attempts: Fields[] };
      const session = attempts.at(-1)!.resumed === true ? "in its session" : "in a new session";
      if (wait === "retry") return session;
      return until_ms - Date.now() > LONG_MS ? `${session}, at the time told` : session;
    },
  };
}

function kindOfWait({ waiting_for }: Fields): unknown {
  return (waiting_for as Fields | undefined)?.kind;
}

export const limitedUntil = waitsOut(
  "limit",
  "a usage limit of hours: the task goes on after it",
  "mock:trouble as=usage in=7200",
  "provider_limit",
);
export const limitedSilently = waitsOut(
  "limit_header",
  "a limit of hours that only a header tells (429)",
  "mock:trouble as=later in=7200",
  "provider_limit",
);
export const limited = waitsOut(
  "429",
  "a limit without a time (429)",
  "mock:trouble as=bare",
  "provider_limit",
);
export const overloaded = waitsOut(
  "overloaded",
  "the provider is overloaded (529, 503)",
  "mock:trouble as=overloaded",
  "retry",
);
export const broken = waitsOut("500", "the provider fails (500)", "mock:http code=500", "retry");
export const dropped = waitsOut(
  "dropped",
  "the connection to the model breaks off",
  "mock:drop",
  "retry",
);
export const overflowed: Scenario = {
  name: "context",
  title: "the conversation is too long for the model",
  async play(world, id) {
    const task = await world.ran(id, "mock:trouble as=context");
    return task.status === "completed" ? "goes on with less" : (task.failure as { kind: string }).kind;
  },
};
