/** Agents that wait long for a person are ended: what they ask stays open, and they go on in their session once it is answered. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { TALKATIVE } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const config = (more: Fields = {}) => ({
  limits: { enabled: false },
  agents: { acp: TALKATIVE },
  tasks: {
    default_agent: "acp",
    max_concurrent: 1,
    permission_park_ms: 20,
    permission_timeout_action: "wait",
    ...more,
  },
});

async function started(app: TestApp, id: string, prompt: string): Promise<void> {
  const task = { id, type: "testing", priority: "medium", description: id, execution: { prompt } };
  const { reply } = await app.post({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

async function taskOf(app: TestApp, task_id: string): Promise<Fields> {
  return (await app.post({ type: "get_task_status", task_id })).reply.task as Fields;
}

const isParked = ({ status, waiting_for }: Fields) =>
  status === "queued" && ["permission", "question"].includes((waiting_for as Fields).kind as string);

async function becomes(app: TestApp, id: string, holds: (task: Fields) => boolean): Promise<Fields> {
  let task!: Fields;
  await until(async () => holds(task = await taskOf(app, id)));
  return task;
}

const isOver = ({ status }: Fields) => ["completed", "failed", "cancelled"].includes(status as string);
const first = ({ pending_permissions }: Fields) => (pending_permissions as Fields[])[0]!;
const outputOf = async (app: TestApp, task_id: string) =>
  ((await app.post({ type: "get_task_result", task_id })).reply.result as Fields).output;

async function answered(app: TestApp, task_id: string, { permission_id }: Fields, more: Fields) {
  return (await app.post({ type: "respond_to_permission", task_id, permission_id, ...more })).reply;
}

Deno.test("a parked task gives its slot back, survives a restart, and goes on in its session with the answer", () =>
  withApp({ config: config() }, async (app) => {
    await started(app, "night", "session s; ask npm publish; print done");
    const parked = await becomes(app, "night", isParked);
    const request = first(parked);
    assert.deepEqual(parked.waiting_for, { kind: "permission", permission_id: request.permission_id });
    assert.equal(parked.runtime_status, undefined);
    // The only slot is free.
    await started(app, "other", "print hello");
    await becomes(app, "other", isOver);
    await app.restart();
    assert.deepEqual(first(await taskOf(app, "night")).permission_id, request.permission_id);
    const { reply } = await app.post({ type: "list_tasks", filter: { waiting_for: "permission" } });
    assert.deepEqual((reply.tasks as Fields[]).map(({ id }) => id), ["night"]);
    const ok = await answered(app, "night", request, { decision: "allow" });
    assert.equal(ok.type, "permission_answered", JSON.stringify(ok));
    const late = await answered(app, "night", request, { decision: "deny" });
    assert.equal(late.code, "INVALID_FIELD_VALUE");
    const done = await becomes(app, "night", isOver);
    assert.equal(done.status, "completed", String(done.error));
    assert.deepEqual([done.attempt, done.retry_count, done.pending_permissions], [2, 0, undefined]);
    assert.equal(await outputOf(app, "night"), "late: allow_once\ndone\n");
    const run = app.agents.runs.findLast(({ request }) => request.task.id === "night")!;
    assert.equal(run.request.resume?.session_id, "s");
    assert.equal(run.request.earlier?.stopped, "a person was long in answering you");
  }));

Deno.test("an answer counts once: the same call is asked again after that, also in another attempt", () =>
  withApp({ config: config({ retry_delay_ms: 1 }) }, async (app) => {
    await started(app, "t", "session s; ask ls; work; attempt 2: fail agent_crashed killed");
    const parked = await becomes(app, "t", isParked);
    await answered(app, "t", first(parked), { decision: "allow" });
    const again = await becomes(app, "t", (task) => task.attempt === 3 && isParked(task));
    assert.notEqual(first(again).permission_id, first(parked).permission_id);
  }));

Deno.test("parking counts as no attempt", () =>
  withApp({ config: config() }, async (app) => {
    const prompt = "session s; attempt 1: ask a; attempt 2: ask b; attempt 3: ask c; attempt 4: print done";
    const task = { id: "t", type: "testing", priority: "medium", description: "t" };
    await app.post({ type: "start_task", task: { ...task, execution: { prompt, max_attempts: 1 } } });
    for (let i = 0; i < 3; i++) {
      const parked = await becomes(app, "t", isParked);
      await answered(app, "t", first(parked), { decision: "allow" });
      await becomes(app, "t", (one) => !isParked(one) || first(one).title !== first(parked).title);
    }
    assert.equal((await becomes(app, "t", isOver)).status, "completed");
  }));

Deno.test("a question is parked as well, and its answer is checked", () =>
  withApp({ config: config() }, async (app) => {
    await started(app, "q", "session s; question Which color?; print done");
    const parked = await becomes(app, "q", isParked);
    const [{ question_id }] = parked.pending_questions as [Fields];
    assert.deepEqual((parked.waiting_for as Fields).question_id, question_id);
    const answer = { type: "answer_question", task_id: "q", question_id, action: "accept" };
    const wrong = await app.post({ ...answer, content: { color: "pink" } });
    assert.equal(wrong.reply.code, "INVALID_FIELD_VALUE");
    const { reply } = await app.post({ ...answer, content: { color: "red" } });
    assert.equal(reply.type, "question_answered", JSON.stringify(reply));
    await becomes(app, "q", isOver);
    assert.equal(await outputOf(app, "q"), 'late: accept {"color":"red"}\ndone\n');
  }));

Deno.test("what nobody answers is denied at its time, also without the agent; fail fails the task", async (t) => {
  for (const [permission_timeout_action, status] of [["deny", "completed"], ["fail", "failed"]]) {
    await t.step(`${permission_timeout_action}`, () =>
      withApp(
        { config: config({ permission_timeout_action, permission_timeout_ms: 400 }) },
        async (app) => {
          await started(app, "t", "session s; ask rm -rf build; print done");
          const done = await becomes(app, "t", isOver);
          assert.equal(done.status, status, String(done.error));
          if (status === "completed") assert.equal(await outputOf(app, "t"), "late: reject_once\ndone\n");
          else assert.equal((done.failure as Fields).kind, "permission_denied");
        },
      ));
  }
});

Deno.test("a parked task can be cancelled, paused, and told something else", () =>
  withApp({ config: config() }, async (app) => {
    await started(app, "gone", "session s; ask a; print done");
    const parked = await becomes(app, "gone", isParked);
    await app.post({ type: "cancel_task", task_id: "gone" });
    const gone = await taskOf(app, "gone");
    assert.deepEqual([gone.status, gone.pending_permissions, gone.waiting_for], [
      "cancelled",
      undefined,
      undefined,
    ]);
    assert.equal(
      (await answered(app, "gone", first(parked), { decision: "allow" })).code,
      "INVALID_FIELD_VALUE",
    );

    await started(app, "held", "session s; ask a; print done");
    const request = first(await becomes(app, "held", isParked));
    await app.post({ type: "pause_task", task_id: "held" });
    const held = await taskOf(app, "held");
    assert.deepEqual([held.status, (held.waiting_for as Fields).kind], ["paused", "paused"]);
    assert.equal((await answered(app, "held", request, { decision: "allow" })).type, "permission_answered");
    assert.equal((await taskOf(app, "held")).status, "paused");
    await app.post({ type: "resume_task", task_id: "held" });
    assert.equal((await becomes(app, "held", isOver)).status, "completed");

    await started(app, "told", "session s; ask a; print done");
    await becomes(app, "told", isParked);
    await app.post({ type: "send_message", task_id: "told", message: "print instead", mode: "now" });
    assert.equal((await becomes(app, "told", isOver)).status, "completed");
    assert.equal(await outputOf(app, "told"), "instead\n");
  }));

Deno.test("an agent without a session that can be loaded is not parked; nor with permission_park_ms 0", async (t) => {
  for (
    const [name, prompt, more] of [
      ["no session", "ask a; print done", {}],
      ["0", "session s; ask a; print done", { permission_park_ms: 0 }],
    ] as const
  ) {
    await t.step(name, () =>
      withApp({ config: config({ max_concurrent: 2, ...more }) }, async (app) => {
        await started(app, "t", prompt);
        const task = await becomes(app, "t", ({ pending_permissions }) => pending_permissions !== undefined);
        assert.equal(task.status, "running");
        await answered(app, "t", first(task), { decision: "allow" });
        assert.equal((await becomes(app, "t", isOver)).attempt, 1);
      }));
  }
});

Deno.test("a denial of a parked request may carry a message, and an answer to it is remembered", () =>
  withApp({ config: config() }, async (app) => {
    await started(app, "t", "session s; ask rm x; ask rm x; print done");
    const request = first(await becomes(app, "t", isParked));
    const message = "print instead";
    const reply = await answered(app, "t", request, { decision: "deny", message, remember: "task" });
    assert.ok(reply.message_id && reply.remembered_id, JSON.stringify(reply));
    await becomes(app, "t", isOver);
    const { reply: talk } = await app.post({ type: "get_conversation", task_id: "t" });
    const told = (talk.messages as Fields[]).filter(({ role }) => role === "agent").map(({ text }) => text);
    assert.deepEqual(told, ["remembered: deny\nremembered: deny\ndone\n", "instead\n"]);
  }));
