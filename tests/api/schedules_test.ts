/** Schedules through the door: what is refused and how, what is listed, and a run that is really made. */
import assert from "node:assert/strict";
import { SERVER } from "../../src/domain/actor.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { EXCHANGES } from "../../src/protocol/messages.ts";
import type { Schedule } from "../../src/protocol/schedule_messages.ts";
import { openStore } from "../../src/store/open.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const config = {
  limits: { enabled: false },
  agents: { shell: { protocol: "command", command: ["sh", "-c", "echo run of {id}"] } },
  tasks: { default_agent: "shell" },
};

const ahead = (ms: number) => new Date(Date.now() + ms).toISOString();

function wanted(id: string, more: Fields = {}): Fields {
  const task = { id, type: "maintenance", priority: "low", description: id, scheduled_time: ahead(HOUR) };
  return { type: "schedule_task", task: { ...task, ...more } };
}

async function listed(server: TestServer, upcoming?: number): Promise<Schedule[]> {
  const { reply } = await server.post({
    type: "list_schedules",
    ...(upcoming === undefined ? {} : { upcoming }),
  });
  return (EXCHANGES.list_schedules.reply.parse(reply) as { schedules: Schedule[] }).schedules;
}

Deno.test("schedules: refusals have their code and field", async () => {
  await withServer({ config }, async (server) => {
    const recurring = (fields: Fields) => wanted("r", { recurring: { interval: "daily", ...fields } });
    for (
      const [message, code, field] of [
        [wanted("s", { scheduled_time: undefined }), "INVALID_TASK_DATA", undefined],
        [wanted("s", { priority: undefined, type: undefined }), "INVALID_TASK_DATA", undefined],
        [{ type: "schedule_task" }, "MISSING_REQUIRED_FIELD", "task"],
        [wanted("s", { scheduled_time: "tomorrow" }), "INVALID_FIELD_FORMAT", "task.scheduled_time"],
        [
          wanted("s", { scheduled_time: "2030-02-30T00:00:00Z" }),
          "INVALID_FIELD_FORMAT",
          "task.scheduled_time",
        ],
        [wanted("s", { scheduled_time: 12 }), "INVALID_FIELD_TYPE", "task.scheduled_time"],
        [wanted("s", { scheduled_time: ahead(-HOUR) }), "INVALID_SCHEDULE_TIME", "task.scheduled_time"],
        [wanted("s", { scheduled_time: ahead(30_000) }), "INVALID_SCHEDULE_TIME", "task.scheduled_time"],
        [wanted("s", { scheduled_time: ahead(57_900) }), "INVALID_SCHEDULE_TIME", "task.scheduled_time"],
        [wanted("s", { scheduled_time: ahead(368 * DAY) }), "INVALID_SCHEDULE_TIME", "task.scheduled_time"],
        [wanted("s", { recurring: "daily" }), "INVALID_RECURRING_CONFIG", "task.recurring"],
        [recurring({ interval: "yearly" }), "INVALID_RECURRING_CONFIG", "task.recurring.interval"],
        [recurring({ cron: "0 9 * * *" }), "INVALID_RECURRING_CONFIG", "task.recurring.cron"],
        [recurring({ interval: "cron" }), "INVALID_RECURRING_CONFIG", "task.recurring.cron"],
        ...[
          "@daily",
          "0 0 L * *",
          "0 0 15W * *",
          "0 0 * * 5#2",
          "0 0 * * 5L",
          "? * * * *",
          "0 0 +1 * *",
          "* * * *",
          "* * * * * *",
          "60 * * * *",
          "0 24 * * *",
          "0 0 * * 8",
          "0 0 0 * *",
          "0 0 30 2 *",
          "0 0 31 4,6,9,11 *",
          "MON * * * *",
          "0 0 * * Monday",
          "*/0 * * * *",
          "",
          7,
        ].map((
          cron,
        ) => [recurring({ interval: "cron", cron }), "INVALID_RECURRING_CONFIG", "task.recurring.cron"]),
        [
          recurring({ pause_after_failures: -1 }),
          "INVALID_RECURRING_CONFIG",
          "task.recurring.pause_after_failures",
        ],
        [
          { type: "update_schedule", task_id: "s", recurring: { interval: "cron", cron: "@daily" } },
          "INVALID_RECURRING_CONFIG",
          "recurring.cron",
        ],
        [
          { type: "update_schedule", task_id: "s", scheduled_time: ahead(-HOUR) },
          "INVALID_SCHEDULE_TIME",
          "scheduled_time",
        ],
        [
          { type: "update_schedule", task_id: "s", task: { colour: 1 } },
          "INVALID_FIELD_VALUE",
          "task.colour",
        ],
        [{ type: "update_schedule", task_id: "nobody" }, "TASK_NOT_FOUND", undefined],
        [{ type: "pause_schedule", task_id: "nobody" }, "TASK_NOT_FOUND", undefined],
        [{ type: "resume_schedule", task_id: "nobody" }, "TASK_NOT_FOUND", undefined],
        [{ type: "run_schedule", task_id: "nobody" }, "TASK_NOT_FOUND", undefined],
        [recurring({ interval: undefined }), "INVALID_RECURRING_CONFIG", "task.recurring.interval"],
        [recurring({ timezone: "Middle/Earth" }), "INVALID_RECURRING_CONFIG", "task.recurring.timezone"],
        [recurring({ timezone: "+01:00" }), "INVALID_RECURRING_CONFIG", "task.recurring.timezone"],
        [recurring({ max_runs: 0 }), "INVALID_RECURRING_CONFIG", "task.recurring.max_runs"],
        [recurring({ max_runs: 1001 }), "INVALID_RECURRING_CONFIG", "task.recurring.max_runs"],
        [recurring({ end_time: "never" }), "INVALID_RECURRING_CONFIG", "task.recurring.end_time"],
        [recurring({ end_time: ahead(HOUR / 2) }), "INVALID_RECURRING_CONFIG", "task.recurring.end_time"],
        [recurring({ allow_overlap: "yes" }), "INVALID_RECURRING_CONFIG", "task.recurring.allow_overlap"],
        [recurring({ colour: "red" }), "INVALID_RECURRING_CONFIG", undefined],
        [wanted("s", { dependencies: ["nobody"] }), "TASK_DEPENDENCY_ERROR", undefined],
        [wanted("s", { execution: { agent: "nobody" } }), "INVALID_FIELD_VALUE", "task.execution.agent"],
        [{ type: "list_schedules", upcoming: 21 }, "INVALID_FIELD_VALUE", "upcoming"],
        [{ type: "unschedule_task", task_id: "nobody" }, "TASK_NOT_FOUND", undefined],
      ] as [Fields, string, string | undefined][]
    ) {
      const { reply } = await server.post(message);
      assert.equal(reply.code, code, JSON.stringify([message, reply]));
      if (field !== undefined) assert.equal((reply.details as Fields).field, field, JSON.stringify(reply));
    }
    const near = (await server.post(wanted("s", { scheduled_time: ahead(30_000) }))).reply.details as Fields;
    assert.ok(Math.abs(Date.parse(near.current_time as string) - Date.now()) < 10_000);
    assert.deepEqual(await listed(server), []);
    const { reply } = await server.post({
      type: "start_task",
      task: { id: "x", type: "testing", priority: "low", description: "x", recurring: { interval: "daily" } },
    });
    assert.equal(reply.code, "INVALID_RECURRING_CONFIG");
  });
});

Deno.test("schedules: listed with their next runs, durable, and ended by unschedule_task", async () => {
  await withServer({ config }, async (server) => {
    const first = ahead(2 * DAY);
    const recurring = { interval: "weekly", timezone: "Europe/Vienna", max_runs: 3 };
    const { reply } = await server.post(
      wanted("weekly", { scheduled_time: first, recurring, timeout: 60_000 }),
    );
    assert.deepEqual({ ...EXCHANGES.schedule_task.reply.parse(reply), timestamp: "" }, {
      type: "task_scheduled",
      task_id: "weekly",
      scheduled_time: first,
      next_run: first,
      recurring,
      timestamp: "",
    });
    // Any offset is understood, and answered in UTC.
    const local = `${ahead(DAY + 2 * HOUR).slice(0, 19)}+02:00`;
    const once = (await server.post(wanted("once", { scheduled_time: local }))).reply;
    assert.equal(once.next_run, new Date(local).toISOString());
    assert.equal((await server.post(wanted("weekly"))).reply.code, "TASK_ALREADY_EXISTS");
    const taken = { id: "weekly", type: "testing", priority: "low", description: "x" };
    assert.equal((await server.post({ type: "start_task", task: taken })).reply.code, "TASK_ALREADY_EXISTS");

    await server.restart("SIGKILL");
    const schedules = await listed(server);
    assert.deepEqual(schedules.map(({ id, runs }) => [id, runs]), [["once", 0], ["weekly", 0]]);
    const weekly = schedules[1]!;
    assert.deepEqual([weekly.recurring, weekly.next_run, weekly.scheduled_time], [recurring, first, first]);
    assert.deepEqual([weekly.task.id, weekly.task.timeout], ["weekly", 60_000]);
    assert.deepEqual([weekly.upcoming.length, weekly.upcoming[0]], [3, first]);
    assert.deepEqual((await listed(server, 0))[1]!.upcoming, []);
    assert.deepEqual((await listed(server, 20))[0]!.upcoming, [schedules[0]!.next_run]);

    const ended = await server.post({ type: "unschedule_task", task_id: "weekly" });
    assert.equal(ended.reply.type, "task_unscheduled");
    assert.deepEqual((await listed(server)).map(({ id }) => id), ["once"]);
    await server.restart("SIGKILL");
    assert.deepEqual((await listed(server)).map(({ id }) => id), ["once"]);
  });
});

Deno.test("schedules: runs missed while the server was down run once, as a task that names its schedule", async () => {
  await withServer({ config }, async (server) => {
    await server.post(wanted("daily", { recurring: { interval: "daily" } }));
    await server.post(wanted("once"));
    await server.stop("SIGTERM");
    const store = await openStore({ folder: server.data, clock: systemClock });
    const missed_ms = Date.now() - 3 * DAY - HOUR;
    await store.schedules.update((view) => ({
      updates: [...view.values()].map(({ id, state }) => ({ id, state: { ...state, next_ms: missed_ms } })),
    }), SERVER);
    const scheduled_time = new Date(missed_ms).toISOString();
    await store.tasks.update((view) => ({
      updates: [...view.values()].map(({ id, spec, state }) => ({
        id,
        state,
        spec: { ...spec, scheduled_time },
      })),
    }), SERVER);
    await store.close();

    await server.start();
    const runs = async () => {
      const { reply } = await server.post({ type: "list_tasks", sort: { field: "id", order: "asc" } });
      return reply.tasks as Fields[];
    };
    await until(async () => (await runs()).filter(({ status }) => status === "completed").length === 2);
    assert.deepEqual((await runs()).map(({ id, schedule_id }) => [id, schedule_id]), [
      ["daily_run_1", "daily"],
      ["once", undefined],
    ]);
    const { reply } = await server.post({ type: "get_task_result", task_id: "daily_run_1" });
    assert.match(JSON.stringify(reply.result), /run of daily_run_1/);
    const [daily, ...others] = await listed(server);
    assert.deepEqual([daily!.id, daily!.runs, others.length], ["daily", 1, 0]);
    assert.ok(Date.parse(daily!.next_run!) > Date.now(), "the timetable goes on");
    const filter = { agent: ["daily"] };
    const logged = (await server.post({ type: "request_log_entries", filter })).reply.data as {
      entries: Fields[];
    };
    assert.deepEqual(logged.entries.map(({ source, message }) => [source, message]), [
      ["scheduler", logged.entries[0]!.message],
      ["scheduler", "Run 'daily_run_1' was started"],
      ["scheduler", "Schedule was made by anonymous"],
    ]);
    await server.restart("SIGKILL");
    assert.equal((await runs()).length, 2);
  });
});

Deno.test("schedules: read-only fields that a client sends are neither stored nor shown", async () => {
  await withServer({ config }, async (server) => {
    const message = wanted("copied", {
      metadata: { tags: ["nightly"] },
      status: "completed",
      started_at: ["yesterday"],
      created_by: -1,
      waiting_for: true,
    });
    assert.equal((await server.post(message)).reply.type, "task_scheduled");
    const [schedule] = await listed(server);
    assert.deepEqual(schedule!.task, {
      id: "copied",
      type: "maintenance",
      priority: "low",
      description: "copied",
      metadata: { tags: ["nightly"] },
    });
    assert.equal(schedule!.created_by?.kind, "anonymous");
  });
});
