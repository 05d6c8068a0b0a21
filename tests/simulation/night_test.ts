/**
 * A night in simulated time: 200 tasks of four agents, whose providers refuse them for hours, and two crashes of the server.
 * In the morning all is done, and hardly any request to a model was made twice.
 */
import assert from "node:assert/strict";
import { isoTime } from "../../src/clock/clock.ts";
import { encode } from "../../src/store/json.ts";
import { Random } from "./random.ts";
import { ServerLife } from "./server_life.ts";
import { refusedFor, SimMachine } from "./sim_agents.ts";
import { SimDisk } from "./sim_disk.ts";
import { quiet, SimTime } from "./sim_time.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const TASKS = 200;
const SLOTS = 8;
/** Those of the first two tell when they take requests again. */
const AGENTS = ["simulated", "second", "third", "fourth"];
/** How many requests each provider takes within how long. */
const WINDOW = { requests: 60, ms: 2 * HOUR_MS };
const CRASHES_MS = [20 * MINUTE_MS, 150 * MINUTE_MS];
const MORNING_MS = 12 * HOUR_MS;

const PROMISED = {
  max_concurrent: SLOTS,
  max_starting: 4,
  exclusive_folders: false,
  timeout_ms: HOUR_MS,
  tasks_per_minute: 10_000,
  messages_per_minute: 10_000,
  retention_ms: 30 * 24 * HOUR_MS,
};
const FAULTS = {
  not_started: 0,
  hangs: 0,
  fails: 0,
  dies: 0,
  speaks_after_end: 0.1,
  stutters: 0.1,
  // Nobody is there to answer.
  asks: 0.05,
  limits: 0,
  overloads: 0,
  step_ms: 20_000,
};

/** A provider that counts what it takes. */
class Provider {
  taken = 0;
  refusals = 0;
  #left = WINDOW.requests;
  #since_ms = -Infinity;
  readonly #time: SimTime;
  readonly #isTelling: boolean;

  constructor(time: SimTime, isTelling: boolean) {
    this.#time = time;
    this.#isTelling = isTelling;
  }

  ask() {
    const { monotonic_ms, now_ms } = this.#time;
    if (monotonic_ms - this.#since_ms >= WINDOW.ms) {
      this.#since_ms = monotonic_ms;
      this.#left = WINDOW.requests;
    }
    if (this.#left > 0) {
      this.#left--;
      this.taken++;
      return undefined;
    }
    this.refusals++;
    const reset_ms = now_ms + this.#since_ms + WINDOW.ms - monotonic_ms;
    return refusedFor(this.#isTelling ? isoTime(reset_ms) : undefined);
  }
}

Deno.test("a night of 200 tasks, four agents with limits and two crashes: all is done, and little is paid twice", async () => {
  const random = new Random(15);
  const time = new SimTime(random);
  const disk = new SimDisk(time, random);
  const machine = new SimMachine(time, random, { ...FAULTS });
  machine.stepsLeft = new Map();
  const providers = new Map(AGENTS.map((agent, i) => [agent, new Provider(time, i < 2)]));
  machine.provider = (agent) => providers.get(agent)!.ask();
  await disk.memory.commit({ sets: [{ key: ["meta"], value: encode({ format: 1, id: "simulated" }) }] });
  const pass = async (ms: number) => {
    const until_ms = time.monotonic_ms + ms;
    do await quiet(); while (time.step(until_ms));
    await quiet();
  };
  const live = async (number: number) => {
    const life = new ServerLife(number, time, disk, machine);
    await Promise.all([life.start(PROMISED, {}, () => {}), pass(3_000)]);
    return life;
  };
  let life = await live(1);

  for (let i = 0; i < TASKS; i++) {
    const dependencies = i % 5 === 4 ? [`t${i - 4}`, `t${i - 1}`] : undefined;
    const execution = { agent: AGENTS[i % AGENTS.length] };
    const task = { id: `t${i}`, type: "testing", priority: "medium", description: `Part ${i}` };
    const sent = life.ask(`person${i % 50}`, {
      type: "start_task",
      task: { ...task, dependencies, execution },
    });
    const [reply] = await Promise.all([sent, pass(100)]);
    assert.equal(reply?.type, "task_started", JSON.stringify(reply));
  }
  const tasks = () => [...life.store!.tasks.values()];
  const unfinished = () => tasks().filter(({ state }) => state.completed_at === undefined);

  let lives = 1;
  const began_ms = time.monotonic_ms;
  for (const at_ms of [...CRASHES_MS, MORNING_MS]) {
    while (time.monotonic_ms - began_ms < at_ms && unfinished().length > 0) await pass(MINUTE_MS);
    if (at_ms === MORNING_MS) break;
    assert.ok(unfinished().length > 0, "the night was over before the server crashed");
    await life.crash();
    disk.crash();
    life = await live(++lives);
  }

  const states = tasks().map(({ id, state }) => `${id} ${state.status} ${state.error ?? ""}`);
  assert.deepEqual(states.filter((state) => !/ completed /.test(state)), []);
  assert.equal(states.length, TASKS);
  for (const { id, state } of tasks()) {
    // A crash costs an attempt, a provider none.
    const counted = state.attempts.filter(({ failure }) => failure?.kind !== "provider_limit");
    assert.equal(state.automatic_attempts, counted.length, `${id}: ${JSON.stringify(state.attempts)}`);
    assert.ok(counted.length <= 1 + CRASHES_MS.length, id);
    assert.equal(state.retry_count, 0, id);
  }

  const all = [...providers.values()];
  const paid = all.reduce((sum, { taken }) => sum + taken, 0);
  const refusals = all.map((provider) => provider.refusals);
  /** A task's steps, and the one with which it says that it is done. */
  const done = tasks().length + [...machine.work.values()].reduce((sum, steps) => sum + steps, 0);
  const hours = ((time.monotonic_ms - began_ms) / HOUR_MS).toFixed(1);
  console.log(
    `a night of ${hours} h: ${TASKS} tasks, ${refusals.join(" + ")} refusals, work done ÷ work paid = ${
      (done / paid).toFixed(3)
    }`,
  );
  assert.ok(paid > 2 * TASKS, "hardly anything was asked of the providers");
  assert.ok(done / paid > 0.95, `${done} of ${paid} requests were needed`);
  for (const [i, count] of refusals.entries()) {
    assert.ok(count > 0, "no provider has refused anything");
    // Each hold: those that run at its begin, then one at a time. Those that are told no reset ask 1, 2, 4 … minutes later.
    assert.ok(count <= (i < 2 ? 4 : 8) * SLOTS, `${AGENTS[i]} was refused ${count} times`);
  }
});
