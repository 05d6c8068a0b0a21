/** What the server knows of its agents: from their last starts, from probes, and from their attempts. */
import assert from "node:assert/strict";
import { EXCHANGES } from "../../src/protocol/messages.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

const ACP = { protocol: "acp", command: ["scripted"] };
const config = {
  agents: { one: ACP, two: { ...ACP, command: ["missing"] }, cmd: SCRIPTED },
  tasks: { default_agent: "one" },
};

async function listed(app: TestApp, name: string) {
  const { agents } = EXCHANGES.list_agents.reply.parse((await app.post({ type: "list_agents" })).reply);
  return agents.find((agent) => agent.name === name)!;
}

async function probe(app: TestApp, agent: string, request_id?: number) {
  const { reply } = await app.post({ type: "probe_agent", agent, request_id });
  return EXCHANGES.probe_agent.reply.parse(reply);
}

Deno.test("agents: a probe finds out what an agent offers, and the list has it, after a restart too", () =>
  withApp({ config }, async (app) => {
    const before = await listed(app, "one");
    assert.deepEqual([before.installed, before.login, before.accepts, before.todo], [
      true,
      "unknown",
      [],
      undefined,
    ]);
    app.agents.open("probe one");
    app.agents.offers.set("one", {
      version: "1.2.3",
      login: "needed",
      models: [{ id: "m", name: "M", efforts: ["low", "high"] }],
      modes: [{ id: "default" }],
      commands: [{ name: "review" }],
      accepts: ["image"],
    });
    const probed = await probe(app, "one", 7);
    assert.equal(probed.type, "agent_probed");
    assert.equal(probed.request_id, 7);
    assert.equal(probed.problem, "It wants a login");
    assert.equal(probed.todo, "Log in.");
    assert.deepEqual(probed.agent.models, [{ id: "m", name: "M", efforts: ["low", "high"] }]);
    assert.deepEqual(probed.models, probed.agent.models);
    const { problem: _, ...known } = probed.agent;
    assert.deepEqual(await listed(app, "one"), known);
    await app.restart();
    assert.deepEqual(await listed(app, "one"), known);
  }));

Deno.test("agents: what an agent offers is forgotten once it is no longer configured", () =>
  withApp({ config }, async (app) => {
    app.agents.open("probe one");
    app.agents.offers.set("one", { version: "1", login: "ok" });
    await app.post({ type: "probe_agent", agent: "one" });
    await app.restart({ ...config, agents: { two: ACP }, tasks: { default_agent: "two" } });
    await app.restart(config);
    assert.equal((await listed(app, "one")).version, undefined);
  }));

Deno.test("agents: one probe of an agent at a time, and later requests do not wait for one with an id", () =>
  withApp({ config }, async (app) => {
    const socket = await app.connect();
    socket.send(JSON.stringify({ type: "probe_agent", agent: "one", request_id: "a" }));
    socket.send(JSON.stringify({ type: "probe_agent", agent: "one", request_id: "b" }));
    socket.send(JSON.stringify({ type: "ping", request_id: "c" }));
    await socket.next(({ request_id }) => request_id === "c");
    assert.deepEqual(app.agents.probes, ["one"]);
    app.agents.open("probe one");
    await socket.next(({ request_id }) => request_id === "a");
    await socket.next(({ request_id }) => request_id === "b");
    assert.deepEqual(app.agents.probes, ["one"]);
  }));

Deno.test("agents: an agent that is not installed or is a command is not started; an unknown one is refused", () =>
  withApp({ config }, async (app) => {
    const missing = await probe(app, "two");
    assert.deepEqual([missing.installed, missing.todo], [false, "Install it."]);
    const command = await probe(app, "cmd");
    assert.deepEqual([command.installed, command.login], [true, "unknown"]);
    assert.deepEqual(app.agents.probes, []);
    // A refusal comes in its turn.
    const socket = await app.connect();
    socket.send({ type: "probe_agent", agent: "three", request_id: 1 });
    socket.send({ type: "ping", request_id: 2 });
    await socket.next(({ request_id }) => request_id === 2);
    const { code, details } = socket.messages.find(({ request_id }) => request_id === 1)!;
    assert.equal(code, "INVALID_FIELD_VALUE");
    const { field, expected } = details as Record<string, unknown>;
    assert.equal(field, "agent");
    assert.ok((expected as string[]).includes("one"));
  }));

Deno.test("agents: a stop of the server ends a probe under way", () =>
  withApp({ config }, async (app) => {
    const socket = await app.connect();
    socket.send(JSON.stringify({ type: "probe_agent", agent: "one", request_id: "a" }));
    socket.send(JSON.stringify({ type: "ping" }));
    await socket.next(({ type }) => type === "pong");
    await app.restart();
    assert.deepEqual(app.agents.probes, ["one"]);
  }));

Deno.test("agents: a task tells what its agent offers, and when that last succeeded and failed", () =>
  withApp({ config }, async (app) => {
    const socket = await app.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    const run = async (id: string, prompt: string, status: string) => {
      const task = { id, type: "testing", priority: "medium", description: id, execution: { prompt } };
      await socket.request({ type: "start_task", task });
      await socket.next((m) => m.task_id === id && m.new_status === status);
    };
    await run("good", 'offer {"login":"ok","modes":[{"id":"plan"}]}', "completed");
    const after = await listed(app, "one");
    assert.deepEqual([after.login, after.modes], ["ok", [{ id: "plan" }]]);
    assert.ok(after.last_success !== undefined && after.last_failure === undefined);
    await run("bad", "exit 3", "failed");
    const last = await listed(app, "one");
    assert.equal(last.last_success, after.last_success);
    assert.ok(last.last_failure! >= last.last_success!);
    await app.restart();
    assert.deepEqual(await listed(app, "one"), last);
  }));

Deno.test("agents: the model, effort and mode of the configuration are those of tasks that choose none", () =>
  withApp(
    { config: { ...config, agents: { one: { ...ACP, model: "m", effort: "low", mode: "plan" } } } },
    async (app) => {
      const socket = await app.connect();
      await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
      const run = async (id: string, execution: Record<string, unknown>) => {
        const task = { id, type: "testing", priority: "medium", description: "print x", execution };
        const { task: shown } = await socket.request({ type: "start_task", task });
        await socket.next((m) => m.task_id === id && m.new_status === "completed");
        const { model, effort, mode } = app.agents.runs.at(-1)!.request;
        return { chosen: [model, effort, mode], shown: (shown as { execution: unknown }).execution };
      };
      assert.deepEqual((await run("none", {})).chosen, ["m", "low", "plan"]);
      const own = await run("own", { model: "n", effort: "high", mode: "default" });
      assert.deepEqual(own.chosen, ["n", "high", "default"]);
      assert.deepEqual(own.shown, { model: "n", effort: "high", mode: "default" });
    },
  ));

Deno.test("agents: an agent may be called as a part of every object is, and is missed like any other once it is gone", () => {
  const named = { agents: { constructor: ACP }, tasks: { default_agent: "constructor" } };
  return withApp({ config: named }, async (app) => {
    const start = (id: string, prompt: string, agent?: string) =>
      app.post({
        type: "start_task",
        task: { id, type: "feature", priority: "medium", description: "x", execution: { prompt, agent } },
      });
    const task = async (task_id: string) =>
      (await app.post({ type: "get_task_status", task_id })).reply.task as Record<string, unknown>;
    const is = (id: string, status: string) => until(async () => (await task(id)).status === status);
    app.agents.open("probe constructor");
    assert.equal((await probe(app, "constructor")).name, "constructor");
    assert.equal((await start("one", "session s; print done")).reply.type, "task_started");
    await is("one", "completed");
    await start("two", "hang", "constructor");
    const { reply } = await start("none", "print done", "toString");
    assert.equal(reply.code, "INVALID_FIELD_VALUE");
    assert.match(String(reply.message), /^There is no agent 'toString'\. Expected: .*constructor/);

    await app.restart(config);
    assert.equal((await task("one")).status, "completed");
    await is("two", "failed");
    assert.equal((await task("two")).error, "Agent 'constructor' is not configured");
  });
});

Deno.test("agents: of a hundred all are listed, and an error names some of them and the one that was meant", () => {
  const agents = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`agent_${i}`, ACP]));
  return withApp({ config: { agents, tasks: { default_agent: "agent_99" } } }, async (app) => {
    assert.equal((await listed(app, "agent_99")).is_default, true);
    const { reply } = await app.post({
      type: "start_task",
      task: {
        id: "a",
        type: "feature",
        priority: "medium",
        description: "x",
        execution: { agent: "agnt_99" },
      },
    });
    const { expected, suggestion } = reply.details as { expected: string[]; suggestion: string };
    assert.equal(expected.filter((name) => name.startsWith("agent_")).length, 100);
    assert.equal(suggestion, "agent_99");
    assert.ok(String(reply.message).length < 400, String(reply.message));
  });
});
