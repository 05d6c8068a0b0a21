/** Schedules through the door: their id as a task's, one-off tasks, changes and pauses, and the push that tells of them. */
import assert from "node:assert/strict";
import { EXCHANGES, type Reply, type RequestType } from "../../src/protocol/messages.ts";
import { withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

const config = {
  limits: { enabled: false },
  agents: { scripted: SCRIPTED },
  tasks: { default_agent: "scripted" },
};
const HOUR = 3_600_000;
const ahead = (ms: number) => new Date(Date.now() + ms).toISOString();

Deno.test("a schedule's id answers get_task_status and cancel_task; it is changed, paused, resumed and run by hand", async () => {
  await withApp({ config }, async (app) => {
    const ask = async <T extends RequestType>(message: { type: T; [field: string]: unknown }) => {
      const { reply } = await app.post(message);
      return EXCHANGES[message.type].reply.parse(reply) as Reply<T>;
    };
    const scheduled_time = ahead(HOUR);
    const task = {
      id: "s",
      type: "testing",
      priority: "low",
      description: "nightly",
      execution: { prompt: "print done" },
      scheduled_time,
    } as const;
    const recurring = { interval: "hourly" } as const;
    const watch = await app.connect();
    await watch.request({ type: "subscribe_to_updates", channels: ["task_manager"] });
    await ask({ type: "schedule_task", task: { ...task, recurring } });
    const shown = (await ask({ type: "get_task_status", task_id: "s" })).task;
    assert.deepEqual(
      [shown.status, shown.scheduled_time, shown.recurring, shown.next_run, shown.waiting_for?.kind],
      ["pending", scheduled_time, recurring, scheduled_time, "time"],
    );
    const push = await watch.next(({ type }) => type === "schedule_changed");
    assert.equal(push.task_id, "s");
    const { schedule } = await ask({
      type: "update_schedule",
      task_id: "s",
      task: { description: "daily" },
      recurring: { interval: "cron", cron: "0 9 * * MON-FRI", timezone: "Europe/Vienna" },
    });
    assert.deepEqual([schedule.task.description, schedule.task.priority], ["daily", "low"]);
    assert.ok((await ask({ type: "pause_schedule", task_id: "s" })).schedule.paused);
    assert.equal((await ask({ type: "get_task_status", task_id: "s" })).task.status, "paused");
    const run = await ask({ type: "run_schedule", task_id: "s" });
    assert.equal(run.run_id, "s_run_1");
    assert.equal((await ask({ type: "get_task_status", task_id: "s_run_1" })).task.schedule_id, "s");
    assert.equal((await ask({ type: "resume_schedule", task_id: "s" })).schedule.paused, undefined);
    const again = (await app.post({ type: "resume_schedule", task_id: "s" })).reply;
    assert.deepEqual([again.code, (again.details as Record<string, unknown>).current_status], [
      "INVALID_FIELD_VALUE",
      "pending",
    ]);
    assert.equal((await ask({ type: "cancel_task", task_id: "s" })).type, "task_cancelled");
    assert.deepEqual((await ask({ type: "list_schedules" })).schedules, []);
    assert.equal((await app.post({ type: "get_task_status", task_id: "s" })).reply.code, "TASK_NOT_FOUND");

    await ask({ type: "schedule_task", task: { ...task, id: "once" } });
    const once = (await ask({ type: "get_task_status", task_id: "once" })).task;
    assert.deepEqual([once.status, once.scheduled_time, once.recurring], [
      "pending",
      scheduled_time,
      undefined,
    ]);
    assert.deepEqual((await ask({ type: "list_schedules" })).schedules.map(({ id }) => id), ["once"]);
    assert.equal((await ask({ type: "run_schedule", task_id: "once" })).run_id, "once");
    await until(async () =>
      (await ask({ type: "get_task_status", task_id: "once" })).task.status === "completed"
    );
    assert.deepEqual((await ask({ type: "list_schedules" })).schedules, []);
    await ask({ type: "schedule_task", task: { ...task, id: "never" } });
    await ask({ type: "unschedule_task", task_id: "never" });
    assert.equal((await ask({ type: "get_task_status", task_id: "never" })).task.status, "cancelled");
    watch.close();
  });
});
