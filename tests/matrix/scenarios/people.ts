/** Where a person decides. */
import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { type Fields } from "../world.ts";

const PROMPTS = { edit: "mock:write escalate=1 text=hi path=", command: "mock:bash escalate=1 cmd=" };

function promptFor(what: keyof typeof PROMPTS, file: string): string {
  return PROMPTS[what] + (what === "edit" ? file : `"echo hi > ${file}"`);
}

function asks(what: keyof typeof PROMPTS): Scenario {
  return {
    name: `ask_${what}`,
    title: what === "edit" ? "`ask`: asks before it writes a file" : "`ask`: asks before it runs a command",
    async play(world, id) {
      const file = `${id}.txt`;
      await world.start(id, promptFor(what, file), { permissions: "ask" });
      const task = await world.becomes(
        id,
        ({ runtime_status }) => runtime_status === "waiting_for_permission",
      );
      assert.equal(await world.file(file), undefined, "nothing is done before the answer");
      const [request] = task.pending_permissions as Fields[];
      const answer = { task_id: id, permission_id: request!.permission_id, decision: "allow" };
      const reply = await world.request({ type: "respond_to_permission", ...answer });
      assert.equal(reply.type, "permission_answered", JSON.stringify(reply));
      const done = await world.ended(id);
      assert.equal(done.status, "completed", String(done.error));
      assert.equal(await world.file(file), "hi");
      return "yes";
    },
  };
}

function denies(what: keyof typeof PROMPTS): Scenario {
  return {
    name: `deny_${what}`,
    title: what === "edit" ? "`deny`: writes no file" : "`deny`: runs no command",
    async play(world, id) {
      const file = `${id}.txt`;
      const task = await world.ran(id, promptFor(what, file), { permissions: "deny" });
      assert.equal(await world.file(file), undefined);
      const { kind } = task.failure as { kind: string } | undefined ?? { kind: "permission_denied" };
      assert.equal(kind, "permission_denied", String(task.error));
      return "yes";
    },
  };
}

export const askEdit = asks("edit");
export const askCommand = asks("command");
export const denyEdit = denies("edit");
export const denyCommand = denies("command");

/** Rules decide without a person: what one denies is not done and fails nothing, what one allows is not asked about. */
export const rules: Scenario = {
  name: "rules",
  title: "permission rules deny and allow what it asks for, under any policy",
  async play(world, id) {
    const [denied, allowed] = [`${id}-denied.txt`, `${id}-allowed.txt`];
    const task = await world.ran(`${id}-denied`, promptFor("edit", denied), {
      permissions: "allow",
      permission_rules: [{ path: "*-denied.txt", decision: "deny" }, {
        command: "*-denied.txt*",
        decision: "deny",
      }],
    });
    assert.equal(await world.file(denied), undefined);
    assert.notEqual((task.failure as Fields | undefined)?.kind, "permission_denied", String(task.error));
    const done = await world.ran(`${id}-allowed`, `mock:bash escalate=1 cmd="touch ${allowed}"`, {
      permissions: "deny",
      permission_rules: [{ command: "touch *", decision: "allow" }],
    });
    assert.equal(done.status, "completed", String(done.error));
    assert.equal(await world.file(allowed), "");
    return "yes";
  },
};

export const question: Scenario = {
  name: "question",
  title: "asks a person a question, and gets the answer",
  async play(world, id) {
    await world.start(id, "mock:question", { permissions: "ask" });
    const task = await world.becomes(
      id,
      (now) =>
        now.runtime_status === "waiting_for_answer" || now.status === "completed" || now.status === "failed",
    );
    const [asked] = task.pending_questions as { question_id: string; schema: Fields }[] ?? [];
    if (asked === undefined) return "does not ask";
    const { properties = {} } = asked.schema as { properties?: Record<string, Fields> };
    const content = Object.fromEntries(Object.entries(properties).slice(0, 1).map(([key]) => [key, "Blue"]));
    const answer = { task_id: id, question_id: asked.question_id, action: "accept", content };
    const reply = await world.request({ type: "answer_question", ...answer });
    assert.equal(reply.type, "question_answered", JSON.stringify(reply));
    const done = await world.ended(id);
    assert.equal(done.status, "completed", String(done.error));
    assert.match(String((await world.result(id)).output), /Blue/);
    return "yes";
  },
};
