/** Every command against a real server: what it does, what people read, what programs read. */
import assert from "node:assert/strict";
import type { Schedule } from "../../src/protocol/schedule_messages.ts";
import { until } from "../fixtures/until.ts";
import { config, withCli } from "./fixtures/cli.ts";

const ASKING_AGENT = new URL("../agents/fixtures/asking_agent.ts", import.meta.url).pathname;

Deno.test("cli: run, task, result, tasks, status: the life of a task from the shell", () =>
  withCli(async ({ server, run, json, taskIs }) => {
    const started = await run(["run", "echo hello; echo there", "--id", "one", "--priority", "high"]);
    assert.equal(started.code, 0, started.stderr);
    assert.match(started.stdout, /^task one (queued|running)\n$/);
    assert.match(started.stderr, /opencode-agents follow one/);
    await taskIs("one", /completed/);

    const task = await run(["task", "one"]);
    assert.match(task.stdout, /status\s+completed in/);
    assert.match(task.stdout, new RegExp(`working dir\\s+${server.dir}\n`));
    assert.match(task.stdout, /ATTEMPT\s+AGENT[^]*shell[^]*result\n {2}hello\n {2}there/);
    assert.equal((await json("task", "one")).task.priority, "high");

    assert.equal((await run(["result", "one"])).stdout, "hello\nthere\n");
    assert.equal((await json("result", "one")).result.exit_code, 0);

    const list = await run(["tasks", "--status", "completed", "failed", "--sort", "id"]);
    assert.match(list.stdout, /^ID\s+STATUS\s+PROGRESS[^\n]*\none\s+completed\s+100 %/);
    assert.equal(list.stderr, "1 of 1 tasks\n");
    assert.deepEqual((await json("tasks", "--contains", "nothing like it")).tasks, []);

    assert.match((await run(["status"])).stdout, /tasks\s+1 completed\nagents\s+none at work\n$/);
    assert.equal((await json("status")).tasks.length, 1);
  }));

Deno.test("cli: pause, resume, cancel and retry say what became of the task", () =>
  withCli(async ({ run, json, taskIs }) => {
    await run(["run", "sleep 60", "--id", "long"]);
    await taskIs("long", /running/);
    assert.equal((await run(["pause", "long"])).stdout, "task long paused\n");
    assert.equal((await run(["resume", "long"])).stdout, "task long resumed\n");
    assert.equal((await json("cancel", "long")).type, "task_cancelled");
    assert.equal((await run(["retry", "long"])).stdout, "task long put back into the queue\n");
    assert.equal((await json("cancel", "long")).type, "task_cancelled");
    assert.equal((await run(["retry", "long", "--fresh"])).stdout, "task long put back into the queue\n");
    const refused = await run(["resume", "long"]);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /^error INVALID_FIELD_VALUE: Cannot resume task 'long': it is (running|queued)\. This needs [^\n]*\n$/,
    );
  }));

Deno.test("cli: a long prompt comes from stdin and reaches the agent whole", () =>
  withCli(async ({ run, taskIs }) => {
    const text = `echo begin\n: ${"x".repeat(5000)}\necho end`;
    assert.equal((await run(["run", "-", "--id", "big"], { stdin: text })).code, 0);
    await taskIs("big", /completed/);
    assert.equal((await run(["result", "big"])).stdout, "begin\nend\n");
    const empty = await run(["run", "-"], { stdin: " \n" });
    assert.equal(empty.code, 1);
    assert.match(empty.stderr, /The prompt is empty/);
  }));

Deno.test("cli: a task works in the caller's folder, or in the server's if that is not allowed", () =>
  withCli(async ({ server, run, json, taskIs }) => {
    await Deno.mkdir(`${server.dir}/inside`);
    await run(["run", "pwd", "--id", "here"], { cwd: `${server.dir}/inside` });
    await taskIs("here", /completed/);
    assert.equal((await run(["result", "here"])).stdout, `${server.dir}/inside\n`);

    const elsewhere = await run(["run", "pwd", "--id", "away"], { cwd: "/" });
    assert.equal(elsewhere.code, 0);
    assert.match(elsewhere.stderr, /does not allow \/, so the task works in the server's own folder/);
    await taskIs("away", /completed/);
    assert.equal((await run(["result", "away"])).stdout, `${server.dir}\n`);

    const named = await run(["run", "pwd", "--cwd", "/", "--id", "named"]);
    assert.equal(named.code, 1);
    assert.match(named.stderr, /outside tasks\.allowed_dirs/);
    assert.equal((await json("task", "named")).code, "TASK_NOT_FOUND");
  }));

Deno.test("cli: if only other folders are allowed, the server's default is the first of them", async () => {
  const work = await Deno.realPath(await Deno.makeTempDir({ prefix: "oa-work-" }));
  const settings = { ...config, tasks: { ...config.tasks, allowed_dirs: [work] } };
  try {
    await withCli(async ({ run }) => {
      const { code, stdout, stderr } = await run(["run", "pwd", "--follow", "--id", "where"]);
      assert.equal(code, 0, stdout);
      assert.match(stderr, /the task works in the server's own folder/);
      assert.equal((await run(["result", "where"])).stdout, `${work}\n`);
    }, settings);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
});

Deno.test("cli: schedule, schedules and unschedule", () =>
  withCli(async ({ run, json }) => {
    const at = ["--at", "+2h", "--every", "daily", "--timezone", "Europe/Vienna", "--max-runs", "3"];
    const made = await run(["schedule", "echo nightly", "--id", "night", ...at]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(
      made.stdout,
      /^task night scheduled for \S+ \S+ [+-]\d\d:\d\d, then daily in the time of Europe\/Vienna\n$/,
    );
    assert.match(
      (await run(["schedules"])).stdout,
      /^ID\s+EVERY[^\n]*\nnight\s+daily\s+0\s+\S+ \S+ [+-]\d\d:\d\d\s[^\n]*echo nightly\n$/,
    );
    const [schedule] = (await json("schedules", "--upcoming", "2")).schedules;
    assert.equal(schedule.upcoming.length, 2);
    assert.equal(schedule.recurring.max_runs, 3);
    assert.equal((await run(["schedules", "pause", "night"])).stdout, "schedule night paused\n");
    assert.match((await run(["schedules"])).stdout, /night\s+daily\s+0\s+paused/);
    assert.equal((await run(["schedules", "resume", "night"])).stdout, "schedule night resumed\n");
    assert.equal((await run(["schedules", "run-now", "night"])).stdout, "task night_run_1 started\n");
    const edited = await run([
      "schedules",
      "edit",
      "night",
      "--cron",
      "0 9 * * MON-FRI",
      "--description",
      "echo d",
    ]);
    assert.match(edited.stdout, /^schedule night changed: next \S+ \S+ [+-]\d\d:\d\d\n$/, edited.stderr);
    const [changed] = (await json("schedules")).schedules;
    const nothing = await run(["schedules", "edit", "night"]);
    assert.equal(nothing.code, 1);
    assert.match(nothing.stderr, /Nothing to change is named/);
    // A prompt that does not fit into the description is told to the agent in full, and a short one replaces it.
    for (const [prompt, own] of [[`echo ${"x".repeat(1200)}`, true], ["echo short", false]] as const) {
      assert.equal((await run(["schedules", "edit", "night", "--prompt", prompt])).code, 0);
      const { task } = (await json("schedules")).schedules[0];
      assert.equal(task.execution?.prompt, own ? prompt : undefined);
      assert.ok(prompt.startsWith(task.description));
    }
    const shown = await run(["task", "night"]);
    assert.match(shown.stdout, /^night {2}echo short\n {2}status\s+waits for its next run\n {2}repeats\s+/);
    assert.match(shown.stderr, /it is a schedule/);
    assert.equal((await json("task", "night")).task.recurring.interval, changed.recurring.interval);
    assert.deepEqual([changed.task.description, changed.recurring], ["echo d", {
      interval: "cron",
      max_runs: 3,
      timezone: "Europe/Vienna",
      cron: "0 9 * * MON-FRI",
    }]);
    assert.match((await run(["schedules"])).stdout, /at 09:00, Monday through Friday/);
    assert.equal((await json("schedules", "pause", "night")).type, "schedule_paused");
    assert.equal((await run(["unschedule", "night"])).stdout, "task night unscheduled\n");
    assert.equal((await json("schedules")).schedules.length, 0);
    const gone = await run(["unschedule", "night"]);
    assert.equal(gone.code, 1);
    assert.match(
      gone.stderr,
      /There is no schedule 'night'\n`opencode-agents schedules` lists the schedules/,
    );
    const wrong = await run(["schedule", "echo x", "--at", "yesterday"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--at 'yesterday' is not a time\. Expected: \+30m/);
  }));

Deno.test("cli: times are read and shown in local time, a repetition keeps it, and JSON has UTC", () =>
  withCli(async ({ run, json, taskIs }) => {
    const env = { TZ: "America/New_York" };
    const schedule = async (id: string, ...args: string[]) => {
      const made = await run(["schedule", "echo x", "--id", id, ...args], { env });
      assert.equal(made.code, 0, made.stderr);
    };
    await schedule("nightly", "--cron", "0 3 * * *");
    const never = await run(["schedule", "x"], { env });
    assert.match(never.stderr, /'--at <time>' not specified, or --cron/);
    await schedule("minute", "--at", "+1m");
    await schedule("local", "--at", "tomorrow 09:00", "--every", "daily");
    await schedule("there", "--at", "tomorrow 09:00", "--every", "daily", "--timezone", "Asia/Tokyo");
    await schedule("exact", "--at", new Date(Date.now() + 7_200_000).toISOString(), "--every", "daily");
    const found = Object.fromEntries(
      (await json("schedules")).schedules.map((one: Schedule) => [one.id, one] as const),
    );
    const hourIn = (zone: string, iso: string) =>
      new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" }).format(
        new Date(iso),
      );
    assert.equal(found.local.recurring.timezone, "America/New_York");
    assert.equal(hourIn("America/New_York", found.local.next_run), "09:00");
    assert.equal(found.there.recurring.timezone, "Asia/Tokyo");
    assert.equal(hourIn("Asia/Tokyo", found.there.next_run), "09:00");
    assert.equal(found.exact.recurring.timezone, undefined);
    assert.match(found.local.next_run, /Z$/);
    assert.match(
      (await run(["schedules"], { env })).stdout,
      /^local +daily +0 +\d{4}-\d\d-\d\d 09:00:00 -0[45]:00 /m,
    );

    const later = await run(["run", "echo later", "--id", "later", "--at", "+1m"], { env });
    assert.match(later.stdout, /^task later starts at \S+ \S+ -0[45]:00\n$/);
    assert.match((await run(["task", "later"], { env })).stdout, /scheduled +\S+ \S+ -0[45]:00\n/);
    await run(["run", "echo early", "--id", "early"]);
    await taskIs("early", /completed/);
    assert.match((await run(["logs", "early", "--since", "10m"], { env })).stdout, /early/);
    assert.equal((await run(["logs", "early", "--since", "now"], { env })).stdout, "");
    const wrong = await run(["logs", "--since", "noonish"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--since 'noonish' is not a time\. Expected: 10m/);
    const zone = await run(["schedule", "x", "--at", "+1h", "--timezone", "Middle/Earth"]);
    assert.equal(zone.code, 2);
  }));

Deno.test("cli: ps finds the agents' processes, kill ends them", () =>
  withCli(async ({ run, json, taskIs }) => {
    await run(["run", "exec sleep 61", "--id", "sleeper"]);
    await taskIs("sleeper", /running/);
    let pid = 0;
    await until(async () => {
      const { data } = await json("ps", "--all", "--contains", "sleep 61", "--sort", "pid");
      pid = data.processes.find((one: { task_id?: string }) => one.task_id === "sleeper")?.pid ?? 0;
      return pid > 0;
    });
    const listed = await run(["ps", "--all", "--contains", "sleep 61"]);
    assert.match(listed.stdout, /^PID\s+TYPE\s+STATUS[^]*sleeper/);
    assert.equal(
      (await run(["kill", String(pid), "--signal", "term"])).stdout,
      `process ${pid} ended by SIGTERM\n`,
    );
    await taskIs("sleeper", /failed/);
    const gone = await run(["kill", String(pid)]);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /PROCESS_NOT_FOUND[^]*opencode-agents ps/);
    assert.equal((await json("kill", "1")).code, "PROCESS_PERMISSION_DENIED");
  }));

Deno.test("cli: health, metrics, logs and top in a pipe", () =>
  withCli(async ({ run, json, taskIs }) => {
    await run(["run", "echo from the agent", "--id", "one"]);
    await taskIs("one", /completed/);
    assert.match((await run(["health"])).stdout, /^(healthy|degraded), up [^]*database\s+healthy/);
    assert.match((await json("health")).data.overall_status, /healthy|degraded/);
    assert.match(
      (await run(["metrics", "--range", "15m"])).stdout,
      /^requests\s+\d+ in 15m[^]*start_task\s+1\n/,
    );
    assert.equal((await json("metrics")).data.endpoint_usage.start_task, 1);
    const logs = await run(["logs", "one", "--level", "info", "--contains", "from the"]);
    assert.match(logs.stdout, /^\d\d:\d\d:\d\d info {2}from the agent\n$/);
    assert.equal((await json("logs", "one", "-n", "1")).data.entries.length, 1);
    assert.match((await run(["top"])).stdout, /1 completed[^]*\none\s+completed ██████████ 100%/);
    const top = await json("top");
    assert.equal(top.tasks[0].id, "one");
    assert.ok(top.resources.memory_total > 0);
  }));

Deno.test("cli: allow and deny answer an agent's request", () =>
  withCli(async ({ run, json, taskIs }) => {
    for (const decision of ["allow", "deny"]) {
      await run(["run", `demo:ask=1 demo:steps=2 demo:delay=10`, "--agent", "demo", "--id", decision]);
      await until(async () => (await json("task", decision)).task.pending_permissions?.length === 1);
      const { stdout } = await run(["task", decision]);
      assert.match(stdout, new RegExp(`needs you\\s.*opencode-agents allow ${decision}`));
      assert.match(stdout, /waits for\s+an answer to its permission request until /);
      const answered = await run([decision, decision]);
      assert.equal(answered.code, 0, answered.stderr);
      assert.match(answered.stdout, decision === "allow" ? /^allowed: / : /^denied: /);
      // Nobody can be asked here, so what was answered is printed.
      assert.match(answered.stderr, /edit: Edit[^]*\+\+\+ b\/demo\.md[^]*^\+/m);
      await taskIs(decision, /completed|failed/);
    }
    const late = await run(["allow", "allow"]);
    assert.equal(late.code, 1);
    assert.match(late.stderr, /no open permission request/);
  }));

Deno.test("cli: in a terminal, allow shows the whole request and asks, and so does answer", () =>
  withCli(async (bench) => {
    const { run, json, taskIs } = bench;
    const asking = async (id: string, what: string) => {
      await run(["run", `demo:${what}=1 demo:steps=2 demo:delay=10`, "--agent", "demo", "--id", id]);
      await until(async () => (await json("task", id)).task.waiting_for !== undefined);
    };
    await asking("one", "ask");
    const first = bench.inTerminal(["allow", "one"], 100, 30);
    await first.says("+++ b/demo.md");
    await first.says("Allow it?");
    await first.type("n\n");
    assert.equal((await first.ended).code, 1);
    await first.says("nothing was answered");
    assert.equal((await json("task", "one")).task.pending_permissions.length, 1);
    const second = bench.inTerminal(["allow", "one", "--remember", "task"], 100, 30);
    await second.says("Allow it, now and always in this task?");
    assert.match(second.stdout, /"Always" is [^]*Allow it/);
    await second.type("y\n");
    assert.equal((await second.ended).code, 0);
    await taskIs("one", /completed/);

    await asking("two", "ask");
    const scripted = bench.inTerminal(["allow", "two", "--yes"], 100, 30);
    assert.equal((await scripted.ended).code, 0);
    await scripted.says("+++ b/demo.md");
    await taskIs("two", /completed/);

    await asking("three", "question");
    const answer = bench.inTerminal(["answer", "three", "Blue"], 100, 30);
    await answer.says("Which color shall it be?");
    await answer.says("Answer color=blue?");
    await answer.type("y\n");
    await answer.says("answered: ");
    assert.equal((await answer.ended).code, 0);
    await taskIs("three", /completed/);
  }));

Deno.test("cli: a request under allow names the places outside the task's folder", () =>
  withCli(async ({ run, json, taskIs }) => {
    const call = { asked: { title: "/srv/there", kind: "edit", locations: [{ path: "/srv/there" }] } };
    await run(["run", JSON.stringify(call), "--agent", "asking", "--permissions", "allow", "--id", "out"]);
    await until(async () => (await json("task", "out")).task.pending_permissions?.length === 1);
    const words = /(edit|Permission asked): \/srv\/there \(outside the task's folder: \/srv\/there\)/;
    for (const args of [["task", "out"], ["asks"], ["top"], ["logs", "out"]]) {
      assert.match((await run(args)).stdout, words, args[0]);
    }
    assert.equal((await run(["deny", "out"])).code, 0);
    await taskIs("out", /completed|failed/);
  }, {
    ...config,
    agents: {
      asking: {
        protocol: "acp",
        command: [Deno.execPath(), "run", "--no-check", "--no-config", ASKING_AGENT],
      },
    },
    tasks: { default_agent: "asking" },
  }));

Deno.test("cli: asks lists what agents ask, and answer answers a question", () =>
  withCli(async ({ run, json, taskIs }) => {
    assert.match((await run(["asks"])).stdout, /^nothing waits for you\n$/);
    const asking = async (id: string) => {
      await run(["run", "demo:question=1 demo:steps=1 demo:delay=10", "--agent", "demo", "--id", id]);
      await until(async () => (await json("task", id)).task.pending_questions?.length === 1);
    };
    await asking("one");
    await asking("two");
    const { stdout } = await run(["asks"]);
    assert.match(stdout, /question +one +[^\n]* left +answer one +Which color shall it be\?/);
    assert.deepEqual((await json("asks")).asks.map((one: { task_id: string }) => one.task_id), [
      "one",
      "two",
    ]);
    const shown = await run(["answer", "one"]);
    assert.match(shown.stdout, /^Which color shall it be\?\n {2}color {2}Color {2}\[red \| blue\]\n/);
    assert.match((await run(["task", "one"])).stdout, /needs you\s+question: .*opencode-agents answer one/);
    const wrong = await run(["answer", "one", "pink"]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /red, blue/);
    const answered = await run(["answer", "one", "Blue", "count=3", "extras=bow,box", "gift=yes"]);
    assert.equal(answered.code, 0, answered.stderr);
    assert.match(answered.stdout, /^answered: ask_/);
    await taskIs("one", /completed/);
    const log = await run(["logs", "one", "--contains", "The answer"]);
    assert.match(
      log.stdout,
      /The answer: accept {"color":"blue","extras":\["bow","box"\],"count":3,"gift":true}/,
    );
    assert.match((await run(["answer", "two", "--decline"])).stdout, /^declined: /);
    await taskIs("two", /completed/);
    const late = await run(["answer", "two", "red"]);
    assert.equal(late.code, 1);
    assert.match(late.stderr, /has no open question/);
  }));

Deno.test("cli: run --attach gives the agent files", () =>
  withCli(async ({ run, taskIs, server: { dir } }) => {
    await Deno.writeTextFile(`${dir}/one note.txt`, "first\n");
    await Deno.writeTextFile(`${dir}/two.txt`, "second\n");
    const script = 'echo "$TASK_ATTACHMENTS" | while read -r each; do cat "$each"; done';
    const files = ["--attach", `${dir}/one note.txt`, "--attach", `${dir}/two.txt`];
    const started = await run(["run", script, "--id", "with", ...files]);
    assert.equal(started.code, 0, started.stderr);
    await taskIs("with", /completed/);
    assert.equal((await run(["result", "with"])).stdout, "first\nsecond\n");
    const missing = await run(["run", script, "--attach", `${dir}/none.txt`]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /none\.txt cannot be attached/);
    const folder = await run(["run", script, "--attach", dir]);
    assert.match(folder.stderr, /it is not a file/);
  }));
