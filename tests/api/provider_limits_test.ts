/** Agents whose providers refuse them for a time: who waits, until when, who goes on first, and what none of it costs. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED, TALKATIVE } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const HOUR_MS = 3_600_000;

function configWith(tasks: Fields = {}, agents: Fields = {}) {
  return {
    limits: { enabled: false },
    agents: { one: TALKATIVE, two: TALKATIVE, ...agents },
    tasks: { default_agent: "one", max_concurrent: 4, max_attempts: 1, ...tasks },
  };
}

/** A refusal whose reset lies so far in the future. */
function refusal(in_ms?: number, more: Fields = {}): string {
  const until = in_ms === undefined ? undefined : new Date(Date.now() + in_ms).toISOString();
  return `refuse ${JSON.stringify({ reason: "5-hour limit reached", until, ...more })}`;
}

async function start(app: TestApp, id: string, prompt: string, more: Fields = {}, task: Fields = {}) {
  const execution = { prompt, ...more };
  const sent = { id, type: "testing", priority: "medium", description: id, execution, ...task };
  const { reply } = await app.post({ type: "start_task", task: sent });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

async function taskOf(app: TestApp, task_id: string) {
  const { reply } = await app.post({ type: "get_task_status", task_id });
  return reply.task as Fields & { waiting_for?: Fields; failure?: Fields };
}

const isStatus = (app: TestApp, id: string, status: string) =>
  until(async () => (await taskOf(app, id)).status === status);

const waitsFor = (app: TestApp, id: string, kind: string) =>
  until(async () => (await taskOf(app, id)).waiting_for?.kind === kind);

async function agentOf(app: TestApp, name: string) {
  const { reply } = await app.post({ type: "list_agents" });
  return (reply.agents as Fields[]).find((agent) => agent.name === name)!;
}

const release = async (app: TestApp, agent: string) =>
  (await app.post({ type: "release_agent", agent })).reply;

const startsOf = (app: TestApp, id: string) =>
  app.agents.runs.filter(({ request }) => request.task.id === id);

Deno.test("a refused task waits for its provider in its session, without an attempt counted, and its agent's others too", async () => {
  await withApp({ config: configWith() }, async (app) => {
    const before = Date.now();
    await start(app, "a", `session s; attempt 1: ${refusal(HOUR_MS)}; work; say done`);
    await waitsFor(app, "a", "provider_limit");
    await start(app, "after", "say after", {}, { dependencies: ["a"] });
    await start(app, "b", "work; say b");
    await start(app, "c", "say c", { agent: "two" });
    await isStatus(app, "c", "completed");

    const { status, waiting_for, failure, retry_count } = await taskOf(app, "a");
    assert.deepEqual([status, failure, retry_count], ["queued", undefined, 0]);
    assert.deepEqual([waiting_for?.agent, waiting_for?.reason], ["one", "5-hour limit reached"]);
    const until_ms = Date.parse(String(waiting_for?.until));
    assert.ok(until_ms >= before + HOUR_MS && until_ms <= Date.now() + HOUR_MS + 60_000, String(until_ms));
    assert.equal((await taskOf(app, "b")).waiting_for?.until, waiting_for?.until);
    assert.equal((await taskOf(app, "after")).status, "pending");
    const { held_until, held_reason } = await agentOf(app, "one");
    assert.deepEqual([held_until, held_reason], [waiting_for?.until, "5-hour limit reached"]);
    assert.equal((await agentOf(app, "two")).held_until, undefined);

    const { reply } = await app.post({ type: "list_tasks", filter: { waiting_for: "provider_limit" } });
    assert.deepEqual((reply.tasks as Fields[]).map(({ id }) => id).sort(), ["a", "b"]);

    assert.deepEqual([(await release(app, "one")).type, (await release(app, "one")).was_held], [
      "agent_released",
      false,
    ]);
    await isStatus(app, "after", "completed");
    await isStatus(app, "b", "completed");
    const [, second] = startsOf(app, "a");
    assert.equal(second?.request.resume?.session_id, "s");
    assert.equal((await agentOf(app, "one")).held_until, undefined);
  });
});

Deno.test("those who watch are told that queued tasks wait for a provider, and /metrics counts what failed", async () => {
  await withApp({ config: configWith({ max_concurrent: 1 }) }, async (app) => {
    const socket = await app.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["conversations"] });
    await start(app, "a", `wait refused; ${refusal(HOUR_MS)}`);
    await start(app, "b", "say done");
    app.agents.open("refused");
    await socket.next((m) =>
      m.type === "task_changed" && m.task_id === "b" && (m.changed as string[]).includes("waiting_for")
    );
    await waitsFor(app, "b", "provider_limit");
    await waitsFor(app, "a", "provider_limit");
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    assert.match(metrics, /\nopencode_agents_agents_held\{agent="one"\} 1\n/);
    assert.match(
      metrics,
      /\nopencode_agents_failed_attempts_total\{agent="one",kind="provider_limit"\} 1\n/,
    );
  });
});

Deno.test("a hold survives a restart", async () => {
  await withApp({ config: configWith() }, async (app) => {
    await start(app, "a", `${refusal(HOUR_MS)}`);
    await waitsFor(app, "a", "provider_limit");
    const { waiting_for } = await taskOf(app, "a");
    await app.restart();
    assert.deepEqual((await taskOf(app, "a")).waiting_for, waiting_for);
    assert.equal(startsOf(app, "a").length, 1);
    assert.equal((await agentOf(app, "one")).held_until, waiting_for?.until);
  });
});

Deno.test("when a hold is over one task goes first, and the others after its first output", async () => {
  await withApp({ config: configWith() }, async (app) => {
    await start(app, "a", `attempt 1: ${refusal(HOUR_MS)}; wait said; work; wait end; say done`);
    await waitsFor(app, "a", "provider_limit");
    for (const id of ["b", "c"]) await start(app, id, "say done");
    await release(app, "one");
    await until(() => startsOf(app, "a").length === 2);
    const { waiting_for } = await taskOf(app, "b");
    assert.equal(waiting_for?.kind, "provider_limit");
    assert.match(String(waiting_for?.reason), /'a' goes first/);
    assert.equal(app.agents.runs.length, 2);
    app.agents.open("said");
    await isStatus(app, "b", "completed");
    await isStatus(app, "c", "completed");
    assert.equal((await taskOf(app, "a")).status, "running");
    app.agents.open("end");
    await isStatus(app, "a", "completed");
  });
});

Deno.test("if the task that went first tells nothing, another one goes first", async () => {
  await withApp({ config: configWith() }, async (app) => {
    await start(app, "a", `attempt 1: ${refusal(HOUR_MS)}; wait never`);
    await waitsFor(app, "a", "provider_limit");
    await start(app, "b", "work; say done");
    await release(app, "one");
    await until(() => startsOf(app, "a").length === 2);
    await app.post({ type: "cancel_task", task_id: "a" });
    await isStatus(app, "b", "completed");
  });
});

Deno.test("several refusals within a hold count once, and a reset that was told is believed once", async () => {
  await withApp({ config: configWith({}, { one: TALKATIVE }) }, async (app) => {
    const running = ["a", "b"].map((id) =>
      start(app, id, `attempt 1: wait ${id}; ${refusal()}; work; say done`)
    );
    await Promise.all(running);
    await until(() => app.agents.runs.length === 2);
    app.agents.open("a");
    await waitsFor(app, "a", "provider_limit");
    const { held_until } = await agentOf(app, "one");
    const first_ms = Date.parse(String(held_until)) - Date.now();
    assert.ok(first_ms > 50_000 && first_ms <= 75_000, String(first_ms));
    app.agents.open("b");
    await waitsFor(app, "b", "provider_limit");
    assert.equal((await agentOf(app, "one")).held_until, held_until);
  });
});

Deno.test("a refusal that names a model holds that model alone", async () => {
  await withApp({ config: configWith() }, async (app) => {
    await start(app, "a", refusal(HOUR_MS, { model: "big" }), { model: "big" });
    await waitsFor(app, "a", "provider_limit");
    await start(app, "small", "say done", { model: "small" });
    await isStatus(app, "small", "completed");
    await start(app, "b", "say done", { model: "big" });
    await waitsFor(app, "b", "provider_limit");
    const agent = await agentOf(app, "one");
    assert.equal(agent.held_until, undefined);
    assert.deepEqual((agent.held_models as Fields[]).map(({ model }) => model), ["big"]);
    assert.equal((await release(app, "one")).was_held, true);
  });
});

Deno.test("a task that names no model waits for the one that its refusal names", async () => {
  await withApp({ config: configWith() }, async (app) => {
    await start(app, "a", refusal(HOUR_MS, { model: "big" }));
    await waitsFor(app, "a", "provider_limit");
    assert.equal(startsOf(app, "a").length, 1);
  });
});

Deno.test("with the action fail the refused task fails, and nobody is held", async () => {
  await withApp({ config: configWith({ provider_limit: { action: "fail" } }) }, async (app) => {
    await start(app, "a", refusal(HOUR_MS));
    await isStatus(app, "a", "failed");
    assert.deepEqual((await taskOf(app, "a")).failure, {
      kind: "provider_limit",
      message: "5-hour limit reached",
    });
    await start(app, "b", "say done");
    await isStatus(app, "b", "completed");
    const { reply } = await app.post({ type: "list_tasks", filter: { failure: "provider_limit" } });
    assert.deepEqual((reply.tasks as Fields[]).map(({ id }) => id), ["a"]);
  });
});

Deno.test("a task that would wait longer than allowed fails and says so, while others wait", async () => {
  await withApp({ config: configWith({ provider_limit: { max_wait_ms: 60_000 } }) }, async (app) => {
    await start(app, "a", refusal(HOUR_MS));
    await isStatus(app, "a", "failed");
    const { failure } = await taskOf(app, "a");
    assert.equal(failure?.kind, "provider_limit");
    assert.match(
      String(failure?.message),
      /^5-hour limit reached\. It would have to wait until 20.*max_wait_ms/,
    );
    await start(app, "b", "say done");
    await waitsFor(app, "b", "provider_limit");
  });
});

Deno.test("tasks of a held agent fall back to another one, in a new session that is told what was done", async () => {
  const agents = { one: { ...TALKATIVE, fallback: ["two"] } };
  await withApp({ config: configWith({ provider_limit: { action: "fallback" } }, agents) }, async (app) => {
    await start(app, "a", `session s; attempt 1: say half; attempt 1: ${refusal(HOUR_MS)}; say done`, {
      model: "big",
    });
    await isStatus(app, "a", "completed");
    const [first, second] = startsOf(app, "a");
    assert.deepEqual([first?.request.agent_name, first?.request.model], ["one", "big"]);
    assert.deepEqual([second?.request.agent_name, second?.request.model], ["two", undefined]);
    assert.equal(second?.request.resume, undefined);
    assert.equal(second?.request.earlier?.answer, "half");
    assert.equal((await taskOf(app, "a")).retry_count, 0);
    await start(app, "b", "say done");
    await isStatus(app, "b", "completed");
    assert.equal(startsOf(app, "b")[0]?.request.agent_name, "two");
    // Each is refused: the one that goes on first is waited for.
    await start(app, "c", refusal(HOUR_MS / 2), { agent: "two" });
    await waitsFor(app, "c", "provider_limit");
    await start(app, "d", "say done");
    await waitsFor(app, "d", "provider_limit");
    assert.equal((await taskOf(app, "d")).waiting_for?.agent, "two");
    await release(app, "one");
    await isStatus(app, "d", "completed");
    assert.equal(startsOf(app, "d")[0]?.request.agent_name, "one");
  });
});

Deno.test("a task falls back only to agents that keep its bounds and may be given its variables", async () => {
  const agents = {
    one: {
      ...TALKATIVE,
      model: "priced",
      fallback: ["uncounted", "command", "free"],
      allow_env: ["NODE_OPTIONS"],
    },
    uncounted: { ...TALKATIVE, model: "unknown" },
    command: SCRIPTED,
    free: { ...TALKATIVE, model: "priced", allow_env: ["NODE_OPTIONS"] },
  };
  const pricing = { priced: { input: 1, output: 1 } };
  await withApp({ config: { ...configWith({}, agents), pricing } }, async (app) => {
    app.agents.tellsCost = () => false;
    await start(app, "cost", `attempt 1: ${refusal(HOUR_MS)}; say done`, { max_cost_usd: 1 });
    await isStatus(app, "cost", "completed");
    await start(app, "variables", "say done", { env: { NODE_OPTIONS: "--inspect" } });
    await start(app, "tokens", "say done", { max_tokens: 1000 });
    const takenBy = { cost: "free", variables: "free", tokens: "uncounted" };
    for (const [id, agent] of Object.entries(takenBy)) {
      await isStatus(app, id, "completed");
      assert.equal(startsOf(app, id).at(-1)?.request.agent_name, agent, id);
    }
  });
});

Deno.test("an overloaded provider holds nobody: the task goes on after a wait in its session, without an attempt counted", async () => {
  await withApp({ config: configWith() }, async (app) => {
    for (const kind of ["overloaded", "network"]) {
      const before = Date.now();
      await start(app, kind, `session s; attempt 1: fail ${kind} Busy; say done`);
      await waitsFor(app, kind, "retry");
      const { waiting_for, next_attempt_at, failure } = await taskOf(app, kind);
      const wait_ms = Date.parse(String(waiting_for?.until)) - before;
      assert.ok(wait_ms >= 15_000 && wait_ms < 25_000, String(wait_ms));
      assert.deepEqual([next_attempt_at, failure], [waiting_for?.until, undefined]);
    }
    await start(app, "b", "say done");
    await isStatus(app, "b", "completed");
    assert.equal((await agentOf(app, "one")).held_until, undefined);
  });
});

Deno.test("failures are tried again as configured for their kind, within max_attempts", async () => {
  const retry = {
    timeout: { attempts: 2, delay_ms: 10 },
    refused: { attempts: 5 },
    agent_crashed: { attempts: 1 },
  };
  await withApp({ config: configWith({ retry, max_attempts: 3 }) }, async (app) => {
    await start(app, "slow", "attempt 1: hang; say done", {}, { timeout: 1000 });
    await start(app, "refused", "fail refused No");
    await start(app, "crashed", "fail agent_crashed Gone");
    await isStatus(app, "slow", "completed");
    await isStatus(app, "refused", "failed");
    await isStatus(app, "crashed", "failed");
    const starts = ["slow", "refused", "crashed"].map((id) => startsOf(app, id).length);
    assert.deepEqual(starts, [2, 3, 1]);
  });
});

Deno.test("release_agent refuses an unknown agent, and answers for one that is not held", async () => {
  await withApp({ config: configWith() }, async (app) => {
    const { code, details } = await release(app, "none") as { code: string; details: Fields };
    assert.deepEqual([code, details.field], ["INVALID_FIELD_VALUE", "agent"]);
    const { timestamp: _, ...rest } = await release(app, "two");
    assert.deepEqual(rest, { type: "agent_released", agent: "two", was_held: false });
  });
});
