/** What messages do to a turn: they go into it, end it, come with files, or find that there is none. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { TALKATIVE } from "../fixtures/scripted_agents.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { talks: TALKATIVE },
  tasks: { default_agent: "talks", retry_delay_ms: 20, max_attempts: 2 },
};

/** A running task `t`, whose agent is at its first statement. */
async function running(app: TestApp, prompt: string): Promise<TestSocket> {
  const socket = await app.connect();
  await socket.request({ type: "subscribe_to_updates", channels: ["conversations", "task_status"] });
  const task = { id: "t", type: "testing", priority: "medium", description: "t", execution: { prompt } };
  await socket.request({ type: "start_task", task });
  await until(() => app.agents.runs[0]?.prompts.length === 1);
  return socket;
}

const say = (socket: TestSocket, message: string, more: Fields = {}): Promise<Message> =>
  socket.request({ type: "send_message", task_id: "t", message, ...more });

const task = async (socket: TestSocket) =>
  (await socket.request({ type: "get_task_status", task_id: "t" })).task as Fields;

const ends = (socket: TestSocket, status = "completed") =>
  socket.next((m) => m.type === "task_status_update" && m.new_status === status);

const conversation = async (socket: TestSocket) =>
  ((await socket.request({ type: "get_conversation", task_id: "t" })).messages as Fields[]).map(
    ({ turn, role, text, state, attempt }) => `${attempt}.${turn} ${role}: ${text} (${state})`,
  );

const prompts = (app: TestApp) => app.agents.runs.map((run) => run.prompts.slice(1));

Deno.test("a message for the turn goes into it, and is not told again; where the agent takes none, it waits", async () => {
  await withApp({ config }, async (app) => {
    const socket = await running(app, "session s; steerable; wait go; say done");
    await until(() => app.agents.runs[0]!.prompts.length === 1);
    const { delivery, turn } = await say(socket, "say steered", { mode: "steer" });
    assert.deepEqual([delivery, turn], ["queued", 2]);
    await until(async () => (await task(socket)).queued_messages === 0);
    assert.deepEqual(app.agents.runs[0]!.steered, ["say steered"]);
    assert.ok((await conversation(socket)).includes("1.1 user: say steered (delivered)"));
    app.agents.open("go");
    await ends(socket);
    assert.deepEqual(prompts(app), [[]]);
  });
  await withApp({ config }, async (app) => {
    const socket = await running(app, "session s; wait go; say done");
    await say(socket, "say steered", { mode: "steer" });
    app.agents.open("go");
    await ends(socket);
    assert.deepEqual(prompts(app), [["say steered"]]);
  });
});

Deno.test("of two messages that do not wait, the second ends the turn of the first, and both are told in order", async () => {
  await withApp({ config }, async (app) => {
    const socket = await running(app, "session s; deaf; wait go");
    await say(socket, "say later");
    const first = await say(socket, "hang; say first", { mode: "now" });
    const second = await say(socket, "say second", { mode: "now" });
    assert.deepEqual([first.turn, second.turn], [2, 3]);
    app.agents.open("go");
    await ends(socket);
    assert.deepEqual(prompts(app), [["hang; say first", "say second", "say later"]]);
  });
});

Deno.test("a message to a paused task does not end its turn, but goes before those that wait", async () => {
  await withApp({ config }, async (app) => {
    const socket = await running(app, "session s; wait go; say done");
    await socket.request({ type: "pause_task", task_id: "t" });
    await say(socket, "say later");
    const { delivery, turn } = await say(socket, "say sooner", { mode: "now" });
    assert.deepEqual([delivery, turn], ["queued", 2]);
    await socket.request({ type: "resume_task", task_id: "t" });
    app.agents.open("go");
    await ends(socket);
    assert.deepEqual(prompts(app), [["say sooner", "say later"]]);
    assert.ok((await conversation(socket)).includes("1.1 agent: done (delivered)"));
  });
});

Deno.test("a turn that was ended for a message that is withdrawn meanwhile leaves the task cancelled, not failed", async () => {
  await withApp({ config }, async (app) => {
    const socket = await running(app, "session s; deaf; wait go");
    const { message_id } = await say(socket, "say something", { mode: "now" });
    await socket.request({ type: "withdraw_message", task_id: "t", message_id });
    app.agents.open("go");
    await ends(socket, "cancelled");
    const { error, failure } = await task(socket);
    assert.deepEqual([error, failure], [undefined, undefined]);
  });
});

Deno.test("files come with a message, and are kept with its task", async () => {
  await withApp({ config }, async (app) => {
    const socket = await running(app, "session s; wait go");
    const headers = { "content-type": "text/plain", "x-filename": "notes.txt" };
    const sent = await fetch(`${app.url}/attachments`, { method: "POST", body: "hello", headers });
    const { id } = await sent.json();
    const unknown = await say(socket, "read this", { attachments: ["att_0"] });
    assert.deepEqual([unknown.code, (unknown.details as Fields).field], [
      "INVALID_FIELD_VALUE",
      "attachments[0]",
    ]);
    assert.equal((await say(socket, "say read", { attachments: [id] })).type, "message_sent");
    const { messages } = await socket.request({ type: "get_conversation", task_id: "t" });
    const [, message] = messages as Fields[];
    assert.deepEqual((message!.attached_files as Fields[])[0], {
      id,
      name: "notes.txt",
      mime_type: "text/plain",
      bytes: 5,
    });
    app.agents.open("go");
    await ends(socket);
    const [file] = app.agents.runs[0]!.messages[0]!.attachments!;
    assert.equal(await Deno.readTextFile(file!.path), "hello");
  });
});

Deno.test("an agent that dies in the turn of a message goes on with it, and the others wait", async () => {
  await withApp({ config }, async (app) => {
    const socket = await running(app, "session s; work; wait go");
    await say(socket, "attempt 1: hang; say more");
    await say(socket, "say most");
    app.agents.open("go");
    await until(() => app.agents.runs[0]!.prompts.length === 2);
    app.agents.runs[0]!.die("Killed");
    await ends(socket);
    const [, run] = app.agents.runs;
    assert.deepEqual([
      run!.request.message?.text,
      run!.request.message?.mayBeTold,
      run!.request.message?.copies,
    ], [
      "attempt 1: hang; say more",
      true,
      0,
    ]);
    assert.deepEqual((await conversation(socket)).filter((line) => line.includes("agent")), [
      "2.2 agent: more (delivered)",
      "2.3 agent: most (delivered)",
    ]);
  });
});

Deno.test("a task whose agent never got its prompt keeps its messages until it is retried", async () => {
  await withApp({ config }, async (app) => {
    const socket = await running(app, "wait go; attempt 1: fail needs_login log in; session s; say done");
    await say(socket, "say more");
    app.agents.open("go");
    await ends(socket, "failed");
    assert.equal((await task(socket)).queued_messages, 1);
    await socket.request({ type: "retry_task", task_id: "t" });
    await ends(socket);
    assert.deepEqual(prompts(app), [[], ["say more"]]);
    assert.equal((await task(socket)).turn, 2);
  });
});

Deno.test("each turn has the whole timeout", async () => {
  await withApp({ config }, async (app) => {
    const socket = await app.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    const wanted = { id: "t", type: "testing", priority: "low", description: "t", timeout: 1000 };
    await socket.request({
      type: "start_task",
      task: { ...wanted, execution: { prompt: "session s; wait go" } },
    });
    await until(() => app.agents.runs[0]?.prompts.length === 1);
    await say(socket, "hang");
    await say(socket, "session s; say after all");
    app.agents.open("go");
    await ends(socket);
    const { result } = await socket.request({ type: "get_task_result", task_id: "t" });
    const outcomes = ((result as Fields).attempts as Fields[]).map(({ turn, outcome }) => [turn, outcome]);
    assert.deepEqual(outcomes, [[2, "timeout"], [3, "completed"]]);
  });
});
