/** Limits through the door: what stops a client, what it is told, what administrators see and change. */
import assert from "node:assert/strict";
import { CLOSE, RawSocket } from "../fixtures/raw_socket.ts";
import { withApp } from "../fixtures/app.ts";
import type { Door } from "../fixtures/door.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";
import { timeLimit } from "../fixtures/time_limit.ts";

type Fields = Record<string, unknown>;

const CONFIG = {
  agents: { nothing: SCRIPTED },
  tasks: { default_agent: "nothing" },
};
/** The message limits out of the way of a test of another one. */
const WIDE = { messages_per_minute: 10_000, global_messages_per_minute: 10_000, burst_per_second: 10_000 };

const task = (id: string) => ({ id, type: "testing", priority: "low", description: "nothing" });

async function data(socket: TestSocket, query: Fields = {}): Promise<Fields> {
  const reply = await socket.request({ type: "request_rate_limits", ...query });
  assert.equal(reply.type, "rate_limits", JSON.stringify(reply));
  return reply.data as Fields;
}

async function change(socket: TestSocket, wanted: Fields): Promise<Message> {
  return await socket.request({ type: "update_rate_limits", ...wanted });
}

/** Waits until the server's own log holds so many entries with this text. */
async function untilLogged(server: Door, message_contains: string, count: number): Promise<void> {
  await until(async () => {
    const { reply } = await server.post({ type: "request_log_entries", filter: { message_contains } });
    return (reply.data as Fields).filtered_count === count;
  });
}

/** Sends so many at once, and answers the replies. */
async function burst(socket: TestSocket, count: number, message: (i: number) => Fields): Promise<Message[]> {
  return await Promise.all(Array.from({ length: count }, (_, i) => socket.request(message(i))));
}

const refusedBy = (limit: string, current_limit: number, time_window_seconds = 60) => (reply: Fields) => {
  assert.equal(reply.code, "RATE_LIMIT_EXCEEDED", JSON.stringify(reply));
  const { retry_after_seconds, ...details } = reply.details as Fields;
  assert.deepEqual(details, { current_limit, time_window_seconds, limit });
  assert.ok(Number(retry_after_seconds) >= 1 && Number(retry_after_seconds) <= time_window_seconds);
};

Deno.test("a burst of 20, then refusals that say when to come back; a batch counts by its members", () =>
  withApp({ config: CONFIG }, async (server) => {
    const socket = await server.connect();
    const replies = await burst(socket, 25, () => ({ type: "ping", timestamp: 1 }));
    const refused = replies.filter(({ type }) => type === "error");
    assert.ok(refused.length >= 3 && refused.length <= 5, `${refused.length} refused`);
    refused.forEach(refusedBy("burst_per_second", 20, 1));

    const other = await server.connect();
    const requests = Array.from({ length: 25 }, () => ({ type: "ping", timestamp: 1 }));
    const { responses } = await other.request({ type: "batch", requests });
    const within = (responses as Message[]).filter(({ type }) => type === "pong").length;
    assert.ok(within >= 20 && within <= 22, `${within} of 25 in a batch`);
  }));

Deno.test("a batch within the remaining limit is carried out whole; with nothing left, it is refused whole", () =>
  withApp({ config: { limits: { ...WIDE, messages_per_minute: 7 } } }, async (server) => {
    const socket = await server.connect();
    const batch = (count: number) =>
      socket.request({ type: "batch", requests: Array(count).fill({ type: "ping" }) });
    const types = async (count: number) =>
      ((await batch(count)).responses as Message[]).map(({ type, code }) => code ?? type);
    assert.deepEqual(await types(5), Array(5).fill("pong"));
    assert.deepEqual(await types(4), ["pong", "pong", "RATE_LIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED"]);
    refusedBy("messages_per_minute", 7)(await batch(2));
  }));

Deno.test("kinds of requests have their own limits, also over HTTP, where they apply per address", () =>
  withApp({ config: { ...CONFIG, limits: WIDE } }, async (server) => {
    const socket = await server.connect();
    const tasks = await burst(socket, 11, (i) => ({ type: "start_task", task: task(`t${i}`) }));
    assert.equal(tasks.filter(({ type }) => type === "task_started").length, 10);
    refusedBy("tasks_per_minute", 10)(tasks[10]!);
    const checks = await burst(socket, 51, () => ({ type: "get_task_status", task_id: "t0" }));
    refusedBy("status_checks_per_minute", 50)(checks[50]!);
    const results = await burst(socket, 101, () => ({ type: "get_task_result", task_id: "t0" }));
    assert.deepEqual(results.slice(0, 100).filter(({ type }) => type !== "task_result"), []);
    refusedBy("file_operations_per_minute", 100)(results[100]!);
    const logs = await burst(socket, 21, () => ({ type: "request_log_entries" }));
    refusedBy("log_queries_per_minute", 20)(logs[20]!);
    const kills = await burst(socket, 6, () => ({ type: "kill_process", pid: 999_999_999 }));
    assert.deepEqual(kills.slice(0, 5).map(({ code }) => code), Array(5).fill("PROCESS_NOT_FOUND"));
    refusedBy("kills_per_minute", 5)(kills[5]!);

    const posted = [];
    for (let i = 0; i < 11; i++) {
      posted.push(await server.post({ type: "start_task", task: task(`http${i}`) }));
    }
    assert.deepEqual(posted.map(({ status }) => status), [...Array(10).fill(200), 429]);
    const { reply } = posted[10]!;
    refusedBy("tasks_per_minute", 10)(reply);
    const again = await fetch(`${server.url}/api`, {
      method: "POST",
      body: JSON.stringify({ type: "start_task", task: task("http11") }),
    });
    const { details } = await again.json();
    assert.equal(again.headers.get("retry-after"), String(details.retry_after_seconds));
  }));

Deno.test("from 80 % of a limit on, only that client is warned; on the channel, each client gets its own figures", () =>
  withApp({ config: { ...CONFIG, limits: WIDE } }, async (server) => {
    const [socket, other] = [await server.connect(), await server.connect()];
    await burst(socket, 8, (i) => ({ type: "start_task", task: task(`t${i}`) }));
    const info = await socket.next((m) => m.type === "rate_limit_info");
    const { current, limit, reset_time } = (info.limits as Record<string, Fields>).tasks_per_minute!;
    assert.deepEqual([current, limit], [8, 10]);
    const left_ms = Date.parse(String(reset_time)) - Date.now();
    assert.ok(left_ms > 0 && left_ms <= 61_000);

    await other.request({ type: "subscribe_to_updates", channels: ["rate_limits"] });
    const own = await other.next((m) => m.type === "rate_limit_info");
    const limits = own.limits as Record<string, Fields>;
    assert.equal(limits.tasks_per_minute, undefined, "another's tasks");
    assert.equal(limits.messages_per_minute!.current, 1);
    assert.equal(limits.global_messages_per_minute!.current, 9);
  }));

Deno.test("too many connections are refused with 429, and when to come back", () =>
  withApp({ config: { limits: { connections: 3, connections_per_second: 1000 } } }, async (server) => {
    for (let i = 0; i < 3; i++) await server.connect();
    const response = await upgradeRefused(server);
    assert.equal(response.status, 429);
    assert.equal(response.headers.get("retry-after"), "1");
    assert.equal(response.body.code, "CONNECTION_LIMIT_EXCEEDED");
  }));

Deno.test("too many reconnections within a minute are refused with 429", () =>
  withApp({ config: {} }, async (server) => {
    for (let i = 0; i < 6; i++) {
      const socket = await server.connect();
      await socket.close();
    }
    const { status, headers, body } = await upgradeRefused(server);
    assert.equal(status, 429);
    refusedBy("reconnections_per_minute", 5)(body);
    assert.ok(Number(headers.get("retry-after")) >= 1);
  }));

Deno.test("a reconnection does not count for who shows a key, with the upgrade or after it", () =>
  withApp({ config: {} }, async (server) => {
    const shown = [`Authorization: Bearer ${server.owner_token}`];
    const again = async (i: number) => {
      if (i % 2 === 0) {
        const raw = await RawSocket.upgrade(server.url, shown);
        assert.equal(raw.status, 101);
        await raw.message();
        await raw.sendFrame(CLOSE, new Uint8Array([3, 232]));
        await raw.closeCode();
        return raw.close();
      }
      const socket = await server.connect();
      await socket.request({ type: "authenticate", api_key: server.owner_token });
      await socket.close();
    };
    // A second holds ten new connections.
    for (let i = 0; i < 10; i++) await again(i);
    await until(async () => {
      const unknown = await RawSocket.upgrade(server.url);
      unknown.close();
      return unknown.status === 101;
    });
  }));

Deno.test("a page of the server itself is not limited in reconnections; one that is refused can ask why", () =>
  withApp({ config: { limits: { reconnections_per_minute: 1 } } }, async (server) => {
    const page = [`Origin: ${server.url}`];
    for (let i = 0; i < 2; i++) await (await server.connect()).close();
    const asked = await fetch(`${server.url}/ws`);
    refusedBy("reconnections_per_minute", 1)(await asked.json());
    assert.equal(asked.status, 429);
    assert.ok(Number(asked.headers.get("retry-after")) >= 1);
    for (let i = 0; i < 4; i++) {
      const raw = await RawSocket.upgrade(server.url, page);
      assert.equal(raw.status, 101);
      raw.close();
    }
    const own = await fetch(`${server.url}/ws`, { headers: { "sec-fetch-site": "same-origin" } });
    assert.equal(own.status, 426);
    await own.body?.cancel();
  }));

Deno.test("with authentication, a page counts like everybody else until it shows a key", () => {
  const config = { limits: { reconnections_per_minute: 1 }, security: { auth: "required" } };
  return withApp({ config }, async (server) => {
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const raw = await RawSocket.upgrade(server.url, [`Origin: ${server.url}`]);
      statuses.push(raw.status);
      raw.close();
      // The server has noticed that it is gone.
      await until(async () => {
        const headers = { authorization: `Bearer ${server.owner_token}` };
        const { reply } = await server.post({ type: "request_metrics" }, headers);
        return ((reply.data as Fields).client_connections as Fields).current === 0;
      });
    }
    assert.deepEqual(statuses, [101, 101, 429]);
  });
});

async function upgradeRefused(
  server: Door,
): Promise<{ status: number; headers: Headers; body: Message }> {
  const raw = await RawSocket.upgrade(server.url);
  try {
    return { status: raw.status, headers: raw.headers, body: JSON.parse(await raw.rest()) };
  } finally {
    raw.close();
  }
}

Deno.test("administrators see what is used, by whom, and what was refused", () =>
  withApp({ config: { ...CONFIG, limits: { ...WIDE, tasks_per_minute: 3 } } }, async (server) => {
    const socket = await server.connect();
    await burst(socket, 5, (i) => ({ type: "start_task", task: task(`t${i}`) }));
    const report = await data(socket);
    assert.equal(report.enabled, true);
    assert.equal((report.limits as Fields).tasks_per_minute, 3);
    const usage = report.usage as Fields[];
    const of = (limit: string, scope: string) =>
      usage.find((row) => row.limit === limit && row.scope === scope)!;
    assert.deepEqual([of("connections", "server").current, of("connections", "server").maximum], [1, 100]);
    assert.equal(of("global_messages_per_minute", "server").current, 6);
    assert.deepEqual(
      [of("tasks_per_minute", "client").client, of("tasks_per_minute", "client").current],
      ["127.0.0.1", 3],
    );
    assert.deepEqual(report.top_clients, [{ client: "127.0.0.1", messages: 6, refused: 2, connections: 1 }]);
    const [violation] = report.violations as Fields[];
    assert.deepEqual([violation!.client, violation!.limit, violation!.count], [
      "127.0.0.1",
      "tasks_per_minute",
      2,
    ]);
    assert.deepEqual(report.violations_by_limit, { tasks_per_minute: 2 });
    const history = report.history as { minute: string; messages: number; refused: number }[];
    assert.equal(history.length, 60);
    assert.equal(history.reduce((sum, { messages }) => sum + messages, 0), 6);
    assert.equal(history.reduce((sum, { refused }) => sum + refused, 0), 2);

    const stranger = await data(socket, { client: "10.1.1.1", minutes: 5 });
    assert.deepEqual([stranger.top_clients, stranger.violations, (stranger.history as []).length], [
      [],
      [],
      5,
    ]);
  }));

Deno.test("administrators change limits for all clients or one, suspend them, and undo both", () =>
  withApp({
    config: { ...CONFIG, limits: { ...WIDE, tasks_per_minute: 1, log_queries_per_minute: 1000 } },
  }, async (server) => {
    const socket = await server.connect();
    let serial = 0;
    const starts = async () => {
      const reply = await socket.request({ type: "start_task", task: task(`t${++serial}`) });
      return reply.type === "task_started" ? "started" : (reply.details as Fields).current_limit;
    };
    assert.deepEqual([await starts(), await starts()], ["started", 1]);
    const set = await change(socket, { limits: { tasks_per_minute: 2 } });
    assert.equal(set.type, "rate_limits_updated");
    assert.equal(((set.data as Fields).limits as Fields).tasks_per_minute, 2);
    assert.deepEqual([await starts(), await starts()], ["started", 2]);

    const override = { client: "127.0.0.1", limits: { tasks_per_minute: 3 }, seconds: 3600 };
    const overridden = (await change(socket, { override })).data as Fields;
    const [shown] = overridden.overrides as Fields[];
    assert.deepEqual([shown!.client, shown!.limits], ["127.0.0.1", { tasks_per_minute: 3 }]);
    assert.ok(Math.abs(Date.parse(String(shown!.until)) - Date.now() - 3_600_000) < timeLimit(5000));
    assert.deepEqual([await starts(), await starts()], ["started", 3]);
    await change(socket, { lift_override: "127.0.0.1" });
    assert.equal(await starts(), 2);

    const suspended = (await change(socket, { suspend: { seconds: 60, reason: "release day" } }))
      .data as Fields;
    assert.equal((suspended.suspended as Fields).reason, "release day");
    assert.deepEqual([await starts(), await starts()], ["started", "started"]);
    const resumed = (await change(socket, { resume: true })).data as Fields;
    assert.equal(resumed.suspended, undefined);
    assert.equal(await starts(), 2);

    const scaled = (await change(socket, { scaling: { enabled: true, minimum: 0.5 } })).data as Fields;
    assert.equal((scaled.scaling as Fields).enabled, true);
    assert.equal(
      ((await change(socket, { scaling: { enabled: false } })).data as Fields & { scaling: Fields }).scaling
        .factor,
      1,
    );

    await untilLogged(server, "Limits changed by anonymous from 127.0.0.1", 7);
  }));

Deno.test("an empty or invalid change is refused and changes nothing", () =>
  withApp({ config: CONFIG }, async (server) => {
    const socket = await server.connect();
    const refusal = async (wanted: Fields) => {
      const { code, details } = await change(socket, wanted);
      return [code, (details as Fields).field];
    };
    assert.deepEqual(await refusal({}), ["MISSING_REQUIRED_FIELD", "limits"]);
    assert.deepEqual(await refusal({ limits: { tasks_per_minute: 0 } }), [
      "INVALID_FIELD_VALUE",
      "limits.tasks_per_minute",
    ]);
    assert.deepEqual(await refusal({ limits: { tasks_per_hour: 5 } }), [
      "INVALID_FIELD_VALUE",
      "limits.tasks_per_hour",
    ]);
    assert.deepEqual(await refusal({ suspend: { seconds: 3601 } }), [
      "INVALID_FIELD_VALUE",
      "suspend.seconds",
    ]);
    assert.deepEqual(await refusal({ lift_override: "10.0.0.1", limits: { tasks_per_minute: 5 } }), [
      "INVALID_FIELD_VALUE",
      "lift_override",
    ]);
    assert.equal(((await data(socket)).limits as Fields).tasks_per_minute, 10);
  }));

Deno.test("repeated refusals and pages of other origins raise an alert on the security channel", () =>
  withApp({ config: { ...CONFIG, limits: { log_queries_per_minute: 1000 } } }, async (server) => {
    const watcher = await server.connect();
    await watcher.request({ type: "subscribe_to_updates", channels: ["security"] });
    const flooding = await server.connect();
    for (let i = 0; i < 150; i++) flooding.send({ type: "ping", timestamp: 1 });
    const flood = await watcher.next((m) => m.type === "security_alert");
    assert.deepEqual([flood.alert_type, flood.severity], ["rate_limit_exceeded", "medium"]);
    const { client_ip, attempts, time_window, limit } = flood.details as Fields;
    assert.deepEqual([client_ip, attempts, time_window, limit], ["127.0.0.1", 100, 60, "burst_per_second"]);

    for (let i = 0; i < 10; i++) {
      const { status, body } = await fetch(`${server.url}/api`, {
        method: "POST",
        headers: { origin: "https://evil.example" },
        body: "{}",
      });
      assert.equal(status, 403);
      await body?.cancel();
    }
    const foreign = await watcher.next((m) =>
      m.type === "security_alert" && m.alert_type === "suspicious_activity"
    );
    assert.equal(foreign.severity, "high");
    assert.match(String((foreign.details as Fields).reason), /evil\.example/);
    await untilLogged(server, "rate_limit_exceeded from 127.0.0.1: 100 times", 1);
    await untilLogged(server, "suspicious_activity from 127.0.0.1: 10 times", 1);
  }));

Deno.test("with limits switched off, nothing is refused, and the use is still reported", () =>
  withApp({ config: { ...CONFIG, limits: { enabled: false } } }, async (server) => {
    const socket = await server.connect();
    const replies = await burst(socket, 200, () => ({ type: "ping", timestamp: 1 }));
    assert.ok(replies.every(({ type }) => type === "pong"));
    const report = await data(socket);
    assert.equal(report.enabled, false);
    assert.equal((report.top_clients as Fields[])[0]!.messages, 201);
  }));
