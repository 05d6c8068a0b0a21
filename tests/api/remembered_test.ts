/** Answers to permission requests that are remembered, and messages with a denial. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { TALKATIVE } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const config = (more: Fields = {}) => ({
  limits: { enabled: false },
  agents: { acp: TALKATIVE },
  projects: { shop: { path: "shop" } },
  tasks: { default_agent: "acp", max_concurrent: 9, exclusive_folders: false, allowed_dirs: ["."], ...more },
});

async function started(app: TestApp, id: string, prompt: string, more: Fields = {}): Promise<void> {
  const task = { id, type: "testing", priority: "medium", description: id, execution: { prompt }, ...more };
  const { reply } = await app.post({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

/** Starts a task whose agent asks for this, and returns the request once it is open. */
async function asked(app: TestApp, id: string, what: string, more: Fields = {}): Promise<Fields> {
  const socket = await app.connect();
  await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
  await started(app, id, `session ${id}; ask ${what}; print done`, more);
  return await socket.next((m) => m.type === "permission_request" && m.task_id === id);
}

async function ended(app: TestApp, id: string): Promise<Fields> {
  const socket = await app.connect();
  await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
  const { reply } = await app.post({ type: "get_task_status", task_id: id });
  if ((reply.task as Fields).status === "running" || (reply.task as Fields).status === "queued") {
    await socket.next((m) => m.task_id === id && ["completed", "failed"].includes(m.new_status as string));
  }
  return (await app.post({ type: "get_task_result", task_id: id })).reply;
}

const outputOf = (reply: Fields) => String((reply.result as Fields).output);
const answer = (task_id: string, { permission_id }: Fields, more: Fields) => ({
  type: "respond_to_permission",
  task_id,
  permission_id,
  ...more,
});
const inShop = { metadata: { project: "shop" } };

async function listed(app: TestApp, filter: Fields = {}): Promise<Fields[]> {
  const { reply } = await app.post({ type: "list_remembered", ...filter });
  assert.equal(reply.type, "remembered_list", JSON.stringify(reply));
  return reply.remembered as Fields[];
}

Deno.test("what is remembered in a project answers the same call in all of its tasks, also after a restart", () =>
  withApp({ config: config() }, async (app) => {
    await Deno.mkdir(`${app.dir}/shop`);
    for (const [decision, what] of [["allow", "npm test"], ["deny", "npm publish"]]) {
      const request = await asked(app, `first_${decision}`, what!, inShop);
      assert.deepEqual(request.remembers, { agent: "acp", kind: "execute", command: what });
      const { reply } = await app.post(
        answer(`first_${decision}`, request, { decision, remember: "project" }),
      );
      assert.equal(reply.type, "permission_answered", JSON.stringify(reply));
      assert.match(reply.remembered_id as string, /^rem_/);
      await ended(app, `first_${decision}`);
    }
    await app.restart();
    for (const [decision, what] of [["allow", "npm test"], ["deny", "npm publish"]]) {
      await started(app, `second_${decision}`, `session s; ask ${what}; print done`, inShop);
      assert.match(outputOf(await ended(app, `second_${decision}`)), new RegExp(`remembered: ${decision}`));
    }
    const all = await listed(app, { project: "shop" });
    assert.deepEqual(all.map(({ decision, command, scope }) => [decision, command, scope]).sort(), [
      ["allow", "npm test", "project"],
      ["deny", "npm publish", "project"],
    ]);
    // Another command, and a task elsewhere.
    for (
      const [id, what, more] of [["other", "npm test x", inShop], ["elsewhere", "npm test", {}]] as const
    ) {
      const request = await asked(app, id, what, more);
      await app.post(answer(id, request, { decision: "allow" }));
      await ended(app, id);
    }
    // Once forgotten, it is asked again.
    const { id } = all.find(({ decision }) => decision === "allow")!;
    assert.equal((await app.post({ type: "forget_remembered", id })).reply.type, "remembered_forgotten");
    const again = await app.post({ type: "forget_remembered", id });
    assert.deepEqual([again.reply.code, (again.reply.details as Fields).field], [
      "INVALID_FIELD_VALUE",
      "id",
    ]);
    await asked(app, "third", "npm test", inShop);
  }));

Deno.test("what is remembered in a task counts in that task only", () =>
  withApp({ config: config() }, async (app) => {
    await started(app, "t", "session t; ask ls; ask ls; print done");
    const socket = await app.connect();
    const open = async () => {
      for (;;) {
        const { reply } = await app.post({ type: "get_task_status", task_id: "t" });
        const [first] = ((reply.task as Fields).pending_permissions ?? []) as Fields[];
        if (first) return first;
        await socket.request({ type: "ping" });
      }
    };
    const { reply } = await app.post(answer("t", await open(), { decision: "allow", remember: "task" }));
    assert.equal(reply.type, "permission_answered", JSON.stringify(reply));
    assert.match(outputOf(await ended(app, "t")), /remembered: allow/);
    assert.deepEqual((await listed(app, { task_id: "t" })).map(({ scope, task_id }) => [scope, task_id]), [
      ["task", "t"],
    ]);
    await asked(app, "u", "ls");
  }));

Deno.test("remember and message are refused where they make no sense, and the request stays open", () =>
  withApp({ config: config() }, async (app) => {
    const request = await asked(app, "lone", "ls");
    for (
      const [more, field] of [
        [{ decision: "allow", remember: "project" }, "remember"],
        [{ decision: "allow", remember: "world" }, "remember"],
        [{ decision: "allow", message: "no" }, "message"],
        [{ decision: "deny", message: "" }, "message"],
      ] as const
    ) {
      const { reply } = await app.post(answer("lone", request, more));
      assert.equal(reply.code, "INVALID_FIELD_VALUE", JSON.stringify(reply));
      assert.equal((reply.details as Fields).field, field);
    }
    assert.deepEqual(await listed(app), []);
    assert.equal(
      (await app.post(answer("lone", request, { decision: "allow" }))).reply.type,
      "permission_answered",
    );
  }));

Deno.test("a message with a denial is the session's next prompt; one that comes too late is not kept", () =>
  withApp({ config: config() }, async (app) => {
    const request = await asked(app, "told", "rm -rf build");
    const message = "print instead";
    const first = await app.post(answer("told", request, { decision: "deny", message, remember: "task" }));
    assert.equal(first.reply.type, "permission_answered", JSON.stringify(first.reply));
    assert.ok(first.reply.message_id);
    const late = await app.post(answer("told", request, { decision: "deny", message, remember: "task" }));
    assert.equal(late.reply.code, "INVALID_FIELD_VALUE");
    const { reply } = await app.post({ type: "get_conversation", task_id: "told" });
    const own = (reply.messages as Fields[]).filter(({ text }) => text === message);
    assert.equal(own.length, 1, JSON.stringify(reply));
    await ended(app, "told");
    const { reply: after } = await app.post({ type: "get_conversation", task_id: "told" });
    const told = (after.messages as Fields[]).find(({ text }) => text === message)!;
    assert.deepEqual([told.state, told.turn, told.source], ["delivered", 2, "message"]);
  }));

Deno.test("a task's rules are checked, shown, and come before those of the server", () =>
  withApp(
    { config: config({ permission_rules: [{ command: "npm *", decision: "allow" }] }) },
    async (app) => {
      const permission_rules = [{ path: "src/**", decision: "deny" }];
      await started(app, "ruled", "session r; wait x", {
        execution: { prompt: "session r; wait x", permission_rules },
      });
      const { reply } = await app.post({ type: "get_task_status", task_id: "ruled" });
      assert.deepEqual(((reply.task as Fields).execution as Fields).permission_rules, permission_rules);
      const run = () => app.agents.runs.find(({ request }) => request.task.id === "ruled");
      await until(() => run() !== undefined);
      assert.deepEqual(run()!.request.rules, {
        list: [...permission_rules, { command: "npm *", decision: "allow" }],
        otherwise: "ask",
      });
      const task = { id: "bad", type: "testing", priority: "low", description: "bad" };
      const execution = { permission_rules: [{ decision: "maybe" }] };
      const refused = await app.post({ type: "start_task", task: { ...task, execution } });
      assert.equal(refused.reply.code, "INVALID_FIELD_VALUE");
    },
  ));
