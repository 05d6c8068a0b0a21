/** Agents' questions: who hears of them, who answers them, and what answers are taken. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { scripted: SCRIPTED },
  tasks: { default_agent: "scripted", max_concurrent: 4 },
};

async function start(socket: TestSocket, id: string, prompt: string): Promise<void> {
  const task = { id, type: "testing", priority: "medium", description: id, execution: { prompt } };
  const reply = await socket.request({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

const taskOf = async (socket: TestSocket, task_id: string) =>
  (await socket.request({ type: "get_task_status", task_id })).task as Fields;

Deno.test("questions", async (t) => {
  await withApp({ config }, async (app) => {
    const socket = await app.connect();
    await socket.request({
      type: "subscribe_to_updates",
      channels: ["conversations", "task_status"],
      filters: { conversations: { task_ids: ["a", "b", "c", "d"] } },
    });
    socket.forget();
    const asked = (id: string) => socket.next((m) => m.type === "question_asked" && m.task_id === id);
    const ended = async (id: string) =>
      (await socket.next((m) =>
        m.task_id === id && ["completed", "failed", "cancelled"].includes(m.new_status as string)
      )).new_status;
    const answer = (task_id: string, question_id: unknown, more: Fields): Promise<Message> =>
      socket.request({ type: "answer_question", task_id, question_id, ...more });

    await t.step("a question is pushed, and shown with the task while it is open", async () => {
      await start(socket, "a", "question Which color?");
      const { question_id, message, schema, expires_at } = await asked("a");
      assert.equal(message, "Which color?");
      assert.equal((schema as Fields).type, "object");
      const shown = await taskOf(socket, "a");
      assert.deepEqual([shown.status, shown.runtime_status], ["running", "waiting_for_answer"]);
      assert.deepEqual(shown.waiting_for, { kind: "question", question_id, until: expires_at });
      assert.deepEqual(shown.pending_questions, [{ question_id, message, schema, expires_at }]);
      const { tasks } = await socket.request({ type: "list_tasks" });
      assert.deepEqual((tasks as Fields[])[0]!.pending_questions, shown.pending_questions);
      const changes = socket.messages.filter((m) => m.type === "task_changed" && m.task_id === "a");
      assert.deepEqual(changes.at(-1)!.changed, ["pending_questions", "waiting_for"]);
    });

    await t.step("an answer that does not fit is refused, with the field's path", async () => {
      const { pending_questions } = await taskOf(socket, "a") as { pending_questions: Fields[] };
      const { question_id } = pending_questions[0]!;
      const refusal = async (content: unknown, action = "accept") => {
        const { code, details } = await answer("a", question_id, { action, content });
        return [code, (details as Fields | undefined)?.field];
      };
      assert.deepEqual(await refusal({}), ["MISSING_REQUIRED_FIELD", "content.color"]);
      assert.deepEqual(await refusal(undefined), ["MISSING_REQUIRED_FIELD", "content.color"]);
      assert.deepEqual(await refusal({ color: "pink" }), ["INVALID_FIELD_VALUE", "content.color"]);
      assert.deepEqual(await refusal({ color: 1 }), ["INVALID_FIELD_TYPE", "content.color"]);
      assert.deepEqual(await refusal({ color: null }), ["INVALID_FIELD_TYPE", "content.color"]);
      assert.deepEqual(await refusal({ color: "red", size: 10 }), ["INVALID_FIELD_VALUE", "content.size"]);
      assert.deepEqual(await refusal({ color: "red", size: 1.5 }), ["INVALID_FIELD_VALUE", "content.size"]);
      assert.deepEqual(await refusal({ color: "red", extras: ["bag"] }), [
        "INVALID_FIELD_VALUE",
        "content.extras[0]",
      ]);
      assert.deepEqual(await refusal({ color: "red", gift: "yes" }), ["INVALID_FIELD_TYPE", "content.gift"]);
      assert.deepEqual(await refusal({ color: "red", note: "x".repeat(21) }), [
        "INVALID_FIELD_VALUE",
        "content.note",
      ]);
      assert.deepEqual(await refusal({ color: "red", colour: "red" }), [
        "INVALID_FIELD_VALUE",
        "content.colour",
      ]);
      assert.deepEqual(await refusal({ color: "red" }, "agree"), ["INVALID_FIELD_VALUE", "action"]);
      assert.deepEqual(await refusal("red"), ["INVALID_FIELD_TYPE", "content"]);
      const { code, details } = await answer("a", "ask_none", { action: "decline" });
      assert.deepEqual([code, (details as Fields).field, (details as Fields).expected], [
        "INVALID_FIELD_VALUE",
        "question_id",
        [question_id],
      ]);
      assert.equal((await answer("none", question_id, { action: "decline" })).code, "TASK_NOT_FOUND");
      assert.equal((await taskOf(socket, "a")).runtime_status, "waiting_for_answer");
    });

    await t.step("of two answers at once one wins, and the agent gets it", async () => {
      const { pending_questions } = await taskOf(socket, "a") as { pending_questions: Fields[] };
      const { question_id } = pending_questions[0]!;
      const other = await app.connect();
      const replies = await Promise.all([
        answer("a", question_id, { action: "accept", content: { color: "blue", size: 3, extras: ["bow"] } }),
        other.request({
          type: "answer_question",
          task_id: "a",
          question_id,
          action: "accept",
          content: { color: "red" },
        }),
      ]);
      const won = replies.filter(({ type }) => type === "question_answered");
      const lost = replies.filter(({ type }) => type === "error");
      assert.deepEqual([won.length, lost.length], [1, 1]);
      assert.deepEqual([won[0]!.task_id, won[0]!.question_id, won[0]!.action, (won[0]!.by as Fields).kind], [
        "a",
        question_id,
        "accept",
        "anonymous",
      ]);
      assert.deepEqual([lost[0]!.code, (lost[0]!.details as Fields).field], [
        "INVALID_FIELD_VALUE",
        "question_id",
      ]);
      assert.equal(await ended("a"), "completed");
      const { result } = await socket.request({ type: "get_task_result", task_id: "a" });
      const content = won[0] === replies[0] ? { color: "blue", size: 3, extras: ["bow"] } : { color: "red" };
      assert.equal((result as Fields).output, `accept ${JSON.stringify(content)}\n`);
      const shown = await taskOf(socket, "a");
      assert.deepEqual([shown.pending_questions, shown.waiting_for], [undefined, undefined]);
    });

    await t.step("declining and cancelling need no content", async () => {
      for (const [id, action] of [["b", "decline"], ["c", "cancel"]] as const) {
        await start(socket, id, "question Which color?");
        const { question_id } = await asked(id);
        const reply = await answer(id, question_id, { action, content: { nonsense: true } });
        assert.deepEqual([reply.type, reply.action], ["question_answered", action]);
        assert.equal(await ended(id), "completed");
        const { result } = await socket.request({ type: "get_task_result", task_id: id });
        assert.equal((result as Fields).output, `${action} {}\n`);
      }
    });

    await t.step(
      "what nobody answered is in the result of a task that was completed without it",
      async () => {
        await start(socket, "unanswered", "remark Finished without an answer to: Which color?");
        await ended("unanswered");
        const { result } = await socket.request({ type: "get_task_result", task_id: "unanswered" });
        assert.deepEqual((result as Fields).warnings, ["Finished without an answer to: Which color?"]);
      },
    );

    await t.step("a subscriber to other tasks hears of none", async () => {
      await start(socket, "elsewhere", "question Which color?");
      await start(socket, "d", "question Which color?");
      await asked("d");
      assert.deepEqual(
        socket.messages.filter((m) =>
          m.task_id === "elsewhere" && /^(question_asked|task_changed)$/.test(m.type)
        ),
        [],
      );
      for (const task_id of ["elsewhere", "d"]) await socket.request({ type: "cancel_task", task_id });
      assert.equal((await taskOf(socket, "d")).pending_questions, undefined);
    });
  });
});

Deno.test("questions: reading is not enough to answer", async () => {
  await withApp({ config: { ...config, security: { auth: "required" } } }, async (app) => {
    const { reply: { api_key } } = await app.post({
      type: "create_key",
      key: { name: "reader", permissions: ["read"] },
    }, { authorization: `Bearer ${app.owner_token}` });
    const { reply } = await app.post(
      { type: "answer_question", task_id: "a", question_id: "q", action: "decline" },
      { authorization: `Bearer ${api_key}` },
    );
    assert.equal(reply.code, "PERMISSION_DENIED");
  });
});
