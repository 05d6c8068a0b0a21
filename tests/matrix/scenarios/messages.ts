/** A person talks to the agent: while it works, in its stead, after the end, and after what goes wrong. */
import assert from "node:assert/strict";
import { heldPlan } from "../interrupted.ts";
import type { Scenario } from "../scenario.ts";
import type { Fields, World } from "../world.ts";

const KNOWN = "known from the first turn";
const FIRST = `mock:simple text="${KNOWN}"`;
const SECOND = 'mock:simple text="second answer"';
const SLOW = "mock:slow n=200 delay=250";
/** Long enough for a message that is sent at its first step. */
const PLAN = "mock:plan n=4 delay=3000 id=steered";
const IN_A_NEW_ONE = "in a new session, told what was done";

/** Sends a message that is delivered like this. */
async function say(
  world: World,
  id: string,
  message: string,
  delivery: string,
  mode?: string,
): Promise<void> {
  const reply = await world.request({ type: "send_message", task_id: id, message, mode });
  assert.equal(reply.type, "message_sent", JSON.stringify(reply));
  assert.equal(reply.delivery, delivery);
}

/** What the turns of a task answered, in order. */
async function answers(world: World, id: string): Promise<string[]> {
  return ((await world.result(id)).turns as { output: string }[]).map(({ output }) => output);
}

/** In which session the last attempt went on. What was said before is known there. */
async function session(world: World, id: string): Promise<string> {
  const { attempts } = await world.result(id) as { attempts: Fields[] };
  const { text } = world.model.requests.filter(({ side }) => !side).at(-1)!;
  assert.match(text, new RegExp(KNOWN));
  return attempts.at(-1)!.resumed === true ? "yes" : IN_A_NEW_ONE;
}

async function atWork(world: World, id: string): Promise<void> {
  const isAnswering = ({ progress_details }: Fields) =>
    /piece \d/.test(String((progress_details as Fields | undefined)?.current_step));
  await world.becomes(id, isAnswering);
}

/** A task that had ended is at the second step of a message. */
async function atWorkOnMessage(world: World, id: string): Promise<void> {
  await world.ran(id, FIRST);
  await say(world, id, heldPlan(id), "reopened");
  await world.model.seen(({ scenario, step, text, side }) =>
    scenario === "plan" && step === 2 && text.includes(KNOWN) && text.includes(heldPlan(id)) && !side
  );
}

export const next: Scenario = {
  name: "next",
  title: "a message is its next turn, in the same process and session",
  async play(world, id) {
    await world.start(id, `${FIRST} mock:slow n=12 delay=250`);
    await say(world, id, SECOND, "queued");
    const task = await world.ended(id);
    assert.deepEqual([task.status, task.turn, task.attempt], ["completed", 2, 1], String(task.error));
    const [first, second] = await answers(world, id);
    assert.match(first!, /piece 12/);
    assert.equal(second, "second answer");
    assert.match(world.model.requests.filter(({ side }) => !side).at(-1)!.text, new RegExp(KNOWN));
    return "yes";
  },
};

export const now: Scenario = {
  name: "now",
  title: "a message *now* ends its turn, and is the next one",
  async play(world, id) {
    await world.start(id, SLOW);
    await atWork(world, id);
    await say(world, id, SECOND, "now", "now");
    const task = await world.ended(id);
    assert.deepEqual([task.status, task.turn, task.attempt], ["completed", 2, 1], String(task.error));
    assert.equal((await answers(world, id)).at(-1), "second answer");
    return "yes";
  },
};

export const steered: Scenario = {
  name: "steer",
  title: "a message is put into its running turn",
  async play(world, id) {
    await world.start(id, PLAN);
    await world.model.seen(({ text, step, side }) => text.includes(PLAN) && step === 1 && !side);
    const reply = await world.request({
      type: "send_message",
      task_id: id,
      message: 'mock:simple text="steered well"',
      mode: "steer",
    });
    assert.equal(reply.type, "message_sent", JSON.stringify(reply));
    const task = await world.ended(id);
    assert.equal(task.status, "completed", String(task.error));
    assert.match((await answers(world, id)).at(-1)!, /steered well/);
    return task.turn === 1 ? "yes" : "it is the next turn";
  },
};

export const reopened: Scenario = {
  name: "reopened",
  title: "a message after the end: goes on in its session",
  async play(world, id) {
    await world.ran(id, FIRST);
    await say(world, id, SECOND, "reopened");
    const task = await world.becomes(id, ({ turn, status }) => turn === 2 && status === "completed");
    assert.equal(task.attempt, 2);
    assert.deepEqual(await answers(world, id), [KNOWN, "second answer"]);
    return await session(world, id);
  },
};

export const lost: Scenario = {
  name: "lost",
  title: "a message when its session is lost: a new one is told what was done",
  async play(world, id) {
    await world.ran(id, FIRST);
    await world.nothingRuns();
    await world.forget();
    await say(world, id, SECOND, "reopened");
    await world.becomes(id, ({ turn, status }) => turn === 2 && status === "completed");
    assert.equal(await session(world, id), IN_A_NEW_ONE);
    return "yes";
  },
};

export const toldOnce: Scenario = {
  name: "message_crash",
  title: "the server is killed while it works on a message: goes on, and is told it once",
  async play(world, id) {
    await atWorkOnMessage(world, id);
    await world.killServer();
    const task = await world.becomes(id, ({ turn, status }) => turn === 2 && status === "completed");
    assert.equal(task.attempt, 3);
    assert.match((await answers(world, id)).at(-1)!, /All 4 steps completed/);
    const { text } = world.model.requests.filter(({ side }) => !side).at(-1)!;
    assert.equal(text.split(heldPlan(id)).length - 1, 1);
    return await session(world, id);
  },
};

export const retried: Scenario = {
  name: "message_retry",
  title: "its cancelled turn is retried: goes on with the message",
  async play(world, id) {
    await atWorkOnMessage(world, id);
    assert.equal((await world.request({ type: "cancel_task", task_id: id })).type, "task_cancelled");
    assert.equal((await world.request({ type: "retry_task", task_id: id })).type, "task_retried");
    await world.becomes(id, ({ status }) => status === "completed");
    assert.match((await answers(world, id)).at(-1)!, /All 4 steps completed/);
    return await session(world, id);
  },
};
