/** What the simulation has found, each as the shortest story that shows it. */
import assert from "node:assert/strict";
import { encode } from "../../src/store/json.ts";
import type { Commit } from "../../src/store/kv/kv.ts";
import type { TaskState } from "../../src/domain/task_record.ts";
import { storedValue } from "./stored_value.ts";
import { Random } from "./random.ts";
import { ServerLife } from "./server_life.ts";
import { type CheckFaults, SIMULATED_CHECKS } from "./sim_checks.ts";
import { SimMachine } from "./sim_agents.ts";
import { type Fate, SimDisk } from "./sim_disk.ts";
import { quiet, SimTime } from "./sim_time.ts";

const PROMISED = {
  max_concurrent: 1,
  max_starting: 1,
  exclusive_folders: false,
  timeout_ms: 60_000,
  tasks_per_minute: 1000,
  messages_per_minute: 1000,
  retention_ms: 30 * 86_400_000,
};
const WELL = {
  not_started: 0,
  hangs: 0,
  fails: 0,
  dies: 0,
  speaks_after_end: 0,
  stutters: 0,
  asks: 0,
  limits: 0,
  overloads: 0,
  step_ms: 500,
};

/** A server whose disk and agents do nothing by chance. */
async function world(promised: Partial<typeof PROMISED> = {}, checks?: CheckFaults) {
  const random = new Random(1);
  const time = new SimTime(random);
  const disk = new SimDisk(time, random);
  const machine = new SimMachine(time, random, { ...WELL, checks });
  await disk.memory.commit({ sets: [{ key: ["meta"], value: encode({ format: 1, id: "simulated" }) }] });
  const pass = async (ms: number) => {
    const until_ms = time.monotonic_ms + ms;
    do await quiet(); while (time.step(until_ms));
    await quiet();
  };
  const live = async () => {
    const life = new ServerLife(1, time, disk, machine);
    await Promise.all([life.start({ ...PROMISED, ...promised }, {}, () => {}), pass(3_000)]);
    return life;
  };
  let life = await live();
  const ask = async (type: string, fields: object) => {
    const [reply] = await Promise.all([life.ask("ann", { type, ...fields })!, pass(100)]);
    return reply;
  };
  const again = async () => {
    await life.crash();
    disk.crash();
    life = await live();
  };
  const start = (id: string, more: object = {}) =>
    ask("start_task", { task: { id, type: "testing", priority: "low", description: id, ...more } });
  const status = (id: string) => life.store!.tasks.get(id)?.state.status;
  return { time, disk, machine, pass, ask, start, status, again, life: () => life };
}

/** The fate of the first commit that makes a task be `status`; all others are well. */
function once(status: TaskState["status"], fate: Partial<Fate>): (commit: Commit) => Partial<Fate> {
  let isOver = false;
  return ({ sets = [] }) => {
    const isIt = sets.some(({ key, value }) =>
      key[0] === "task" && key[1] === "state" && (storedValue(value) as TaskState).status === status
    );
    if (!isIt || isOver) return {};
    isOver = true;
    return fate;
  };
}

Deno.test("a task whose creation succeeded but was answered with an error runs without a restart", async () => {
  const { disk, start, status, pass } = await world();
  disk.decide = once("queued", { isLost: true });
  assert.equal((await start("ghost")).code, "DATABASE_ERROR");
  await pass(20_000);
  assert.equal(status("ghost"), "completed");
});

Deno.test("a start that succeeded but was answered with an error does not leave the task running forever", async () => {
  for (const fate of [{ isLost: true }, { isRefused: true }, { takes_ms: 15_000 }]) {
    const { disk, start, status, pass } = await world();
    disk.decide = once("running", fate);
    await start("a");
    await pass(60_000);
    assert.equal(status("a"), "completed");
  }
});

Deno.test("of several tasks released by one commit, the one with the highest priority starts first", async () => {
  const { start, machine, pass } = await world();
  const order: string[] = [];
  machine.onStart = ({ task_id }) => void order.push(task_id);
  await start("first");
  await start("minor", { dependencies: ["first"] });
  await start("urgent", { dependencies: ["first"], priority: "critical" });
  await pass(60_000);
  assert.deepEqual(order, ["first", "urgent", "minor"]);
});

Deno.test("a task that was due, and then lies in the future again, is not forgotten", async () => {
  const { start, ask, status, pass, time } = await world();
  await start("other");
  await ask("pause_task", { task_id: "other" });
  const scheduled_time = new Date(time.now_ms + 61_000).toISOString();
  await start("timed", { dependencies: ["other"], scheduled_time });
  await pass(70_000);
  time.setWallClock(-600_000);
  await ask("resume_task", { task_id: "other" });
  await pass(60_000);
  assert.deepEqual([status("other"), status("timed")], ["completed", "pending"]);
  await pass(600_000);
  assert.equal(status("timed"), "completed");
});

Deno.test("a resume that succeeded but was answered with an error resumes the agent", async () => {
  const { disk, start, ask, status, pass } = await world();
  await start("a");
  await ask("pause_task", { task_id: "a" });
  await pass(5_000);
  assert.equal(status("a"), "paused");
  disk.decide = once("running", { isLost: true });
  assert.equal((await ask("resume_task", { task_id: "a" })).code, "DATABASE_ERROR");
  await pass(30_000);
  assert.equal(status("a"), "completed");
});

Deno.test("a cancel that succeeded but was answered with an error ends the agent, running or paused", async () => {
  for (const isPaused of [false, true]) {
    const { disk, machine, start, ask, status, pass } = await world();
    machine.faults.hangs = 1;
    await start("a");
    await pass(5_000);
    if (isPaused) await ask("pause_task", { task_id: "a" });
    disk.decide = once("cancelled", { isLost: true });
    assert.equal((await ask("cancel_task", { task_id: "a" })).code, "DATABASE_ERROR");
    await pass(10_000);
    assert.deepEqual([status("a"), machine.processes.size], ["cancelled", 0]);
  }
});

Deno.test("a disk that stalls longer than a start may take does not let too many agents start at once", async () => {
  const { disk, life, pass, machine } = await world({ max_concurrent: 3 });
  let most = 0;
  machine.onStart = () => {
    const starting = [...machine.processes].filter(({ hasSession }) => !hasSession).length + 1;
    most = Math.max(most, starting);
  };
  disk.decide = once("running", { takes_ms: 40_000 });
  const sent = ["a", "b", "c"].map((id) =>
    life().ask("ann", { type: "start_task", task: { id, type: "testing", priority: "low", description: id } })
  );
  await pass(120_000);
  await Promise.all(sent);
  assert.equal(most, 1);
});

Deno.test("a server can stop while its store refuses everything, and fails no task", async () => {
  const { disk, start, life, again, status, pass, machine } = await world();
  machine.faults.hangs = 1;
  await start("working");
  await pass(5_000);
  assert.equal(status("working"), "running");
  disk.decide = () => ({ isRefused: true });
  await Promise.all([life().stop(), pass(20_000)]);
  assert.equal(machine.processes.size, 0);
  disk.decide = () => ({});
  machine.faults.hangs = 0;
  await again();
  await pass(30_000);
  assert.equal(status("working"), "completed");
});

Deno.test("pause and resume in quick succession reach the agent in order, and paused time does not count", async () => {
  for (let i = 0; i < 20; i++) {
    const { life, start, status, pass, machine } = await world();
    for (let n = 0; n < i; n++) machine.random.next();
    machine.faults.hangs = 1;
    await start("a");
    await pass(5_000);
    const [agent] = machine.processes;
    const send = (type: string) => life().ask("ann", { type, task_id: "a" })!;
    const sent = [send("pause_task"), pass(3), send("resume_task"), pass(3), send("pause_task")];
    await pass(1_000);
    await Promise.all(sent);
    assert.deepEqual([status("a"), agent!.isFrozen], ["paused", true]);
    await pass(300_000);
    assert.equal(status("a"), "paused");
  }
});

Deno.test("a schedule created again after the clock was set back has its own runs", async () => {
  const { ask, status, pass, time } = await world();
  const schedule = () => {
    const scheduled_time = new Date(time.now_ms + 61_000).toISOString();
    const recurring = { interval: "daily", max_runs: 1 };
    const task = { id: "s", type: "testing", priority: "low", description: "s", scheduled_time, recurring };
    return ask("schedule_task", { task });
  };
  await schedule();
  await pass(80_000);
  assert.equal(status("s_run_1"), "completed");
  time.setWallClock(-600_000);
  assert.equal((await schedule()).type, "task_scheduled");
  await pass(80_000);
  assert.equal(status("s_run_2"), "completed");
});

/** A schedule whose first run is made, and whose knowledge of that is refused; then a client asks for something. */
async function uncountedRun(type: string) {
  const { disk, ask, status, pass, time, life } = await world({ max_concurrent: 2 });
  const scheduled_time = new Date(time.now_ms + 61_000).toISOString();
  const task = { id: "s", type: "testing", priority: "low", description: "s", scheduled_time };
  await ask("schedule_task", { task: { ...task, recurring: { interval: "daily" } } });
  let isRefused = false;
  disk.decide = ({ sets = [] }) => {
    const isIt = !isRefused && time.monotonic_ms > 30_000 && sets.some(({ key }) => key[0] === "schedule");
    if (isIt) isRefused = true;
    return { isRefused: isIt };
  };
  while (!isRefused) await pass(50);
  assert.notEqual(status("s_run_1"), undefined);
  const { type: answer } = await ask(type, { task_id: "s" }) ?? {};
  await pass(60_000);
  return { answer, ask, pass, status, stored: () => life().store!.schedules.get("s")!.state };
}

Deno.test("a run that was made counts although its schedule was paused before that was stored", async () => {
  const { answer, ask, pass, status, stored } = await uncountedRun("pause_schedule");
  assert.equal(answer, "schedule_paused");
  const { runs, last_run, skipped = [] } = stored();
  assert.deepEqual([runs, last_run, skipped], [1, "s_run_1", []]);
  await ask("resume_schedule", { task_id: "s" });
  await pass(86_400_000);
  assert.equal(status("s_run_2"), "completed");
});

Deno.test("a run by hand does not hide one that the schedule has made and does not know of yet", async () => {
  const { pass, status, stored } = await uncountedRun("run_schedule");
  assert.equal(status("s_run_2"), "completed");
  assert.equal(status("s_run_3"), undefined, "nothing runs twice at one time");
  const { runs, by_hand } = stored();
  assert.deepEqual([runs, by_hand], [2, 1]);
  await pass(86_400_000);
  assert.deepEqual([status("s_run_3"), status("s_run_4")], ["completed", undefined]);
});

Deno.test("an accept whose end was stored, but answered with an error, is recorded once", async () => {
  for (const type of ["accept_changes", "discard_changes"]) {
    const { disk, start, status, pass, life } = await world();
    await start("a", { execution: { isolation: "worktree" } });
    await pass(60_000);
    assert.equal(status("a"), "completed");
    let isLost = false;
    disk.decide = ({ sets = [] }) => {
      const isIt = !isLost && sets.some(({ key, value }) =>
        key[0] === "task" && key[1] === "state" &&
        ["accepted", "discarded"].includes((storedValue(value) as TaskState).review ?? "none")
      );
      if (isIt) isLost = true;
      return isIt ? { takes_ms: 15_000 } : {};
    };
    const [answer] = await Promise.all([life().ask("ann", { type, task_id: "a" })!, pass(120_000)]);
    assert.match(String(answer.code), /^DATABASE_/);
    const { refs = [], ending, review } = life().store!.tasks.get("a")!.state;
    assert.deepEqual([refs.length, ending, review === "to_review"], [1, undefined, false], type);
  }
});

Deno.test("a message that is withdrawn while the end waits for the store does not spare the task its checks", async () => {
  const { disk, machine, start, ask, status, pass } = await world({}, { fails: 0, hangs: 0 });
  let checks = 0;
  machine.checks.onStart = () => void checks++;
  let refused = 0;
  // Neither the message's turn nor the end of the attempt is stored.
  disk.decide = ({ sets = [] }) => {
    const states = sets.filter(({ key }) => key[0] === "task" && key[1] === "state");
    const isRefused = states.some(({ value }) => {
      const { attempt, turn = 1, lease } = storedValue(value) as TaskState;
      return attempt === 1 && (turn > 1 || lease === undefined);
    });
    if (isRefused) refused++;
    return { isRefused };
  };
  await start("a", { priority: "high" });
  const { message_id } = await ask("send_message", { task_id: "a", message: "more", mode: "next" });
  for (let i = 0; refused < 2 && i < 600; i++) await pass(50);
  assert.deepEqual([status("a"), checks], ["running", 0], "its end waits for the store");
  disk.decide = () => ({});
  const withdrawn = await ask("withdraw_message", { task_id: "a", message_id });
  assert.equal(withdrawn.type, "message_withdrawn", JSON.stringify(withdrawn));
  await pass(60_000);
  assert.deepEqual([status("a"), checks], ["completed", SIMULATED_CHECKS.length]);
});
