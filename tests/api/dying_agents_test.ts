/** Agents that die: started again, in their session if they have one, until the attempts are used up. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import type { ScriptedRun } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const CONFIG = {
  limits: { enabled: false },
  agents: {
    scripted: { protocol: "acp", command: ["scripted"] },
    other: { protocol: "acp", command: ["scripted"] },
  },
  tasks: { default_agent: "scripted", retry_delay_ms: 20, max_attempts: 3 },
};

async function start(
  app: TestApp,
  prompt: string,
  execution: Fields = {},
  more: Fields = {},
): Promise<TestSocket> {
  const socket = await app.connect();
  await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
  const task = {
    id: "t",
    type: "testing",
    priority: "high",
    description: "d",
    execution: { prompt, ...execution },
    ...more,
  };
  const reply = await socket.request({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
  return socket;
}

const becomes = (status: string) => (m: Message) =>
  m.type === "task_status_update" && m.task_id === "t" && m.new_status === status;

/** Waits until the task becomes so for the n-th time. */
async function becomesAgain(socket: TestSocket, status: string, n: number): Promise<void> {
  await socket.next(() => socket.messages.filter(becomes(status)).length >= n);
}

async function taskOf(socket: TestSocket): Promise<Fields> {
  return (await socket.request({ type: "get_task_status", task_id: "t" })).task as Fields;
}

async function attemptsOf(socket: TestSocket): Promise<Fields[]> {
  const { result } = await socket.request({ type: "get_task_result", task_id: "t" });
  return (result as Fields).attempts as Fields[];
}

async function logOf(socket: TestSocket): Promise<string[]> {
  const { data } = await socket.request({
    type: "request_log_entries",
    limit: 100,
    filter: { agent: ["t"] },
    sort: { field: "time", order: "asc" },
  });
  return ((data as Fields).entries as Fields[]).map(({ message }) => String(message));
}

const sessionsOf = (runs: readonly ScriptedRun[]) => runs.map(({ request }) => request.resume?.session_id);

const DIES = "fail agent_crashed It was killed";

Deno.test("an agent that dies at its work is started again at once, in its session, and told why", () =>
  withApp({ config: CONFIG }, async (app) => {
    const socket = await start(app, `session s1; work; print so far; progress 1/2; attempt 1: ${DIES}`);
    await socket.next(becomes("completed"));
    assert.deepEqual(sessionsOf(app.agents.runs), [undefined, "s1"]);
    assert.equal(app.agents.runs[0]!.request.earlier, undefined);
    assert.equal(app.agents.runs[1]!.request.earlier?.stopped, "It was killed");
    const failure = { kind: "agent_crashed", message: "It was killed" };
    assert.deepEqual(
      (await attemptsOf(socket)).map(({ outcome, failure, resumed }) => [outcome, failure, resumed]),
      [["failed", failure, undefined], ["completed", undefined, true]],
    );
    const log = await logOf(socket);
    assert.ok(
      log.includes("Attempt ended: It was killed. The agent is started again, to go on in its session"),
      log.join("\n"),
    );
    assert.ok(log.includes("The agent goes on in its earlier session"));
    const { retry_count, failure: left, attempt } = await taskOf(socket);
    assert.deepEqual([retry_count, left, attempt], [0, undefined, 2]);
  }));

Deno.test("an agent that dies each time before it works waits in between, and fails with its last failure", () =>
  withApp({ config: CONFIG }, async (app) => {
    const socket = await start(app, `session s1; ${DIES}`);
    await socket.next(becomes("pending"));
    await socket.next(becomes("failed"));
    const { error, failure, retry_count } = await taskOf(socket);
    const message = "It was killed, and all 3 attempts are used up";
    assert.deepEqual([error, failure, retry_count], [message, { kind: "agent_crashed", message }, 0]);
    assert.equal((await attemptsOf(socket)).length, 3);
    const log = await logOf(socket);
    assert.ok(
      log.includes(
        "Attempt ended: It was killed. The agent is started again after a wait, to go on in its session",
      ),
      log.join("\n"),
    );
    // The session is kept for a person who retries the task.
    await socket.request({ type: "retry_task", task_id: "t" });
    await becomesAgain(socket, "failed", 2);
    assert.deepEqual(sessionsOf(app.agents.runs), [undefined, ...Array(5).fill("s1")]);
  }));

for (
  const kind of ["command_failed", "needs_login", "refused", "timeout", "conflict", "bug"] as const
) {
  Deno.test(`a failure of kind ${kind} is not tried again by itself, and keeps the session`, () =>
    withApp({ config: CONFIG }, async (app) => {
      const socket = await start(app, `session s1; work; attempt 1: fail ${kind} No more`);
      await socket.next(becomes("failed"));
      assert.deepEqual((await taskOf(socket)).failure, { kind, message: "No more" });
      const reply = await socket.request({ type: "retry_task", task_id: "t" });
      assert.deepEqual([reply.type, reply.retry_count], ["task_retried", 1]);
      await socket.next(becomes("completed"));
      assert.deepEqual(sessionsOf(app.agents.runs), [undefined, "s1"]);
      assert.equal((await taskOf(socket)).retry_count, 1);
    }));
}

Deno.test("a cancelled task that is retried goes on in its session; a fresh one begins a new one", () =>
  withApp({ config: CONFIG }, async (app) => {
    const socket = await start(app, "session s1; progress 1/2; attempt 1: hang; attempt 2: fail refused No");
    await until(async () => (await taskOf(socket)).progress === 50);
    await socket.request({ type: "cancel_task", task_id: "t" });
    await socket.request({ type: "retry_task", task_id: "t" });
    await socket.next(becomes("failed"));
    const second = app.agents.runs[1]!.request;
    assert.equal(second.resume?.session_id, "s1");
    assert.equal(second.earlier?.stopped, "a person cancelled it, and now wants it done after all");

    const reply = await socket.request({ type: "retry_task", task_id: "t", fresh: true });
    assert.equal(reply.type, "task_retried");
    await socket.next(becomes("completed"));
    const third = app.agents.runs[2]!.request;
    assert.deepEqual([third.resume, third.earlier], [undefined, undefined]);
    assert.deepEqual((await attemptsOf(socket)).map(({ resumed }) => resumed), [undefined, true, false]);
  }));

Deno.test("an agent that dies while its task is paused is started when the task is resumed", () =>
  withApp({ config: CONFIG }, async (app) => {
    const socket = await start(app, `session s1; progress 1/2; attempt 1: hang`);
    await until(async () => (await taskOf(socket)).progress === 50);
    await socket.request({ type: "pause_task", task_id: "t" });
    app.agents.runs[0]!.die("It was killed");
    await until(async () => (await attemptsOf(socket))[0]!.outcome === "failed");
    assert.equal((await taskOf(socket)).status, "paused");
    const log = await logOf(socket);
    const ended = "Attempt ended: It was killed. The agent is started again when the task is resumed";
    assert.ok(log.includes(`${ended}, to go on in its session`), log.join("\n"));
    await socket.request({ type: "resume_task", task_id: "t" });
    await socket.next(becomes("completed"));
    assert.deepEqual(sessionsOf(app.agents.runs), [undefined, "s1"]);
  }));

Deno.test("an agent is told what earlier attempts did: their steps, files, plan and last words", () =>
  withApp({ config: CONFIG }, async (app) => {
    const did = "edit c1 in_progress a.ts; edit c1 completed a.ts; edit c2 in_progress b.ts; print Half way";
    const socket = await start(app, `session s1; work; attempt 1: wait a; ${did}; attempt 1: ${DIES}`);
    app.agents.open("a");
    await socket.next(becomes("completed"));
    assert.deepEqual(app.agents.runs[1]!.request.earlier, {
      stopped: "It was killed",
      answer: "Half way\n",
      plan: [],
      steps: ["Edit a.ts: completed", "Edit b.ts: not finished"],
      files: ["a.ts"],
    });
  }));

Deno.test("a new session is told the plan that was kept of the lost ones; one that is begun afresh is not", () =>
  withApp({ config: CONFIG }, async (app) => {
    const prompt =
      `work; attempt 1: plan 1/2 Read,Write; attempt 1: ${DIES}; attempt 2: wait a; attempt 2: ${DIES}; ` +
      "attempt 3: fail refused No";
    const socket = await start(app, prompt);
    await until(() => app.agents.runs.length === 2);
    const { progress, progress_details } = await taskOf(socket);
    assert.deepEqual([progress, progress_details], [0, undefined]);
    app.agents.open("a");
    await socket.next(becomes("failed"));
    await socket.request({ type: "retry_task", task_id: "t" });
    await socket.next(becomes("completed"));
    const plan = [{ title: "Read", status: "completed" }, { title: "Write", status: "pending" }];
    assert.deepEqual(app.agents.runs.map(({ request }) => request.earlier?.plan), [
      undefined,
      plan,
      plan,
      plan,
    ]);
  }));

Deno.test("a task that is begun afresh forgets the plan, also for the attempts after that", () =>
  withApp({ config: CONFIG }, async (app) => {
    const socket = await start(
      app,
      `work; attempt 1: plan 1/2 Read,Write; attempt 1: fail refused No; attempt 2: ${DIES}`,
    );
    await socket.next(becomes("failed"));
    await socket.request({ type: "retry_task", task_id: "t", fresh: true });
    await socket.next(becomes("completed"));
    assert.deepEqual(app.agents.runs.map(({ request }) => request.earlier?.plan), [undefined, undefined, []]);
  }));

Deno.test("an agent that does not answer in time is started again after a wait, and one that took too long is told so", () =>
  withApp({ config: CONFIG }, async (app) => {
    const late = "fail unresponsive The agent did not answer initialize within 60 s";
    const socket = await start(app, `attempt 1: ${late}; session s1; attempt 2: hang`, {}, { timeout: 1000 });
    await socket.next(becomes("pending"));
    await socket.next(becomes("failed"));
    const [first, second] = await attemptsOf(socket);
    assert.deepEqual([first!.outcome, (first!.failure as Fields).kind], ["failed", "unresponsive"]);
    assert.deepEqual([second!.outcome, (second!.failure as Fields).kind], ["timeout", "timeout"]);
    await socket.request({ type: "retry_task", task_id: "t" });
    await socket.next(becomes("completed"));
    const third = app.agents.runs[2]!.request;
    assert.equal(third.resume?.session_id, "s1");
    assert.equal(third.earlier?.stopped, "it took longer than the task's timeout");
  }));

Deno.test("a task with one attempt says that it has no other", () =>
  withApp({ config: CONFIG }, async (app) => {
    const socket = await start(app, DIES, { max_attempts: 1 });
    await socket.next(becomes("failed"));
    assert.equal((await taskOf(socket)).error, "It was killed, and the task has no other attempt");
  }));

Deno.test("a retried task finds its worktree at the same place, and its session with it", () =>
  withApp({ config: CONFIG }, async (app) => {
    const git = async (...args: string[]) => {
      const { success } = await new Deno.Command("git", { args: ["-C", app.dir, ...args], stdout: "null" })
        .output();
      assert.ok(success, args.join(" "));
    };
    const me = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
    await git("init", "--quiet");
    await git(...me, "commit", "--quiet", "--allow-empty", "-m", "first");
    const prompt = "session s1; work; attempt 1: fail refused No";
    const socket = await start(app, prompt, { isolation: "worktree" });
    await socket.next(becomes("failed"));
    await socket.request({ type: "retry_task", task_id: "t" });
    await socket.next(becomes("completed"));
    const [first, second] = app.agents.runs.map(({ request }) => request);
    assert.equal(second!.working_dir, first!.working_dir);
    assert.equal(second!.resume?.session_id, "s1");
  }));
