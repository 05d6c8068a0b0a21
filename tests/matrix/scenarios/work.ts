/** What an agent does when nothing goes wrong. */
import assert from "node:assert/strict";
import { until } from "../../fixtures/until.ts";
import { goesOn, inTheMiddle } from "../interrupted.ts";
import type { Scenario } from "../scenario.ts";
import { PATIENCE_MS } from "../world.ts";

export const edit: Scenario = {
  name: "edit",
  title: "writes a file, and the task shows the change",
  async play(world, id) {
    const task = await world.ran(id, "mock:write path=edit.txt text=hello");
    assert.equal(task.status, "completed", String(task.error));
    assert.equal(await world.file("edit.txt"), "hello");
    assert.equal((await world.result(id)).output, "File written.");
    const diffs = (await world.log(id)).flatMap(({ details }) =>
      (details as { diffs?: unknown[] }).diffs ?? []
    );
    return diffs.length > 0 ? "yes" : "written, not shown";
  },
};

export const plan: Scenario = {
  name: "plan",
  title: "its plan is the progress",
  async play(world, id) {
    const task = await world.ran(id, "mock:plan n=3 delay=50");
    assert.equal(task.status, "completed", String(task.error));
    const { steps } = task.progress_details as { steps?: { status: string }[] };
    if (steps === undefined) return "no plan";
    assert.deepEqual(steps.map(({ status }) => status), Array(3).fill("completed"));
    return "yes";
  },
};

export const pause: Scenario = {
  name: "pause",
  title: "is paused, and goes on where it was",
  async play(world, id) {
    const prompt = `mock:slow n=60 delay=300 id=${id}`;
    await world.start(id, prompt);
    await world.model.seen(({ text, side }) => text.includes(prompt) && !side);
    assert.equal((await world.request({ type: "pause_task", task_id: id })).type, "task_paused");
    await world.becomes(id, ({ runtime_status }) => runtime_status === "paused");
    assert.equal((await world.request({ type: "resume_task", task_id: id })).type, "task_resumed");
    const task = await world.ended(id);
    assert.deepEqual([task.status, task.attempt], ["completed", 1], String(task.error));
    assert.match(String((await world.result(id)).output), /piece 60/);
    return "yes";
  },
};

export const cancel: Scenario = {
  name: "cancel",
  title: "is cancelled in the middle of a command, with all that it started",
  async play(world, id) {
    await world.start(id, `mock:bash escalate=1 cmd="echo begun > ${id}.txt; sleep 3001 & sleep 3002"`);
    await until(async () => await world.file(`${id}.txt`) === "begun", PATIENCE_MS);
    assert.equal((await world.request({ type: "cancel_task", task_id: id })).type, "task_cancelled");
    await world.nothingRuns();
    assert.equal((await world.task(id)).status, "cancelled");
    return "yes";
  },
};

export const timeout: Scenario = {
  name: "timeout",
  title: "is ended when its time is over",
  async play(world, id) {
    const task = await world.ran(id, "mock:hang", {}, { timeout: 15_000 });
    assert.equal(task.status, "failed");
    assert.match(String(task.error), /TASK_TIMEOUT_EXCEEDED/);
    assert.equal((task.failure as { kind: string }).kind, "timeout");
    return "yes";
  },
};

export const retry: Scenario = {
  name: "retry",
  title: "goes on when its cancelled task is retried",
  async play(world, id) {
    await inTheMiddle(world, id);
    assert.equal((await world.request({ type: "cancel_task", task_id: id })).type, "task_cancelled");
    assert.equal((await world.request({ type: "retry_task", task_id: id })).type, "task_retried");
    return await goesOn(world, id);
  },
};
