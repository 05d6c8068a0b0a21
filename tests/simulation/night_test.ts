/**
 * A night in simulated time: 200 tasks of four agents, whose providers refuse them for hours, a budget for each day, agents that
 * ask what nobody answers before the morning, and two crashes of the server. In the morning all is done, and hardly any
 * request to a model was made twice.
 */
import assert from "node:assert/strict";
import { isoTime } from "../../src/clock/clock.ts";
import { encode } from "../../src/store/json.ts";
import { Random } from "./random.ts";
import { ServerLife } from "./server_life.ts";
import { totalOf } from "../../src/domain/usage_sums.ts";
import { entriesOf } from "../../src/domain/task_usage.ts";
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
/** Somebody comes, and answers what was asked in the night. */
const MORNING_MS = 11 * HOUR_MS;
const NOON_MS = 16 * HOUR_MS;
const EVENING = "T20:00:00.000Z";
const STEP_USD = 0.01;
/** Less than what is done before midnight would cost. */
const BUDGET_USD = 3;
/** What those that run use before they are ended: each tells what it has used with every second step. */
const OVERRUN_USD = 2 * STEP_USD * SLOTS;

const PROMISED = {
  max_concurrent: SLOTS,
  max_starting: 4,
  exclusive_folders: false,
  timeout_ms: HOUR_MS,
  tasks_per_minute: 10_000,
  messages_per_minute: 10_000,
  retention_ms: 30 * 24 * HOUR_MS,
  permission_park_ms: 10 * MINUTE_MS,
  permission_timeout_ms: 24 * HOUR_MS,
  budget_usd_per_day: BUDGET_USD,
};
const FAULTS = {
  not_started: 0,
  hangs: 0,
  fails: 0,
  dies: 0,
  speaks_after_end: 0.1,
  stutters: 0.1,
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

Deno.test("a night of 200 tasks, four agents with limits, a budget, questions and two crashes: all is done, and little is paid twice", async () => {
  const random = new Random(15);
  const time = new SimTime(random);
  const disk = new SimDisk(time, random);
  const machine = new SimMachine(time, random, { ...FAULTS });
  machine.stepsLeft = new Map();
  machine.step_usd = STEP_USD;
  time.setWallClock(Date.parse(isoTime(time.now_ms).slice(0, 10) + EVENING) - time.now_ms);
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

  const evening = isoTime(time.now_ms).slice(0, 10);
  const waiting = (kind: string) =>
    tasks().filter(({ id }) =>
      life.engine!.queries.view(life.store!.tasks.get(id)!).waiting_for?.kind === kind
    );
  const spentOn = (isWanted: (day: string) => boolean) =>
    totalOf(tasks().flatMap(({ state }) => entriesOf(state)).filter(({ day }) => isWanted(day))).cost_usd;

  let lives = 1;
  const began_ms = time.monotonic_ms;
  const passed_ms = () => time.monotonic_ms - began_ms;
  for (const at_ms of CRASHES_MS) {
    while (passed_ms() < at_ms && unfinished().length > 0) await pass(MINUTE_MS);
    assert.ok(unfinished().length > 0, "the night was over before the server crashed");
    await life.crash();
    disk.crash();
    life = await live(++lives);
  }
  let held = 0;
  while (passed_ms() < MORNING_MS) {
    await pass(MINUTE_MS);
    if (isoTime(time.now_ms).startsWith(evening)) held = Math.max(held, waiting("budget").length);
  }
  assert.ok(held > 0, "no task has waited for the budget of the day");
  const before_midnight = spentOn((day) => day === evening);
  assert.ok(
    before_midnight >= BUDGET_USD && before_midnight <= BUDGET_USD + OVERRUN_USD,
    `${before_midnight}`,
  );
  const asked = waiting("permission");
  assert.ok(
    asked.length > SLOTS,
    "what waits for a person gives its slot back, so more than the slots may wait",
  );
  assert.deepEqual(
    unfinished().filter((task) => !asked.includes(task)).flatMap(({ spec }) =>
      spec.dependencies ? [] : spec.description
    ),
    [],
    "all that does not wait for a person is done",
  );

  // Somebody answers what has been asked in the night, and what is asked from now on.
  while (passed_ms() < NOON_MS && unfinished().length > 0) {
    for (const { id: task_id, state } of waiting("permission")) {
      for (const { permission_id } of state.parked?.permissions ?? []) {
        const answer = { type: "respond_to_permission", task_id, permission_id, decision: "allow" };
        const [reply] = await Promise.all([life.ask("person1", answer), pass(100)]);
        assert.equal(reply?.type, "permission_answered", JSON.stringify(reply));
      }
    }
    await pass(MINUTE_MS);
  }

  const states = tasks().map(({ id, state }) => `${id} ${state.status} ${state.error ?? ""}`);
  assert.deepEqual(states.filter((state) => !/ completed /.test(state)), []);
  assert.equal(states.length, TASKS);
  for (const { id, state } of tasks()) {
    // A crash costs an attempt. A provider, a budget and a person cost none.
    const counted = state.attempts.filter(({ failure, outcome }) =>
      failure ? failure.kind !== "provider_limit" : outcome !== "interrupted"
    );
    assert.equal(state.automatic_attempts, counted.length, `${id}: ${JSON.stringify(state.attempts)}`);
    assert.ok(counted.length <= 1 + CRASHES_MS.length, id);
    assert.equal(state.retry_count, 0, id);
  }

  const all = [...providers.values()];
  const paid = all.reduce((sum, { taken }) => sum + taken, 0) + machine.cutOff;
  const refusals = all.map((provider) => provider.refusals);
  /** A task's steps, and the one with which it says that it is done. */
  const done = tasks().length + [...machine.work.values()].reduce((sum, steps) => sum + steps, 0);
  const hours = ((time.monotonic_ms - began_ms) / HOUR_MS).toFixed(1);
  console.log(
    `a night of ${hours} h: ${TASKS} tasks, ${
      refusals.join(" + ")
    } refusals, ${asked.length} waited for a person, ` +
      `${held} for the budget, ${machine.cutOff} requests cut off, work done ÷ work paid = ${
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
