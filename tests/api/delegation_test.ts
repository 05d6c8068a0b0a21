/** Agents that start tasks for other agents: what those inherit, what an agent may do, and that nobody waits forever. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

// deno-lint-ignore no-explicit-any -- the test looks into messages of every type
type Message = Record<string, any>;

const config = (more: Message = {}): Message => ({
  limits: { enabled: false },
  ...more,
  agents: { scripted: SCRIPTED, free: { ...SCRIPTED, command: ["free"] }, ...more.agents },
  tasks: { default_agent: "scripted", max_concurrent: 4, ...more.tasks },
});

/** Agents whose program is `free` cannot be held to a policy. */
async function withAgents(more: Message, test: (app: TestApp) => Promise<void>): Promise<void> {
  await withApp({ config: config(more) }, async (app) => {
    app.agents.canHold = ({ command }) => command[0] !== "free";
    await test(app);
  });
}

const start = (id: string, prompt: string, more: Message = {}) => ({
  type: "start_task",
  task: { id, type: "testing", priority: "medium", description: prompt, ...more },
});

const sent = async (app: TestApp, message: Message, token?: string): Promise<Message> =>
  (await app.post(message, token === undefined ? {} : { authorization: `Bearer ${token}` })).reply;

const owned = (app: TestApp, message: Message) => sent(app, message, app.owner_token);

/** The token of the agent that runs this task. */
async function tokenOf(app: TestApp, task_id: string): Promise<string> {
  const run = () => app.agents.runs.findLast(({ request }) => request.task.id === task_id);
  await until(() => run() !== undefined);
  return run()!.request.access!.token;
}

/** Starts a task whose agent works until the gate `end` opens, and returns its token. */
async function parent(app: TestApp, id: string, execution: Message = {}): Promise<string> {
  const reply = await owned(app, start(id, "wait end", { execution }));
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
  return await tokenOf(app, id);
}

for (const auth of ["none", "required"]) {
  Deno.test(`delegation: a child knows its parent and inherits its folder and permissions: auth ${auth}`, () =>
    withAgents({ security: { auth } }, async (app) => {
      await Deno.mkdir(`${app.dir}/work`);
      const token = await parent(app, "up", { working_dir: `${app.dir}/work`, permissions: "allow" });
      const child = await sent(app, start("down", "print hello", { metadata: { owner: "me" } }), token);
      assert.equal(child.type, "task_started", JSON.stringify(child));
      const { metadata, execution, created_by } = child.task;
      assert.deepEqual(metadata, { owner: "me", parent_task: "up", delegation_depth: 1 });
      assert.deepEqual(execution, { working_dir: `${app.dir}/work`, permissions: "allow" });
      assert.deepEqual(created_by, { kind: "agent", id: "up", name: "scripted", tenant: "default" });
      assert.equal(app.agents.runs[0]!.request.access!.url, app.url);
      const strict = await sent(
        app,
        start("strict", "wait end", { execution: { permissions: "deny" } }),
        token,
      );
      assert.equal(strict.task.execution.permissions, "deny");
      assert.equal(
        (await sent(app, start("below", "print"), await tokenOf(app, "strict"))).task.execution.permissions,
        "deny",
      );
    }));
}

Deno.test("delegation: the policy of the configuration is inherited too, and what others claim is not", () =>
  withAgents({ tasks: { permissions: "deny" } }, async (app) => {
    const token = await parent(app, "up");
    assert.equal((await sent(app, start("down", "print"), token)).task.execution.permissions, "deny");
    const claimed = await sent(app, start("claimed", "print", { metadata: { parent_task: "up" } }));
    assert.deepEqual(claimed.task.metadata, { parent_task: "up" });
    assert.equal(
      (await sent(app, { type: "retry_task", task_id: "claimed" }, token)).code,
      "PERMISSION_DENIED",
    );
    const call = {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "start_task", arguments: { prompt: "print", task_id: "named" } },
    };
    const response = await fetch(`${app.url}/mcp`, {
      method: "POST",
      body: JSON.stringify(call),
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "x-parent-task": "up",
      },
    });
    await response.text();
    const { task } = await sent(app, { type: "get_task_status", task_id: "named" });
    assert.deepEqual([task.metadata, task.execution, task.created_by.kind], [
      { parent_task: "up", delegation_depth: 1 },
      {},
      "anonymous",
    ]);
  }));

Deno.test("delegation: the agent of a cancelled task starts nothing more while it is being ended", () =>
  withAgents({}, async (app) => {
    const socket = await app.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["log_entries"] });
    assert.equal((await owned(app, start("up", "deaf; print ready; wait gone"))).type, "task_started");
    await socket.next(({ log }) => (log as Message | undefined)?.message === "ready");
    const token = await tokenOf(app, "up");
    assert.equal((await owned(app, { type: "cancel_task", task_id: "up" })).type, "task_cancelled");
    const refused = await sent(app, start("late", "print"), token);
    assert.deepEqual([refused.code, refused.details?.current_status], ["PERMISSION_DENIED", "cancelled"]);
    app.agents.open("gone");
  }));

Deno.test("delegation: a task gives no more than it has", () =>
  withAgents({}, async (app) => {
    const token = await parent(app, "up", { permissions: "ask" });
    const refusals: [Message, string][] = [
      [{ permissions: "allow" }, "permissions"],
      [{ env: { PATH: "/tmp" } }, "env"],
      [{ mcp_servers: [{ name: "x", command: "y" }] }, "mcp_servers"],
      [{ agent: "free" }, "agent"],
    ];
    for (const [execution, field] of refusals) {
      const reply = await sent(app, start("down", "print", { execution }), token);
      assert.deepEqual([reply.code, reply.details?.field], ["PERMISSION_DENIED", `task.execution.${field}`]);
      const inBatch = await sent(
        app,
        { type: "batch", requests: [start("down", "print", { execution })] },
        token,
      );
      assert.equal(inBatch.responses[0].code, "PERMISSION_DENIED");
    }
    const adopting = await sent(app, start("down", "print", { execution: { session: "s1" } }), token);
    assert.deepEqual([adopting.code, adopting.details.permission], ["PERMISSION_DENIED", "admin"]);
    // One that cannot be held anyway has all of that.
    const free = await parent(app, "free", { agent: "free" });
    const execution = { agent: "free", env: { A: "b" }, mcp_servers: [{ name: "x", command: "y" }] };
    assert.equal((await sent(app, start("down", "print", { execution }), free)).type, "task_started");
    assert.equal(
      (await sent(app, start("up2", "print", { execution: { permissions: "allow" } }), free)).code,
      "PERMISSION_DENIED",
    );
  }));

Deno.test("delegation: a child has its parent's permission rules, and its agent may only add such that deny", () =>
  withAgents({}, async (app) => {
    const theirs = [{ command: "git push*", decision: "deny" }, { command: "npm *", decision: "allow" }];
    const token = await parent(app, "up", { permission_rules: theirs });
    const deny = { path: "src/**", decision: "deny" };
    const child = await sent(
      app,
      start("down", "print", { execution: { permission_rules: [deny] } }),
      token,
    );
    assert.deepEqual(child.task.execution.permission_rules, [deny, ...theirs]);
    for (const decision of ["allow", "ask"]) {
      const execution = { permission_rules: [{ decision }] };
      const reply = await sent(app, start("freer", "print", { execution }), token);
      assert.deepEqual([reply.code, reply.details?.field], [
        "PERMISSION_DENIED",
        "task.execution.permission_rules",
      ]);
    }
  }));

Deno.test("delegation: an agent looks at everything and changes only what its task has started", () =>
  withAgents({}, async (app) => {
    const token = await parent(app, "up");
    await owned(app, start("other", "ask Something"));
    await sent(app, start("child", "wait end"), token);
    await sent(app, start("grandchild", "hang"), await tokenOf(app, "child"));
    await until(async () =>
      (await owned(app, { type: "get_task_status", task_id: "other" })).task.pending_permissions
    );
    const { task } = await sent(app, { type: "get_task_status", task_id: "other" }, token);
    const [{ permission_id }] = task.pending_permissions;
    const denied: Message[] = [
      { type: "cancel_task", task_id: "other" },
      { type: "cancel_task", task_id: "up" },
      { type: "pause_task", task_id: "other" },
      { type: "resume_task", task_id: "other" },
      { type: "retry_task", task_id: "other" },
      { type: "respond_to_permission", task_id: "other", permission_id, decision: "allow" },
      { type: "answer_question", task_id: "child", question_id: "q", action: "cancel" },
      {
        type: "schedule_task",
        task: { ...start("s", "print").task, scheduled_time: "2999-01-01T00:00:00Z" },
      },
      { type: "unschedule_task", task_id: "s" },
      { type: "probe_agent", agent: "scripted" },
      { type: "kill_process", pid: 1 },
      { type: "list_keys" },
      { type: "create_key", name: "k", permissions: ["admin"] },
      { type: "update_rate_limits", limits: { messages_per_minute: 1 } },
    ];
    for (const message of denied) {
      assert.equal((await sent(app, message, token)).code, "PERMISSION_DENIED", message.type);
    }
    assert.equal((await sent(app, { type: "cancel_task", task_id: "nobody" }, token)).code, "TASK_NOT_FOUND");
    assert.equal((await sent(app, { type: "list_tasks" }, token)).total_count, 4);
    assert.equal(
      (await sent(app, { type: "cancel_task", task_id: "grandchild" }, token)).type,
      "task_cancelled",
    );
    assert.equal(
      (await sent(app, { type: "retry_task", task_id: "grandchild" }, token)).type,
      "task_retried",
    );
    const batch = await sent(app, { type: "batch", requests: [denied[0]] }, token);
    assert.equal(batch.responses[0].code, "PERMISSION_DENIED");
  }));

Deno.test("delegation: three levels are the most, and none waits for those above", () =>
  withAgents({}, async (app) => {
    let token = await parent(app, "t0");
    for (const depth of [1, 2, 3]) {
      const { task } = await sent(app, start(`t${depth}`, "wait end"), token);
      assert.equal(task.metadata.delegation_depth, depth);
      token = await tokenOf(app, `t${depth}`);
    }
    const fourth = await sent(app, start("t4", "print"), token);
    assert.deepEqual([fourth.code, fourth.details.field], [
      "INVALID_FIELD_VALUE",
      "metadata.delegation_depth",
    ]);
    await owned(app, start("after", "print", { dependencies: ["t0"] }));
    for (const dependencies of [["t0"], ["after"], ["t1"]]) {
      const reply = await sent(app, start("w", "print", { dependencies }), await tokenOf(app, "t1"));
      assert.deepEqual([reply.code, reply.details.field], ["INVALID_FIELD_VALUE", "task.dependencies"]);
    }
  }));

Deno.test("delegation: a token ends with its attempt, closes its socket, and is no guess", () =>
  withAgents({}, async (app) => {
    const token = await parent(app, "up");
    const socket = await app.connect();
    const reply = await socket.request({ type: "authenticate", api_key: token }) as Message;
    assert.deepEqual(reply.permissions, ["read", "write"]);
    assert.equal((await socket.request({ type: "list_keys" }) as Message).code, "PERMISSION_DENIED");
    assert.equal((await sent(app, { type: "ping" }, token)).type, "pong");
    const forged = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
    assert.equal((await sent(app, { type: "ping" }, forged)).code, "INVALID_AUTH_TOKEN");
    app.agents.open("end");
    assert.deepEqual(await socket.closed, { code: 1008, reason: "the session is over" });
    for (let i = 0; i < 20; i++) {
      assert.equal((await sent(app, { type: "ping" }, token)).code, "INVALID_AUTH_TOKEN");
    }
    assert.equal((await owned(app, { type: "ping" })).type, "pong");
  }));

Deno.test("delegation: with one slot, a parent's task runs beside it, one at a time, down to the last level", () =>
  withAgents({ tasks: { max_concurrent: 1 } }, async (app) => {
    const token = await parent(app, "t0");
    await owned(app, start("other", "print other", { priority: "critical" }));
    await sent(app, start("a1", "wait a1", { priority: "low" }), token);
    await sent(app, start("b1", "wait b1"), token);
    const a1 = await tokenOf(app, "a1");
    await sent(app, start("a2", "wait a2"), a1);
    const a2 = await tokenOf(app, "a2");
    await sent(app, start("a3", "print deepest"), a2);
    await tokenOf(app, "a3");
    const started = () => app.agents.runs.map(({ request }) => request.task.id);
    assert.deepEqual(started(), ["t0", "a1", "a2", "a3"]);
    app.agents.open("a2");
    app.agents.open("a1");
    await tokenOf(app, "b1");
    assert.ok(!started().includes("other"));
    app.agents.open("b1");
    app.agents.open("end");
    await tokenOf(app, "other");
  }));

Deno.test("delegation: the agent gets the server's own tools where the task, the agent or the configuration says so", () =>
  withAgents({ agents: { helper: { ...SCRIPTED, delegate: true } } }, async (app) => {
    const cases: [string, Message, boolean][] = [
      ["no", {}, false],
      ["task", { delegate: true }, true],
      ["agent", { agent: "helper" }, true],
      ["not", { agent: "helper", delegate: false }, false],
    ];
    for (const [id, execution, has] of cases) {
      await owned(app, start(id, "print", { execution }));
      const token = await tokenOf(app, id);
      const { own_tools } = app.agents.runs.findLast(({ request }) => request.task.id === id)!.request;
      assert.equal(own_tools !== undefined, has, id);
      if (own_tools === undefined) continue;
      assert.deepEqual(own_tools.http, {
        name: "opencode-agents",
        url: `${app.url}/mcp`,
        headers: { Authorization: `Bearer ${token}` },
      });
      const { env } = own_tools.stdio;
      assert.deepEqual([env!.OPENCODE_AGENTS_TASK_TOKEN, env!.OPENCODE_AGENTS_TASK_URL], [token, app.url]);
    }
  }));
