/** Agents that give no sign of life: reported, ended, tried again with growing delays, and at last given up. */
import assert from "node:assert/strict";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const CONFIG = {
  limits: { enabled: false },
  agents: {
    sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
    patient: { protocol: "command", command: ["sh", "-c", "{prompt}"], unresponsive_limit_ms: 0 },
  },
  tasks: {
    default_agent: "sh",
    unresponsive_after_ms: 400,
    unresponsive_limit_ms: 1200,
    retry_delay_ms: 300,
    max_attempts: 2,
  },
};

async function start(server: TestServer, id: string, prompt: string, execution: Fields = {}) {
  const socket = await server.connect();
  await socket.request({ type: "subscribe_to_updates", channels: ["task_status", "agents", "log_entries"] });
  const reply = await socket.request({
    type: "start_task",
    task: {
      id,
      type: "testing",
      priority: "high",
      description: "stuck",
      execution: { prompt, ...execution },
    },
  });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
  return socket;
}

const becomes = (id: string, status: string) => (m: Message) =>
  m.type === "task_status_update" && m.task_id === id && m.new_status === status;

const agentIs = (status: string) => (m: Message) =>
  m.type === "agent_update" && (m.agent as Fields).status === status;

async function taskOf(socket: TestSocket, id: string): Promise<Fields> {
  return (await socket.request({ type: "get_task_status", task_id: id })).task as Fields;
}

/** Other processes of this machine may sleep, too, but not for as long as this. */
const OWN_SECONDS = 100_000 + Deno.pid;

Deno.test("a silent agent is reported, ended and tried again; after the last attempt its task fails", () =>
  withServer({ config: CONFIG }, async (server) => {
    const socket = await start(server, "stuck", `sleep ${OWN_SECONDS}`);
    await socket.next(agentIs("unresponsive"));
    const { data } = await socket.request({ type: "request_system_health" });
    const issues = (data as Fields).issues as Fields[];
    assert.deepEqual(issues.map(({ code, component, severity }) => ({ code, component, severity })), [
      { code: "HEARTBEAT_TIMEOUT", component: "task_manager", severity: "warning" },
    ]);
    assert.match(String(issues[0]!.message), /stuck/);

    await socket.next(becomes("stuck", "pending"));
    const waiting = await taskOf(socket, "stuck");
    assert.equal(waiting.retry_count, 1);
    assert.equal(waiting.started_at, undefined);
    assert.ok(Date.parse(String(waiting.next_attempt_at)) > Date.parse(String(waiting.created_at)));
    assert.deepEqual(waiting.waiting_for, { kind: "retry", until: waiting.next_attempt_at });

    await socket.next(becomes("stuck", "failed"));
    const failed = await taskOf(socket, "stuck");
    assert.deepEqual([failed.next_attempt_at, failed.waiting_for], [undefined, undefined]);
    assert.equal(
      failed.error,
      "The agent gave no sign of life for 1200 ms, and all 2 attempts are used up",
    );
    const { result } = await socket.request({ type: "get_task_result", task_id: "stuck" });
    const attempts = (result as Fields).attempts as Fields[];
    assert.deepEqual(attempts.map(({ attempt, outcome }) => [attempt, outcome]), [
      [1, "unresponsive"],
      [2, "unresponsive"],
    ]);
    const wait_ms = Date.parse(String(attempts[1]!.started_at)) - Date.parse(String(attempts[0]!.ended_at));
    assert.ok(wait_ms >= 150, `tried again after ${wait_ms} ms`);
    const { stdout } = await new Deno.Command("ps", { args: ["axww", "-o", "args="] }).output();
    assert.ok(
      !new TextDecoder().decode(stdout).split("\n").includes(`sleep ${OWN_SECONDS}`),
      "its process is left over",
    );
  }));

Deno.test("a task whose second attempt succeeds is completed", () =>
  withServer({ config: CONFIG }, async (server) => {
    const socket = await start(server, "second", "test $TASK_ATTEMPT = 2 || sleep 1000; echo done");
    await socket.next(becomes("second", "completed"));
    const { result } = await socket.request({ type: "get_task_result", task_id: "second" });
    assert.deepEqual(((result as Fields).attempts as Fields[]).map(({ outcome }) => outcome), [
      "unresponsive",
      "completed",
    ]);
  }));

Deno.test("an agent that speaks now and then, a paused agent and an agent that may be silent are left alone", () =>
  withServer({ config: CONFIG }, async (server) => {
    const talking = await start(
      server,
      "talks",
      "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $i; sleep 0.2; done",
    );
    const paused = await start(server, "paused", "echo begun; sleep 1; echo ended");
    await paused.next((m) => m.type === "log_entry" && (m.log as Fields).message === "begun");
    assert.equal((await paused.request({ type: "pause_task", task_id: "paused" })).type, "task_paused");
    const silent = await start(server, "silent", "sleep 2; echo ended", { agent: "patient" });
    await silent.next(agentIs("unresponsive"));
    await talking.next(becomes("talks", "completed"));
    await silent.next(becomes("silent", "completed"));
    assert.equal((await taskOf(paused, "paused")).status, "paused");
    assert.equal((await paused.request({ type: "resume_task", task_id: "paused" })).type, "task_resumed");
    await paused.next(becomes("paused", "completed"));
    assert.ok(
      !talking.messages.some((m) => agentIs("unresponsive")(m) && (m.agent as Fields).task_id !== "silent"),
    );
    for (const id of ["talks", "paused", "silent"]) assert.equal((await taskOf(silent, id)).attempt, 1, id);
  }));

Deno.test("the wait for the next attempt survives a restart, and a cancel ends it", () =>
  withServer({ config: { ...CONFIG, tasks: { ...CONFIG.tasks, retry_delay_ms: 4000 } } }, async (server) => {
    let socket = await start(server, "later", "test $TASK_ATTEMPT = 2 || sleep 1000");
    await socket.next(becomes("later", "pending"));
    const before = await taskOf(socket, "later");
    await server.stop("SIGKILL");
    await server.start();
    socket = await server.connect();
    assert.deepEqual((await taskOf(socket, "later")).next_attempt_at, before.next_attempt_at);
    await until(async () => (await taskOf(socket, "later")).status === "completed");
    const { started_at } = await taskOf(socket, "later");
    assert.ok(Date.parse(String(started_at)) >= Date.parse(String(before.next_attempt_at)));

    const other = await start(server, "never", "sleep 1000");
    await other.next(becomes("never", "pending"));
    assert.equal((await other.request({ type: "cancel_task", task_id: "never" })).type, "task_cancelled");
    assert.equal((await taskOf(other, "never")).next_attempt_at, undefined);
  }));
