/** Checks of the work before a task is completed: they run in its folder, go back to the agent, and fail the task. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED, TALKATIVE } from "../fixtures/scripted_agents.ts";
import type { TestSocket } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

/** Passes once the folder has this file, and tells the agent how to make it. */
const needs = (
  file: string,
) => ["sh", "-c", `test -f ${file} || { echo 'write ${file} yes; say made ${file}'; exit 3; }`];

const config = {
  limits: { enabled: false },
  agents: { talks: TALKATIVE, command: SCRIPTED },
  checks: { named: needs("named.txt") },
  tasks: { default_agent: "talks", retry_delay_ms: 20, max_attempts: 2 },
};

async function start(app: TestApp, execution: Fields, more: Fields = {}): Promise<TestSocket> {
  const socket = await app.connect();
  await socket.request({ type: "subscribe_to_updates", channels: ["conversations", "task_status"] });
  const task = { id: "t", type: "testing", priority: "medium", description: "t", execution, ...more };
  const reply = await socket.request({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
  return socket;
}

const ends = (socket: TestSocket, status = "completed") =>
  socket.next((m) => m.type === "task_status_update" && m.new_status === status);

const task = async (socket: TestSocket) =>
  (await socket.request({ type: "get_task_status", task_id: "t" })).task as Fields;

const result = async (socket: TestSocket) =>
  (await socket.request({ type: "get_task_result", task_id: "t" })).result as {
    checks?: Fields[];
    turns: Fields[];
    attempts: Fields[];
  };

const conversation = async (socket: TestSocket) =>
  (await socket.request({ type: "get_conversation", task_id: "t" })).messages as Fields[];

Deno.test("a failed check goes back to the agent in its session, and all checks run again", async () => {
  await withApp({ config }, async (app) => {
    const checks = [["sh", "-c", "echo fine"], needs("a.txt"), "named"];
    const socket = await start(app, { prompt: "session s; say done", checks });
    await ends(socket);
    assert.equal(app.agents.runs.length, 1, "the same run");
    const { prompts } = app.agents.runs[0]!;
    assert.equal(prompts.length, 2);
    assert.match(prompts[1]!, /exit code 3/);
    assert.match(prompts[1]!, /write a.txt yes/);
    assert.match(prompts[1]!, /write named.txt yes/);
    assert.doesNotMatch(prompts[1]!, /fine/);
    const { checks: last, turns } = await result(socket);
    assert.deepEqual(last!.map(({ ok, exit_code }) => [ok, exit_code]), [[true, 0], [true, 0], [true, 0]]);
    assert.equal(last![0]!.command, "sh -c echo fine");
    assert.equal(last![0]!.output, "fine\n");
    assert.equal(typeof last![0]!.duration_ms, "number");
    assert.deepEqual((turns[0]!.checks as Fields[]).map(({ ok }) => ok), [true, false, false]);
    const said = (await conversation(socket)).map(({ role, source, state, turn }) => [
      turn,
      role,
      source,
      state,
    ]);
    assert.deepEqual(said, [
      [1, "user", "task", "delivered"],
      [1, "agent", "task", "delivered"],
      [2, "user", "check", "delivered"],
      [2, "agent", "check", "delivered"],
    ]);
    const logged = await socket.request({ type: "request_log_entries", filter: { agent: "t" } });
    const { entries } = logged.data as { entries: Fields[] };
    assert.ok(entries.some(({ source, message }) => source === "check" && /exit code 3/.test(`${message}`)));
  });
});

Deno.test("a task fails when its check has failed so often, and has rounds again after a message", async () => {
  await withApp({ config }, async (app) => {
    const socket = await start(app, {
      prompt: "session s; say done",
      checks: [["false"], ["sh", "-c", "test -f ok"]],
      check_rounds: 1,
    });
    await ends(socket, "failed");
    const failed = await task(socket);
    assert.equal(failed.error, "Check 'false' failed");
    assert.deepEqual(failed.failure, { kind: "check_failed", message: "Check 'false' failed" });
    assert.equal(app.agents.runs[0]!.prompts.length, 2);
    assert.equal((await result(socket)).checks!.length, 2);
    const said = await socket.request({ type: "send_message", task_id: "t", message: "say again" });
    assert.equal(said.delivery, "reopened");
    await until(async () => (await task(socket)).status === "failed");
    assert.equal(app.agents.runs[1]!.prompts.length, 2, "its own round");
  });
});

Deno.test("a failed check fails a command's task at once; [] overrides a project's checks", async () => {
  const projects = { p: { path: "p", checks: [["false"]] } };
  await withApp({ config: { ...config, projects } }, async (app) => {
    await Deno.mkdir(`${app.dir}/p`);
    const socket = await start(app, { agent: "command", prompt: "print hello" }, {
      metadata: { project: "p" },
    });
    await ends(socket, "failed");
    assert.equal((await task(socket)).error, "Check 'false' failed");
    assert.equal(app.agents.runs.length, 1);
    const other = {
      id: "u",
      type: "testing",
      priority: "medium",
      description: "u",
      metadata: { project: "p" },
      execution: { agent: "command", prompt: "print hello", checks: [] },
    };
    await socket.request({ type: "start_task", task: other });
    await socket.next((m) =>
      m.type === "task_status_update" && m.task_id === "u" && m.new_status === "completed"
    );
  });
});

Deno.test("clients' programs need tasks.client_commands, names must be known", async () => {
  const closed = { ...config, tasks: { ...config.tasks, client_commands: false } };
  await withApp({ config: closed }, async (app) => {
    const socket = await app.connect();
    const ask = (checks: unknown) =>
      socket.request({
        type: "start_task",
        task: { id: "t", type: "testing", priority: "low", description: "t", execution: { checks } },
      });
    const denied = await ask([["npm", "test"]]) as { code?: string; details?: Fields };
    assert.equal(denied.code, "PERMISSION_DENIED");
    const unknown = await ask(["nothing"]) as { code?: string; details?: Fields };
    assert.equal(unknown.code, "INVALID_FIELD_VALUE");
    assert.equal(unknown.details!.field, "task.execution.checks[0]");
    assert.equal((await ask([[]])).type, "error");
    assert.equal((await ask(["named"])).type, "task_started");
  });
});

Deno.test("the timeout covers the checks, and cancelling ends them with what they have started", async () => {
  await withApp({ config }, async (app) => {
    const slow = ["sh", "-c", "echo $$ > pid; sleep 300 & wait"];
    const socket = await start(app, { prompt: "session s; say done", checks: [slow] }, { timeout: 6000 });
    await ends(socket, "failed");
    assert.equal(((await task(socket)).failure as Fields).kind, "timeout");
    const pid = Number(await Deno.readTextFile(`${app.dir}/pid`));
    assert.throws(() => Deno.kill(pid, "SIGCONT"));
    await Deno.remove(`${app.dir}/pid`);
    await socket.request({
      type: "start_task",
      task: {
        id: "u",
        type: "testing",
        priority: "low",
        description: "u",
        execution: { agent: "command", prompt: "print x", checks: [slow] },
      },
    });
    const begun = () => Deno.readTextFile(`${app.dir}/pid`).then(Number, () => 0);
    await until(async () => await begun() > 0);
    const second = await begun();
    await socket.request({ type: "cancel_task", task_id: "u" });
    await until(() => {
      try {
        Deno.kill(second, "SIGCONT");
        return false;
      } catch {
        return true;
      }
    });
  });
});

Deno.test("a message that comes while checks run is the next turn, and they run after it", async () => {
  await withApp({ config }, async (app) => {
    const check = ["sh", "-c", "echo x >> ran; test -f go || sleep 300"];
    const socket = await start(app, { prompt: "session s; say done", checks: [check] });
    await until(() => Deno.stat(`${app.dir}/ran`).then(() => true, () => false));
    await socket.request({ type: "send_message", task_id: "t", message: "write go yes; say two" });
    await ends(socket);
    assert.equal(app.agents.runs.length, 1);
    assert.equal(await Deno.readTextFile(`${app.dir}/ran`), "x\nx\n");
  });
});

Deno.test("a server that stops during a check runs it again when it is back", async () => {
  await withApp({ config }, async (app) => {
    const check = ["sh", "-c", "echo x >> ran; test -f go || sleep 300"];
    await start(app, { prompt: "session s; say done", checks: [check] });
    await until(() => Deno.stat(`${app.dir}/ran`).then(() => true, () => false));
    await app.stop();
    await Deno.writeTextFile(`${app.dir}/go`, "");
    await app.start();
    const socket = await app.connect();
    await until(async () => (await task(socket)).status === "completed");
    assert.equal(await Deno.readTextFile(`${app.dir}/ran`), "x\nx\n");
    const [first] = (await result(socket)).attempts;
    assert.equal(first!.outcome, "interrupted");
  });
});

const isAlive = (pid: number) => {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
};

Deno.test("what a check leaves running ends with it and keeps nobody waiting, also what has left its session", async () => {
  await withApp({ config }, async (app) => {
    const leaves = "sleep 600 & echo $! > child; setsid sh -c 'echo $$ > daemon; exec sleep 600' & " +
      "until test -s daemon; do sleep 0.05; done; echo over";
    const socket = await start(app, { agent: "command", prompt: "print x", checks: [["sh", "-c", leaves]] });
    await ends(socket);
    const [check] = (await result(socket)).checks!;
    assert.deepEqual([check!.ok, check!.output], [true, "over\n"]);
    for (const name of ["child", "daemon"]) {
      const pid = Number(await Deno.readTextFile(`${app.dir}/${name}`));
      assert.ok(pid > 1);
      await until(() => !isAlive(pid));
    }
  });
});

Deno.test("a check may print without end: its last 4 KiB are kept; one that cannot be started has no exit code", async () => {
  await withApp({ config }, async (app) => {
    // All on one stream: two of them have no order between them.
    const loud = [
      "sh",
      "-c",
      "exec >&2; head -c 40000000 /dev/zero | tr '\\0' '\\251'; printf 'ü end'; exit 2",
    ];
    const socket = await start(app, {
      agent: "command",
      prompt: "print x",
      checks: [["no-such-program", "-x"], loud],
    });
    await ends(socket, "failed");
    assert.equal((await task(socket)).error, "Check 'no-such-program -x' failed");
    const [missing, printed] = (await result(socket)).checks!;
    assert.deepEqual([missing!.ok, "exit_code" in missing!], [false, false]);
    assert.match(`${missing!.output}`, /cannot be run/);
    assert.deepEqual([printed!.ok, printed!.exit_code], [false, 2]);
    assert.match(`${printed!.output}`, /ü end$/);
    assert.ok(new TextEncoder().encode(`${printed!.output}`).length <= 4096);
  });
});
