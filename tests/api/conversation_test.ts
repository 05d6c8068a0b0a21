/** Messages to agents: when they are delivered, what becomes of a task that had ended, and what is told of them. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED, TALKATIVE } from "../fixtures/scripted_agents.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { talks: TALKATIVE, command: SCRIPTED },
  tasks: { default_agent: "talks", max_concurrent: 4, retry_delay_ms: 20, max_attempts: 2 },
};

async function begin(app: TestApp): Promise<TestSocket> {
  const socket = await app.connect();
  await socket.request({ type: "subscribe_to_updates", channels: ["conversations", "task_status"] });
  return socket;
}

async function start(socket: TestSocket, id: string, prompt: string, more: Fields = {}): Promise<void> {
  const { execution, ...rest } = more;
  const task = { id, type: "testing", priority: "medium", description: id, ...rest };
  const reply = await socket.request({
    type: "start_task",
    task: { ...task, execution: { prompt, ...execution as Fields } },
  });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

const say = (socket: TestSocket, task_id: string, message: string, more: Fields = {}): Promise<Message> =>
  socket.request({ type: "send_message", task_id, message, ...more });

const withdraw = (socket: TestSocket, task_id: string, message_id: unknown): Promise<Message> =>
  socket.request({ type: "withdraw_message", task_id, message_id });

const taskOf = async (socket: TestSocket, task_id: string) =>
  (await socket.request({ type: "get_task_status", task_id })).task as Fields;

const resultOf = async (socket: TestSocket, task_id: string) =>
  (await socket.request({ type: "get_task_result", task_id })).result as Fields & {
    turns: Fields[];
    attempts: Fields[];
  };

const conversationOf = async (socket: TestSocket, task_id: string, more: Fields = {}) =>
  (await socket.request({ type: "get_conversation", task_id, ...more })).messages as Fields[];

const isNow = (task_id: string, status: string) => (m: Message) =>
  m.type === "task_status_update" && m.task_id === task_id && m.new_status === status;

/** Waits until the task becomes so for the n-th time. */
const becomes = (socket: TestSocket, task_id: string, status: string, n = 1) =>
  socket.next(() => socket.messages.filter(isNow(task_id, status)).length >= n);

/** Who said what, in which turn. */
const saidIn = (messages: Fields[]) =>
  messages.map(({ id, turn, role, text, state }) => `${id} turn ${turn} ${role}: ${text} (${state})`);

const refusalOf = ({ code, details }: Message) => [code, (details as Fields | undefined)?.field];

Deno.test("a message to a running task waits for the end of its turn and is the next one, in the same process", async () => {
  await withApp({ config }, async (app) => {
    const socket = await begin(app);
    await start(socket, "t", "session s; wait first; say done");
    await socket.next((m) => m.type === "task_status_update" && m.new_status === "running");
    const second = await say(socket, "t", "say more");
    assert.equal(second.type, "message_sent", JSON.stringify(second));
    assert.deepEqual([second.message_id, second.turn, second.delivery], ["m2", 2, "queued"]);
    const third = await say(socket, "t", "say most");
    assert.deepEqual([third.message_id, third.turn, third.delivery], ["m3", 3, "queued"]);
    const waiting = await taskOf(socket, "t");
    assert.deepEqual([waiting.status, waiting.turn, waiting.queued_messages], ["running", 1, 2]);
    assert.deepEqual(saidIn(await conversationOf(socket, "t")), [
      "m1 turn 1 user: session s; wait first; say done (delivered)",
      "m2 turn 2 user: say more (queued)",
      "m3 turn 3 user: say most (queued)",
    ]);
    app.agents.open("first");
    await becomes(socket, "t", "completed");
    assert.equal(app.agents.runs.length, 1);
    assert.deepEqual(app.agents.runs[0]!.prompts.slice(1), ["say more", "say most"]);
    const task = await taskOf(socket, "t");
    assert.deepEqual([task.turn, task.queued_messages, task.attempt], [3, 0, 1]);
    assert.deepEqual(saidIn(await conversationOf(socket, "t")), [
      "m1 turn 1 user: session s; wait first; say done (delivered)",
      "m2 turn 2 user: say more (delivered)",
      "m3 turn 3 user: say most (delivered)",
      "m4 turn 1 agent: done (delivered)",
      "m5 turn 2 agent: more (delivered)",
      "m6 turn 3 agent: most (delivered)",
    ]);
    const sources = (await conversationOf(socket, "t")).map(({ source }) => source);
    assert.deepEqual(sources, ["task", "message", "message", "task", "message", "message"]);
    const { output, turns, attempts } = await resultOf(socket, "t");
    assert.equal(output, "most");
    assert.deepEqual(turns.map(({ turn, attempt, output }) => [turn, attempt, output]), [
      [1, 1, "done"],
      [2, 1, "more"],
      [3, 1, "most"],
    ]);
    for (const { started_at, ended_at } of turns) assert.ok(String(started_at) <= String(ended_at));
    assert.deepEqual(attempts.map(({ attempt, turn, outcome }) => [attempt, turn, outcome]), [[
      1,
      3,
      "completed",
    ]]);

    const pushed = socket.messages.filter((m) => m.type === "conversation_message").map(({ message }) =>
      saidIn([message as Fields])[0]
    );
    // One that is read late may already have its later state.
    assert.deepEqual(new Set(pushed.map((line) => line!.replace(/ turn \d| \(.*/g, ""))).size, 5);
    assert.ok(pushed.includes("m6 turn 3 agent: most (delivered)"));
    const changed = socket.messages.filter((m) => m.type === "task_changed").flatMap((m) =>
      m.changed as string[]
    );
    assert.ok(changed.includes("queued_messages") && changed.includes("turn"));
  });
});

Deno.test("a message to a task that has ended makes it go on in its session, in another attempt", async () => {
  await withApp({ config }, async (app) => {
    const socket = await begin(app);
    await start(socket, "t", "session s; say done");
    await becomes(socket, "t", "completed");
    const again = await say(socket, "t", "session x; wait second; say more");
    assert.deepEqual([again.message_id, again.turn, again.delivery], ["m3", 2, "reopened"]);
    await becomes(socket, "t", "running", 2);
    const running = await taskOf(socket, "t");
    assert.deepEqual([running.attempt, running.turn, running.queued_messages, running.progress], [
      2,
      2,
      0,
      0,
    ]);
    app.agents.open("second");
    await becomes(socket, "t", "completed", 2);
    const [, run] = app.agents.runs;
    assert.deepEqual(run!.request.resume?.session_id, "s");
    assert.deepEqual(run!.request.message, {
      text: "session x; wait second; say more",
      attachments: undefined,
      mayBeTold: false,
      copies: undefined,
    });
    assert.equal(run!.request.earlier?.stopped, undefined);
    assert.equal(run!.request.earlier?.answer, "done");
    const { attempts, turns } = await resultOf(socket, "t");
    assert.deepEqual(attempts.map(({ turn, resumed }) => [turn, resumed]), [[1, undefined], [2, true]]);
    assert.deepEqual(turns.map(({ turn, attempt, output }) => [turn, attempt, output]), [[1, 1, "done"], [
      2,
      2,
      "more",
    ]]);
    assert.equal((await taskOf(socket, "t")).retry_count, 0);

    await start(socket, "fails", "session s; fail refused no");
    await becomes(socket, "fails", "failed");
    assert.equal((await say(socket, "fails", "say better")).delivery, "reopened");
    await becomes(socket, "fails", "completed");
    assert.deepEqual((await taskOf(socket, "fails")).turn, 2);

    await start(socket, "cancelled", "session s; hang");
    await becomes(socket, "cancelled", "running");
    await until(() => app.agents.runs.at(-1)!.request.task.id === "cancelled");
    await until(async () => (await taskOf(socket, "cancelled")).agent_session !== undefined);
    await socket.request({ type: "cancel_task", task_id: "cancelled" });
    assert.equal((await say(socket, "cancelled", "say better")).delivery, "reopened");
    await becomes(socket, "cancelled", "completed");
    assert.deepEqual((await taskOf(socket, "cancelled")).turn, 2);
  });
});

Deno.test("a message that does not wait ends the present turn, and goes before those that wait", async () => {
  await withApp({ config }, async (app) => {
    const socket = await begin(app);
    await start(socket, "t", "session s; hang");
    await becomes(socket, "t", "running");
    await say(socket, "t", "say later");
    const now = await say(socket, "t", "say at once", { mode: "now" });
    assert.deepEqual([now.turn, now.delivery], [2, "now"]);
    await becomes(socket, "t", "completed");
    assert.deepEqual(app.agents.runs.map(({ prompts }) => prompts.slice(1)), [["say at once", "say later"]]);
    const { turns } = await resultOf(socket, "t");
    assert.deepEqual(turns.map(({ turn, output }) => [turn, output]), [[1, ""], [2, "at once"], [
      3,
      "later",
    ]]);
    const task = await taskOf(socket, "t");
    assert.deepEqual([task.error, task.attempt], [undefined, 1]);
  });
});

Deno.test("after a failed turn the next message is delivered in a new attempt", async () => {
  await withApp({ config }, async (app) => {
    const socket = await begin(app);
    await start(socket, "t", "session s; wait first; fail refused no");
    await becomes(socket, "t", "running");
    await say(socket, "t", "session s; say done after all");
    app.agents.open("first");
    await becomes(socket, "t", "completed");
    const { attempts } = await resultOf(socket, "t");
    assert.deepEqual(attempts.map(({ turn, outcome }) => [turn, outcome]), [[1, "failed"], [2, "completed"]]);
    assert.equal(socket.messages.filter(isNow("t", "failed")).length, 0);
    assert.equal(app.agents.runs[1]!.request.resume?.session_id, "s");
  });
});

Deno.test("messages to a task that has not begun follow its prompt; cancelling keeps them", async () => {
  await withApp({ config }, async (app) => {
    const socket = await begin(app);
    await start(socket, "first", "wait go");
    await start(socket, "t", "session s; say done", { dependencies: ["first"] });
    assert.deepEqual(
      await say(socket, "t", "say more", { mode: "now" }).then(({ turn, delivery }) => [turn, delivery]),
      [
        2,
        "queued",
      ],
    );
    await socket.request({ type: "cancel_task", task_id: "t" });
    assert.equal((await taskOf(socket, "t")).queued_messages, 1);
    await socket.request({ type: "retry_task", task_id: "t" });
    app.agents.open("go");
    await becomes(socket, "t", "completed");
    assert.deepEqual(app.agents.runs.at(-1)!.prompts, ["session s; say done", "say more"]);
    assert.equal((await taskOf(socket, "t")).turn, 2);
  });
});

Deno.test("a message that waits can be withdrawn; a task that went on only for it is as it was", async () => {
  await withApp({ config: { ...config, tasks: { ...config.tasks, max_concurrent: 1 } } }, async (app) => {
    const socket = await begin(app);
    await start(socket, "t", "session s; plan 1/2 a,b; say done");
    await becomes(socket, "t", "completed");
    await start(socket, "other", "wait go");
    await becomes(socket, "other", "running");
    const before = await taskOf(socket, "t");
    const { message_id } = await say(socket, "t", "more");
    assert.equal((await taskOf(socket, "t")).status, "queued");
    await say(socket, "t", "and more");
    assert.equal((await withdraw(socket, "t", message_id)).type, "message_withdrawn");
    assert.equal((await taskOf(socket, "t")).status, "queued");
    await withdraw(socket, "t", "m4");
    assert.deepEqual(await taskOf(socket, "t"), before);
    assert.deepEqual(saidIn(await conversationOf(socket, "t")).slice(2), [
      "m3 turn 1 user: more (withdrawn)",
      "m4 turn 1 user: and more (withdrawn)",
    ]);
    assert.deepEqual(refusalOf(await withdraw(socket, "t", "m4")), ["INVALID_FIELD_VALUE", "message_id"]);
    assert.deepEqual(refusalOf(await withdraw(socket, "t", "m1")), ["INVALID_FIELD_VALUE", "message_id"]);
    assert.deepEqual(refusalOf(await withdraw(socket, "t", "m99")), ["INVALID_FIELD_VALUE", "message_id"]);
    assert.deepEqual(refusalOf(await withdraw(socket, "t", "what")), ["INVALID_FIELD_VALUE", "message_id"]);
    app.agents.open("go");
    await becomes(socket, "other", "completed");
    assert.equal(app.agents.runs.length, 2);
  });
});

Deno.test("what cannot be said is refused", async () => {
  await withApp({ config }, async (app) => {
    const socket = await begin(app);
    await start(socket, "command", "wait go", { execution: { agent: "command" } });
    assert.deepEqual(refusalOf(await say(socket, "command", "hello")), ["INVALID_FIELD_VALUE", "task_id"]);
    await start(socket, "t", "session s; wait go");
    assert.deepEqual(refusalOf(await say(socket, "t", "")), ["INVALID_FIELD_VALUE", "message"]);
    assert.deepEqual(refusalOf(await say(socket, "t", "x".repeat(65_537))), [
      "INVALID_FIELD_VALUE",
      "message",
    ]);
    assert.deepEqual(refusalOf(await say(socket, "t", "x", { mode: "later" })), [
      "INVALID_FIELD_VALUE",
      "mode",
    ]);
    assert.equal((await say(socket, "nobody", "hello")).code, "TASK_NOT_FOUND");
    const long = "é".repeat(32_768);
    assert.equal((await say(socket, "t", long)).type, "message_sent");
    assert.equal((await conversationOf(socket, "t", { after: "m1" }))[0]!.text, long);
    for (let i = 1; i < 20; i++) assert.equal((await say(socket, "t", `say ${i}`)).type, "message_sent");
    const { code, details } = await say(socket, "t", "say 20");
    assert.deepEqual([code, (details as Fields).field, (details as Fields).current_status], [
      "INVALID_FIELD_VALUE",
      "task_id",
      "running",
    ]);
    assert.deepEqual(
      refusalOf(await socket.request({ type: "get_conversation", task_id: "t", after: "m99" })),
      [
        "INVALID_FIELD_VALUE",
        "after",
      ],
    );
    const page = await socket.request({ type: "get_conversation", task_id: "t", after: "m2", limit: 5 });
    assert.deepEqual([(page.messages as Fields[]).map(({ id }) => id), page.has_more], [
      ["m3", "m4", "m5", "m6", "m7"],
      true,
    ]);
    app.agents.open("go");
  });
});

Deno.test("a command never gets messages, whatever becomes of the task or the configuration after they were sent", async () => {
  await withApp({ config: { ...config, tasks: { ...config.tasks, max_concurrent: 1 } } }, async (app) => {
    const socket = await begin(app);
    await start(socket, "blocks", "wait go");
    await start(socket, "t", "session s; say done");
    await say(socket, "t", "session s; say more");
    const change = (execution: Fields) =>
      socket.request({ type: "update_task", task_id: "t", changes: { execution } });
    const toCommand = { prompt: "say once", agent: "command" };
    assert.deepEqual(refusalOf(await change(toCommand)), ["INVALID_FIELD_VALUE", "changes.execution.agent"]);
    assert.equal((await taskOf(socket, "t")).queued_messages, 1);
    await withdraw(socket, "t", "m2");
    assert.equal((await change(toCommand)).type, "task_updated");
    assert.deepEqual(refusalOf(await say(socket, "t", "say more")), ["INVALID_FIELD_VALUE", "task_id"]);
    app.agents.open("go");
    await becomes(socket, "t", "completed");

    await start(socket, "u", "session s; say done");
    await becomes(socket, "u", "completed");
    await start(socket, "again", "wait again");
    await say(socket, "u", "session s; say more");
    const runs = app.agents.runs.length;
    await app.restart({ ...config, agents: { talks: SCRIPTED } });
    const later = await begin(app);
    await until(async () => (await taskOf(later, "u")).status === "failed");
    const { error, turn } = await taskOf(later, "u");
    assert.deepEqual([error, turn], ["Agent 'talks' has become a command, which takes no messages", 2]);
    const ofTask = app.agents.runs.slice(runs).filter(({ request }) => request.task.id === "u");
    assert.deepEqual(ofTask.map(({ prompts }) => prompts), []);
    await app.restart(config);
    const last = await begin(app);
    await last.request({ type: "retry_task", task_id: "u" });
    await becomes(last, "u", "completed");
    assert.deepEqual(app.agents.runs.at(-1)!.prompts, ["session s; say more"]);
  });
});

Deno.test("dependents wait again when a message makes a task go on; those that have ended stay as they are", async () => {
  await withApp({ config: { ...config, tasks: { ...config.tasks, max_concurrent: 1 } } }, async (app) => {
    const socket = await begin(app);
    await start(socket, "a", "session s; say done");
    await becomes(socket, "a", "completed");
    await start(socket, "blocks", "wait go", { priority: "critical" });
    await start(socket, "queued", "say after", { dependencies: ["a"] });
    assert.equal((await taskOf(socket, "queued")).status, "queued");
    await say(socket, "a", "session s; wait more; say more");
    assert.equal((await taskOf(socket, "queued")).status, "pending");
    await start(socket, "pending", "say too", { dependencies: ["a"] });
    app.agents.open("go");
    await becomes(socket, "a", "running", 2);
    assert.deepEqual([(await taskOf(socket, "queued")).status, (await taskOf(socket, "pending")).status], [
      "pending",
      "pending",
    ]);
    app.agents.open("more");
    await becomes(socket, "pending", "completed");
    await becomes(socket, "queued", "completed");

    await start(socket, "fails", "session s; fail refused no");
    await start(socket, "failed", "say x", { dependencies: ["fails"] });
    await becomes(socket, "failed", "failed");
    await say(socket, "fails", "session s; say well");
    await becomes(socket, "fails", "completed");
    assert.equal((await taskOf(socket, "failed")).status, "failed");
    await app.restart();
    const later = await begin(app);
    assert.equal((await taskOf(later, "failed")).status, "failed");
    await later.request({ type: "retry_task", task_id: "failed" });
    await becomes(later, "failed", "completed");
  });
});

Deno.test("after a restart, the turn that ran goes on, and messages that wait are still delivered", async () => {
  await withApp({ config }, async (app) => {
    const socket = await begin(app);
    await start(socket, "t", "session s; attempt 1: hang; say done");
    await becomes(socket, "t", "running");
    await until(() => app.agents.runs[0]?.prompts.length === 1);
    await say(socket, "t", "attempt 2: hang; say more");
    await say(socket, "t", "say most");
    await app.restart();
    await until(() => app.agents.runs[1]?.prompts.length === 2);
    assert.equal(app.agents.runs[1]!.request.message, undefined);
    await app.restart();
    const last = await begin(app);
    await until(() => app.agents.runs[2]?.prompts.length === 2);
    const { message } = app.agents.runs[2]!.request;
    assert.deepEqual([message?.text, message?.mayBeTold], ["attempt 2: hang; say more", true]);
    await until(async () => (await taskOf(last, "t")).status === "completed");
    const said = saidIn(await conversationOf(last, "t")).filter((line) => !line.includes("user"));
    assert.deepEqual(said.map((line) => line.replace(/^m\d+ /, "")), [
      "turn 1 agent: done (delivered)",
      "turn 2 agent: more (delivered)",
      "turn 3 agent: most (delivered)",
    ]);
  });
});
