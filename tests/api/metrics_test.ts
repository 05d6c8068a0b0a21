/** Figures of the API's use after a known mix of requests: exact, and the same in both forms. */
import assert from "node:assert/strict";
import { EXCHANGES } from "../../src/protocol/messages.ts";
import type { Metrics } from "../../src/protocol/system_messages.ts";
import { withApp } from "../fixtures/app.ts";
import type { Door } from "../fixtures/door.ts";

const config = { limits: { enabled: false } };

async function metricsOf(server: Door, time_range?: string): Promise<Metrics> {
  const { reply } = await server.post({ type: "request_metrics", ...(time_range ? { time_range } : {}) });
  return (EXCHANGES.request_metrics.reply.parse(reply) as { data: Metrics }).data;
}

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The exposition format, read as strictly as its description: a type for each family, no sample twice. */
function parseExposition(text: string): Sample[] {
  const types = new Map<string, string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  assert.ok(text.endsWith("\n"));
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("# HELP ")) continue;
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type) {
      assert.ok(!types.has(type[1]!), `${type[1]} has two types`);
      types.set(type[1]!, type[2]!);
      continue;
    }
    const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^}]*)\})? (\S+)$/.exec(line);
    assert.ok(match, `no sample: ${line}`);
    const [, name, list = "", value] = match as unknown as [string, string, string | undefined, string];
    assert.ok(types.has(name), `${name} has no type`);
    assert.ok(!seen.has(`${name}{${list}}`), `${line} comes twice`);
    seen.add(`${name}{${list}}`);
    const labels = [...list.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?/g)].map((
      [, key, text],
    ) => [key, text]);
    assert.ok(Number.isFinite(Number(value)), line);
    samples.push({ name, labels: Object.fromEntries(labels), value: Number(value) });
  }
  return samples;
}

async function exposition(server: Door): Promise<Sample[]> {
  const response = await fetch(`${server.url}/metrics`);
  assert.match(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  return parseExposition(await response.text());
}

Deno.test("metrics: every figure after a known mix of requests, over WebSocket and HTTP", async () => {
  await withApp({ config }, async (server) => {
    const begun = Date.now();
    const [one, two] = [await server.connect(), await server.connect()];
    for (let i = 0; i < 20; i++) await one.request({ type: "ping", timestamp: i });
    for (let i = 0; i < 5; i++) await two.request({ type: "list_tasks" });
    for (let i = 0; i < 3; i++) await server.post({ type: "list_tasks", limit: 0 });
    await one.request({ type: "get_task_status", task_id: "nobody" });
    await one.request({ type: "pong" });
    one.send("{ no json");
    await one.next(({ code }) => code === "INVALID_JSON");
    await two.request({
      type: "batch",
      requests: [{ type: "ping" }, { type: "ping" }, { type: "nonsense" }],
    });
    await two.close();

    const usage = { ping: 22, list_tasks: 8, get_task_status: 1, batch: 1, unknown: 3 };
    const total = 35;
    const errors = 3 + 1 + 1 + 1 + 1;
    for (const range of ["1m", "15m", "24h"]) {
      // It counts once it is answered.
      const asked = ["1m", "15m", "24h"].indexOf(range);
      const seen = await metricsOf(server, range);
      assert.equal(seen.requests_total, total + asked);
      assert.deepEqual(seen.endpoint_usage, { ...usage, ...(asked > 0 ? { request_metrics: asked } : {}) });
      assert.equal(seen.error_rate_percent, Math.round(10_000 * errors / (total + asked)) / 100);
      const seconds = Math.max(1, (Date.now() - begun) / 1000);
      const rate = seen.requests_total / seconds;
      // The server was there a little before its first client.
      assert.ok(seen.requests_per_second <= rate * 1.05 && seen.requests_per_second > rate / 4, `${rate}`);
      const { p50, p90, p99 } = seen.latency_percentiles_ms;
      assert.ok(p50 > 0 && p50 <= p90 && p90 <= p99);
      assert.ok(seen.average_response_time_ms > 0 && seen.average_response_time_ms <= p99 * 1.01);
      assert.deepEqual(seen.client_connections, { current: 1, peak_today: 2, total_today: 2 });
      assert.equal(seen.time_range, range);
    }
    assert.equal((await metricsOf(server)).time_range, "1h");

    const samples = await exposition(server);
    const value = (name: string, labels: Record<string, string> = {}) =>
      samples.find((sample) =>
        sample.name === `opencode_agents_${name}` &&
        Object.entries(labels).every(([key, text]) => sample.labels[key] === text)
      )?.value;
    const { requests_total, endpoint_usage, average_response_time_ms } = await metricsOf(server, "24h");
    const requests = samples.filter(({ name }) => name === "opencode_agents_requests_total");
    assert.equal(requests.reduce((sum, sample) => sum + sample.value, 0), requests_total);
    for (const [type, count] of Object.entries(endpoint_usage)) {
      const sum = requests.filter(({ labels }) => labels.type === type).reduce(
        (all, { value }) => all + value,
        0,
      );
      assert.equal(sum, count, type);
    }
    assert.equal(value("requests_total", { type: "list_tasks", outcome: "error" }), 3);
    assert.equal(value("requests_total", { type: "list_tasks", outcome: "ok" }), 5);
    const spent_ms = value("request_seconds_total")! * 1000;
    assert.ok(Math.abs(spent_ms - average_response_time_ms * requests_total) < 0.001 * requests_total + 0.01);
    assert.equal(value("connections"), 1);
    for (const status of ["pending", "running", "failed"]) assert.equal(value("tasks", { status }), 0);
    assert.ok(
      value("resident_memory_bytes")! > 10e6 && value("uptime_seconds")! > 0 && value("log_bytes")! > 0,
    );
    await one.close();
  });
});

Deno.test("metrics: an invalid range is refused", async () => {
  await withApp({ config }, async (server) => {
    for (
      const [time_range, code] of [
        ["0m", "INVALID_FIELD_VALUE"],
        ["25h", "INVALID_FIELD_VALUE"],
        ["1441m", "INVALID_FIELD_VALUE"],
        ["1d", "INVALID_FIELD_FORMAT"],
        ["", "INVALID_FIELD_FORMAT"],
        [60, "INVALID_FIELD_TYPE"],
      ]
    ) {
      assert.equal(
        (await server.post({ type: "request_metrics", time_range })).reply.code,
        code,
        `${time_range}`,
      );
    }
    for (const time_range of ["1m", "1440m", "24h", "7h"]) {
      assert.equal((await server.post({ type: "request_metrics", time_range })).status, 200);
    }
  });
});
