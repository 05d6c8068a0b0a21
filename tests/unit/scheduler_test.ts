/** Scheduled runs on a clock moved by hand, with the real engine and store: each is made once, whatever happens. */
import assert from "node:assert/strict";
import { OWNER, SERVER } from "../../src/domain/actor.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { DAY, HOUR, MINUTE, ScheduleWorld, withSchedules } from "../fixtures/schedule_world.ts";

const START = "2030-01-01T00:00:00.000Z";
/** A schedule of one run. Without `recurring` it would be a task. */
const SINGLE = { interval: "daily", max_runs: 1 } as const;
const SOON = "2030-01-01T00:10:00.000Z";

Deno.test("schedule: runs once, at its time and not before, as a separate task; then it is over", () =>
  withSchedules(START, async (world) => {
    await world.schedule("once", SOON, SINGLE, { metadata: { owner: "me" }, dependencies: [] });
    assert.deepEqual(
      world.scheduler.queries.list(5).map((
        { id, next_run, runs, upcoming },
      ) => [id, next_run, runs, upcoming]),
      [
        ["once", SOON, 0, [SOON]],
      ],
    );
    await world.pass(10 * MINUTE - 1);
    assert.deepEqual(world.runs("once"), []);
    await world.pass(1);
    assert.deepEqual(world.runs("once"), [{ id: "once_run_1", at: SOON, status: "queued" }]);
    assert.deepEqual(world.store.tasks.get("once_run_1")!.spec.metadata, { owner: "me" });
    assert.deepEqual(world.scheduler.queries.list(5), []);
    await world.pass(3 * DAY);
    assert.equal(world.runs("once").length, 1);
    assert.equal(world.timers.size, 0);
  }));

const TIMETABLES: [
  what: string,
  start: string,
  first: string,
  recurring: object,
  until: string,
  runs: string[],
][] = [
  [
    "daily, over a lost hour in Vienna: skipped times run when the clock has jumped",
    "2030-03-29T00:00:00Z",
    "2030-03-30T01:30:00.000Z",
    { interval: "daily", timezone: "Europe/Vienna" },
    "2030-04-02T00:00:00Z",
    ["2030-03-30T01:30:00.000Z", "2030-03-31T01:00:00.000Z", "2030-04-01T00:30:00.000Z"],
  ],
  [
    "daily, over a repeated hour in Vienna: the first time only",
    "2030-10-25T00:00:00Z",
    "2030-10-26T00:30:00.000Z",
    { interval: "daily", timezone: "Europe/Vienna" },
    "2030-10-29T00:00:00Z",
    ["2030-10-26T00:30:00.000Z", "2030-10-27T00:30:00.000Z", "2030-10-28T01:30:00.000Z"],
  ],
  [
    "daily, over a lost hour in New York",
    "2030-03-08T00:00:00Z",
    "2030-03-09T07:15:00.000Z",
    { interval: "daily", timezone: "America/New_York" },
    "2030-03-12T00:00:00Z",
    ["2030-03-09T07:15:00.000Z", "2030-03-10T07:00:00.000Z", "2030-03-11T06:15:00.000Z"],
  ],
  [
    "daily, over a repeated hour in New York",
    "2030-11-01T00:00:00Z",
    "2030-11-02T05:15:00.000Z",
    { interval: "daily", timezone: "America/New_York" },
    "2030-11-05T00:00:00Z",
    ["2030-11-02T05:15:00.000Z", "2030-11-03T05:15:00.000Z", "2030-11-04T06:15:00.000Z"],
  ],
  [
    "weekly: the local hour stays",
    "2030-03-23T00:00:00Z",
    "2030-03-24T08:00:00.000Z",
    { interval: "weekly", timezone: "Europe/Vienna" },
    "2030-04-08T00:00:00Z",
    ["2030-03-24T08:00:00.000Z", "2030-03-31T07:00:00.000Z", "2030-04-07T07:00:00.000Z"],
  ],
  [
    "monthly on the 31st: the last day of shorter months",
    "2031-01-30T00:00:00Z",
    "2031-01-31T12:00:00.000Z",
    { interval: "monthly" },
    "2031-06-01T00:00:00Z",
    [
      "2031-01-31T12:00:00.000Z",
      "2031-02-28T12:00:00.000Z",
      "2031-03-31T12:00:00.000Z",
      "2031-04-30T12:00:00.000Z",
      "2031-05-31T12:00:00.000Z",
    ],
  ],
  [
    "end_time: a run at that moment is the last",
    "2030-01-01T00:00:00Z",
    "2030-01-01T12:00:00.000Z",
    { interval: "daily", end_time: "2030-01-03T12:00:00Z" },
    "2030-01-09T00:00:00Z",
    ["2030-01-01T12:00:00.000Z", "2030-01-02T12:00:00.000Z", "2030-01-03T12:00:00.000Z"],
  ],
  [
    "max_runs",
    "2030-01-01T00:00:00Z",
    "2030-01-01T12:00:00.000Z",
    { interval: "daily", max_runs: 2 },
    "2030-01-09T00:00:00Z",
    ["2030-01-01T12:00:00.000Z", "2030-01-02T12:00:00.000Z"],
  ],
];

for (const [what, start, first, recurring, until, runs] of TIMETABLES) {
  Deno.test(`schedule: ${what}`, () =>
    withSchedules(start, async (world) => {
      await world.schedule("s", first, recurring as never);
      assert.deepEqual(world.scheduler.queries.list(runs.length)[0]!.upcoming, runs, "as it is announced");
      assert.deepEqual(await world.timesUntil("s", until), runs);
      assert.deepEqual(world.runs("s").map(({ id }) => id), runs.map((_, i) => `s_run_${i + 1}`));
      if (/end_time|max_runs/.test(what)) assert.deepEqual(world.scheduler.queries.list(5), []);
    }));
}

Deno.test("schedule: three runs missed while the server was down become one run; then the schedule continues", () =>
  withSchedules(START, async (world) => {
    await world.schedule("daily", SOON, { interval: "daily", max_runs: 4 });
    await world.schedule("once", "2030-01-03T00:00:00.000Z", SINGLE);
    await world.schedule("free", SOON, { interval: "daily", allow_overlap: true });
    await world.pass(HOUR);
    await world.finish("daily");
    await world.stop();
    world.down(3 * DAY);
    await world.start();
    assert.deepEqual(world.runs("daily").map(({ at }) => at), [SOON, "2030-01-04T01:00:00.000Z"]);
    assert.deepEqual(world.runs("once").map(({ at }) => at), ["2030-01-04T01:00:00.000Z"]);
    assert.equal(world.runs("free").length, 2);
    assert.deepEqual(world.scheduler.queries.list(0).map(({ next_run }) => next_run), [
      "2030-01-05T00:10:00.000Z",
      "2030-01-05T00:10:00.000Z",
    ]);
    // What was missed was no run, so that two more are left.
    const times = await world.timesUntil("daily", "2030-01-20T00:00:00Z");
    assert.deepEqual(times.slice(1), [
      "2030-01-04T01:00:00.000Z",
      "2030-01-05T00:10:00.000Z",
      "2030-01-06T00:10:00.000Z",
    ]);
  }));

Deno.test("schedule: a run is skipped while the previous one is going on, and the log says so; allow_overlap permits it", () =>
  withSchedules(START, async (world) => {
    await world.schedule("slow", SOON, { interval: "daily", max_runs: 2 });
    await world.schedule("free", SOON, { interval: "daily", allow_overlap: true });
    await world.pass(2 * DAY);
    assert.deepEqual(world.runs("slow").map(({ id }) => id), ["slow_run_1"]);
    assert.deepEqual(world.runs("free").map(({ id }) => id), ["free_run_1", "free_run_2"]);
    const left_out = (await world.told("slow")).filter(({ level }) => level === "warn");
    assert.match(left_out[0]!.message, /'slow_run_1' is still queued/);
    assert.deepEqual([left_out.length, left_out[0]!.details, left_out[0]!.context], [
      1,
      { last_run: "slow_run_1" },
      { schedule_id: "slow" },
    ]);
    await world.finish("slow");
    await world.pass(DAY);
    assert.deepEqual(world.runs("slow").map(({ id }) => id), ["slow_run_1", "slow_run_2"]);
    assert.ok(
      !world.scheduler.queries.list(5).some(({ id }) => id === "slow"),
      "a run that was left out is none of max_runs",
    );
  }));

Deno.test("schedule: a clock set back repeats no run; a clock set forward is noticed within a minute", () =>
  withSchedules(START, async (world) => {
    await world.schedule("daily", SOON, { interval: "daily", allow_overlap: true });
    await world.pass(11 * MINUTE);
    world.now -= 30 * MINUTE;
    await world.pass(2 * HOUR);
    assert.equal(world.runs("daily").length, 1);
    world.now += 23 * HOUR;
    await world.pass(MINUTE);
    assert.equal(world.runs("daily").length, 2);
    assert.equal(world.scheduler.queries.list(1)[0]!.next_run, "2030-01-03T00:10:00.000Z");
  }));

Deno.test("schedule: unscheduling leaves a run under way; the id can be scheduled again with new runs", () =>
  withSchedules(START, async (world) => {
    await world.schedule("s", SOON, { interval: "daily" });
    await world.pass(HOUR);
    await world.scheduler.commands.unschedule("s", OWNER);
    assert.deepEqual(world.runs("s").map(({ id, status }) => [id, status]), [["s_run_1", "queued"]]);
    assert.deepEqual(world.scheduler.queries.list(5), []);
    await assert.rejects(
      world.scheduler.commands.unschedule("s", OWNER),
      (error: ApiError) => error.code === "TASK_NOT_FOUND",
    );
    await world.pass(2 * DAY);
    assert.equal(world.runs("s").length, 1);

    await world.schedule("s", "2030-01-04T00:00:00.000Z", {
      interval: "daily",
      max_runs: 2,
      allow_overlap: true,
    });
    await world.pass(4 * DAY);
    assert.deepEqual(world.runs("s").map(({ id, at }) => [id, at]), [
      ["s_run_1", SOON],
      ["s_run_2", "2030-01-04T00:00:00.000Z"],
      ["s_run_3", "2030-01-05T00:00:00.000Z"],
    ]);
  }));

Deno.test("schedule: another task with a run's id does not block the run", () =>
  withSchedules(START, async (world) => {
    await world.schedule("s", SOON, { interval: "daily", allow_overlap: true });
    for (const id of ["s_run_1", "s_run_3"]) {
      await world.engine.commands.create(
        { id, type: "testing", priority: "low", description: "mine" },
        OWNER,
      );
    }
    await world.pass(2 * DAY);
    assert.deepEqual(world.runs("s").map(({ id }) => id), ["s_run_2", "s_run_4"]);
    const long = "x".repeat(96);
    await world.schedule(`${long}1`, "2030-01-04T00:00:00.000Z", SINGLE);
    await world.schedule(`${long}2`, "2030-01-04T00:00:00.000Z", SINGLE);
    await world.pass(2 * DAY);
    const [one, two] = [world.runs(`${long}1`)[0]!.id, world.runs(`${long}2`)[0]!.id];
    assert.ok(one !== two && one.length === 100 && one.endsWith("_run_1"));
  }));

Deno.test("schedule: a crash at any commit around a run still creates the run once", async () => {
  for (let commits = 0;; commits++) {
    const world = new ScheduleWorld(START);
    await world.start();
    await world.schedule("daily", SOON, { interval: "daily" });
    await world.schedule("once", SOON, SINGLE);
    let left = commits;
    let is_hit = false;
    world.kv.before = () => {
      if (left-- > 0) return undefined;
      is_hit = true;
      return new Promise(() => {});
    };
    await world.pass(10 * MINUTE);
    world.crash();
    world.down(HOUR);
    await world.start();
    for (const id of ["daily", "once"]) {
      assert.deepEqual(world.runs(id).map(({ id }) => id), [`${id}_run_1`], `gone at commit ${commits}`);
    }
    await world.finish("daily");
    await world.pass(DAY);
    assert.equal(world.runs("daily").length, 2);
    assert.equal(world.runs("once").length, 1);
    await world.stop();
    if (!is_hit) return assert.ok(commits >= 2, "there were commits to be gone at");
  }
});

Deno.test("schedule: a server that stops when a run is due leaves it to the next start", async () => {
  for (const recurring of [SINGLE, { interval: "weekly" as const }]) {
    const world = new ScheduleWorld(START);
    await world.start();
    await world.schedule("due", SOON, recurring);
    world.engine.close();
    const ended = world.engine.leave();
    world.begun = () => world.scheduler.stop();
    await world.pass(10 * MINUTE);
    await ended;
    world.begun = () => {};
    assert.deepEqual(world.runs("due"), []);
    await world.stop();
    world.down(HOUR);
    await world.start();
    assert.deepEqual(world.runs("due").map(({ id }) => id), ["due_run_1"]);
    await world.stop();
  }
});

Deno.test("schedule: a failing store is tried again; an impossible run is logged and skipped", () =>
  withSchedules(START, async (world) => {
    await world.schedule("patient", SOON, SINGLE);
    let failures = 3;
    world.kv.before = () =>
      failures-- > 0 ? Promise.reject(new ApiError("DATABASE_ERROR", "database is locked")) : undefined;
    await world.pass(10 * MINUTE);
    assert.deepEqual(world.runs("patient"), []);
    await world.pass(MINUTE);
    assert.deepEqual(world.runs("patient").map(({ id }) => id), ["patient_run_1"]);

    await world.engine.commands.create(
      { id: "basis", type: "testing", priority: "low", description: "x" },
      OWNER,
    );
    const dependencies = ["basis"];
    await world.schedule("hopeless", "2030-01-01T01:00:00.000Z", SINGLE, { dependencies });
    await world.schedule("other", "2030-01-01T01:00:00.000Z", SINGLE);
    await world.store.tasks.update(() => ({ removes: ["basis"] }), SERVER);
    await world.pass(HOUR);
    const [entry] = (await world.told("hopeless")).filter(({ level }) => level === "error");
    assert.match(entry!.message, /'hopeless_run_1' could not be made/);
    assert.equal(entry!.details.code, "TASK_DEPENDENCY_ERROR");
    assert.deepEqual(
      world.scheduler.queries.list(5).map(({ skipped }) => skipped.map(({ reason }) => reason)),
      [
        ["failed"],
      ],
    );
    assert.equal(world.runs("other").length, 1, "the others are made");
  }));

Deno.test("schedule: a thousand runs due in the same second are created in a few commits", () =>
  withSchedules(START, async (world) => {
    const all = Array.from({ length: 1000 }, (_, i) => `s${i}`);
    await Promise.all(all.map((id) => world.schedule(id, SOON, { interval: "daily" })));
    const before = world.kv.sent.length;
    await world.pass(10 * MINUTE);
    for (const id of all) assert.deepEqual(world.runs(id).map(({ at }) => at), [SOON]);
    assert.deepEqual(
      new Set(world.scheduler.queries.list(0).map(({ next_run }) => next_run)),
      new Set(["2030-01-02T00:10:00.000Z"]),
    );
    const commits = world.kv.sent.length - before;
    assert.ok(commits < 200, `${commits} commits`);
  }));

Deno.test("schedule: a duplicate id, a task's id, and an end before the first run are refused", () =>
  withSchedules(START, async (world) => {
    await world.schedule("s", SOON, SINGLE);
    const refused = async (code: string, action: Promise<unknown>) =>
      await assert.rejects(action, (error: ApiError) => error.code === code);
    await refused("TASK_ALREADY_EXISTS", world.schedule("s", SOON, SINGLE));
    await refused("TASK_ALREADY_EXISTS", world.schedule("s", SOON));
    await world.engine.commands.create(
      { id: "t", type: "testing", priority: "low", description: "x" },
      OWNER,
    );
    await refused("TASK_ALREADY_EXISTS", world.schedule("t", SOON, SINGLE));
    assert.throws(
      () => world.scheduler.commands.refuseTaken("s"),
      (error: ApiError) => error.code === "TASK_ALREADY_EXISTS",
    );
    await refused(
      "INVALID_RECURRING_CONFIG",
      world.schedule("u", SOON, { interval: "daily", end_time: "2030-01-01T00:09:00Z" }),
    );
    await refused(
      "TASK_DEPENDENCY_ERROR",
      world.schedule("v", SOON, undefined, { dependencies: ["nobody"] }),
    );
  }));
