/** What turns have used: kept with each task, summed, and told. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { TALKATIVE } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;
// deno-lint-ignore no-explicit-any -- replies as JSON
type Json = any;

const config = (more: Fields = {}, tasks: Fields = {}) => ({
  limits: { enabled: false },
  agents: { talks: TALKATIVE, other: TALKATIVE, runs: { protocol: "command", command: ["scripted"] } },
  pricing: { small: { input: 1, output: 10, cached: 0.1 } },
  ...more,
  tasks: { default_agent: "talks", timezone: "UTC", exclusive_folders: false, ...tasks },
});

async function completed(
  app: TestApp,
  id: string,
  prompt: string,
  execution: Fields = {},
  more: Fields = {},
) {
  const task = { id, type: "testing", priority: "medium", description: id, ...more };
  const { reply } = await app.post({
    type: "start_task",
    task: { ...task, execution: { prompt, ...execution } },
  });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
  await until(async () => (await taskOf(app, id)).status === "completed");
}

async function taskOf(app: TestApp, id: string): Promise<Json> {
  return ((await app.post({ type: "get_task_status", task_id: id })).reply as Json).task;
}

async function report(app: TestApp, request: Fields = {}): Promise<Json> {
  const { reply } = await app.post({ type: "request_usage", ...request });
  assert.equal(reply.type, "usage_report", JSON.stringify(reply));
  return reply;
}

Deno.test("usage: counts beyond all measure are summed and stored, and do not keep the server from starting", () =>
  withApp({ config: config({ pricing: { dear: { input: 1e9, output: 1e9 } } }) }, async (app) => {
    await completed(app, "a", "session s; uses 1e308 1e308 1e308 1e308");
    await app.post({ type: "send_message", task_id: "a", message: "uses 1e308 1e308 1e308 1e308" });
    await until(async () => (await taskOf(app, "a")).usage.turns === 2);
    await completed(app, "b", "uses 1e308 1e308 1e308", { model: "dear" });
    const before = await report(app, { group_by: ["agent"] });
    for (const name of ["input_tokens", "output_tokens", "cached_tokens", "cost_usd"]) {
      assert.equal(typeof before.totals[name], "number", name);
    }
    const metrics = await fetch(`${app.url}/metrics`);
    assert.equal(metrics.status, 200);
    assert.match(await metrics.text(), /\nopencode_agents_cost_usd_total\{/);
    await app.restart();
    const { timestamp: _before, ...told } = before;
    const { timestamp: _after, ...again } = await report(app, { group_by: ["agent"] });
    assert.deepEqual(again, told);
  }));

Deno.test("usage: each turn is kept with its task, and summed by agent, model, project, owner, type and day", () =>
  withApp({ config: config() }, async (app) => {
    await completed(app, "a", "uses 100 20 5 0.5", {}, { metadata: { owner: "mara", project: "shop" } });
    await app.post({ type: "send_message", task_id: "a", message: "uses 50 10 0 0.25" });
    await until(async () => (await taskOf(app, "a")).usage.turns === 2);
    await completed(app, "b", "uses 1000 100 10000", { agent: "other", model: "maker/small" });
    await completed(app, "c", "print hello", { agent: "runs" }, { type: "refactoring" });

    const { usage } = await taskOf(app, "a");
    assert.ok(usage.duration_ms >= 0);
    assert.deepEqual({ ...usage, duration_ms: 0 }, {
      turns: 2,
      input_tokens: 150,
      output_tokens: 30,
      cached_tokens: 5,
      cost_usd: 0.75,
      cost_source: "reported",
      duration_ms: 0,
    });
    const { result } = (await app.post({ type: "get_task_result", task_id: "a" })).reply as Json;
    assert.deepEqual(result.turns.map((turn: Json) => turn.usage.cost_usd), [0.5, 0.25]);

    const { totals, timezone, today } = await report(app);
    assert.deepEqual([totals.tasks, totals.turns, totals.cost_usd, totals.cost_source], [
      3,
      4,
      0.753,
      "mixed",
    ]);
    assert.equal(timezone, "UTC");
    const by = async (...group_by: string[]) =>
      (await report(app, { group_by })).rows.map((row: Json) =>
        [...group_by.map((key) => row[key]), row.tasks, row.turns, row.cost_usd, row.cost_source].join(" ")
      );
    assert.deepEqual(await by("agent"), [
      "talks 1 2 0.75 reported",
      "other 1 1 0.003 estimated",
      "runs 1 1 0 unknown",
    ]);
    assert.deepEqual(await by("owner", "project"), ["mara shop 1 2 0.75 reported", "  2 2 0.003 mixed"]);
    assert.deepEqual((await by("model"))[1], "maker/small 1 1 0.003 estimated");
    assert.deepEqual(await by("type"), ["testing 2 3 0.753 mixed", "refactoring 1 1 0 unknown"]);
    assert.deepEqual(await by("day"), [`${today} 3 4 0.753 mixed`]);
    assert.deepEqual(await by(), ["3 4 0.753 mixed"]);
    assert.equal((await report(app, { start: "2100-01-01" })).totals.turns, 0);
    assert.equal((await report(app, { end: "2000-01-01T00:00:00Z" })).totals.turns, 0);
    assert.equal((await report(app, { start: today, end: today })).totals.turns, 4);

    const text = await (await fetch(`${app.url}/metrics`)).text();
    assert.match(text, /opencode_agents_cost_usd_total\{agent="talks"[^}]*\} 0.75/);
    assert.match(
      text,
      /opencode_agents_tokens_total\{agent="other",model="maker\/small",kind="cached"\} 10000/,
    );
  }));

Deno.test("usage: what cannot be asked for is refused", () =>
  withApp({ config: config() }, async (app) => {
    for (
      const [request, code, field] of [
        [{ group_by: ["agent", "agent"] }, "INVALID_FIELD_VALUE", "group_by[1]"],
        [{ group_by: ["color"] }, "INVALID_FIELD_VALUE", "group_by[0]"],
        [{ start: "yesterday" }, "INVALID_FIELD_FORMAT", "start"],
        [{ end: "2026-02-30" }, "INVALID_FIELD_FORMAT", "end"],
      ] as const
    ) {
      const reply = (await app.post({ type: "request_usage", ...request })).reply as Json;
      assert.deepEqual([reply.code, reply.details?.field], [code, field], JSON.stringify(reply));
    }
  }));
