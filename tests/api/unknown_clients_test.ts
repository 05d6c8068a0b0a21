/** What clients without a key see and use up where one is required, through the doors. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const required = { security: { auth: "required" } };

async function newKey(app: TestApp, permissions: string[]): Promise<string> {
  const { reply } = await app.post(
    { type: "create_key", key: { name: "test", permissions } },
    bearer(app.owner_token),
  );
  return reply.api_key as string;
}

Deno.test("a flood without a key takes nothing from those with one: over HTTP, sockets and MCP", async () => {
  const limits = { global_messages_per_minute: 100, connections: 20 };
  await withApp({ config: { ...required, limits } }, async (app) => {
    const key = await newKey(app, ["read"]);
    const codes = new Set<unknown>();
    for (let i = 0; i < 40; i++) {
      codes.add((await app.post({ type: "ping" })).reply.code);
      await app.post({ type: "authenticate", api_key: `sk-guess${i}` });
    }
    assert.ok(codes.has("RATE_LIMIT_EXCEEDED"), "the flood is refused");
    const sockets = [await app.connect()];
    for (let i = 0; i < 10; i++) {
      const response = await fetch(`${app.url}/ws`);
      await response.text();
      if (response.status === 429) break;
      sockets.push(await app.connect());
    }
    assert.ok(sockets.length < 5, "one address does not take all places");
    assert.equal((await app.post({ type: "ping" }, bearer(key))).reply.type, "pong");
    assert.equal(
      (await app.post({ type: "authenticate", api_key: key })).reply.type,
      "authentication_success",
    );
    const known = new WebSocket(`${app.url.replace("http", "ws")}/ws`, { headers: bearer(key) } as never);
    await new Promise((resolve) => known.onmessage = resolve);
    // The place of a client that signs in is free again for others.
    const [first] = sockets;
    assert.equal(
      (await first!.request({ type: "authenticate", api_key: key })).type,
      "authentication_success",
    );
    const closed = new Promise((resolve) => known.onclose = resolve);
    known.close();
    await Promise.all([closed, ...sockets.map((socket) => socket.close())]);
  });
});

Deno.test("a read key that uses up all it may leaves the reserve to the owner", async () => {
  const limits = { global_messages_per_minute: 30, messages_per_minute: 100, burst_per_second: 100 };
  await withApp({ config: { ...required, limits } }, async (app) => {
    const key = await newKey(app, ["read"]);
    let refused: Record<string, unknown> = {};
    for (let i = 0; i < 40 && refused.code === undefined; i++) {
      refused = (await app.post({ type: "ping" }, bearer(key))).reply;
    }
    assert.equal((refused.details as Record<string, unknown>).limit, "global_messages_per_minute");
    assert.equal((await app.post({ type: "list_keys" }, bearer(app.owner_token))).status, 200);
  });
});

Deno.test("MCP tells its tools only to those who show a key, where one is required", async () => {
  const list = (app: TestApp, headers: Record<string, string> = {}) =>
    fetch(`${app.url}/mcp`, {
      method: "POST",
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...headers,
      },
    });
  await withApp({ config: required }, async (app) => {
    const refused = await list(app);
    assert.equal(refused.status, 401);
    assert.equal((await refused.json()).error.data.code, "AUTHENTICATION_REQUIRED");
    const told = await list(app, bearer(await newKey(app, ["read"])));
    assert.equal(told.status, 200);
    assert.match(await told.text(), /start_task/);
  });
});

Deno.test("every answer says what a browser may do with it; pages load nothing from elsewhere", async () => {
  await withApp({}, async (app) => {
    for (
      const path of ["/", "/docs", "/health", "/schema.json", "/nothing", "/metrics", "/assets/nothing.js"]
    ) {
      const response = await fetch(app.url + path);
      await response.text();
      const policy = response.headers.get("content-security-policy") ?? "";
      assert.match(policy, /^default-src 'none';.*frame-ancestors 'none'/, path);
      assert.ok(!/https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/.test(policy), `${path}: ${policy}`);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff", path);
    }
  });
});

const scripted = { agents: { scripted: SCRIPTED }, tasks: { default_agent: "scripted" } };

/** Calls a tool over MCP. The answer begins at once, and ends with the call. */
function callTool(app: TestApp, key: string, name: string, input: object, signal?: AbortSignal) {
  const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: input } };
  return fetch(`${app.url}/mcp`, {
    method: "POST",
    body: JSON.stringify(message),
    headers: {
      ...bearer(key),
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    signal,
  });
}

async function startLong(app: TestApp): Promise<void> {
  const task = { id: "long", type: "testing", priority: "low", description: "x" };
  const message = { type: "start_task", task: { ...task, execution: { prompt: "hang" } } };
  assert.equal((await app.post(message, bearer(app.owner_token))).reply.type, "task_started");
}

Deno.test("a call over MCP that waits hears nothing more once its key is revoked", async () => {
  await withApp({ config: { ...required, ...scripted } }, async (app) => {
    await startLong(app);
    const { reply } = await app.post(
      { type: "create_key", key: { name: "test", permissions: ["read"] } },
      bearer(app.owner_token),
    );
    const { key: { id }, api_key } = reply as { key: { id: string }; api_key: string };
    const waits = await callTool(app, api_key, "wait_for_task", { task_id: "long", timeout_seconds: 60 });
    assert.equal(waits.status, 200);
    await app.post({ type: "revoke_key", key_id: id }, bearer(app.owner_token));
    // The call may not have begun to listen yet. Both states are news.
    const answer = waits.text();
    let isOver = false;
    const over = answer.finally(() => isOver = true);
    while (!isOver) {
      await app.post({ type: "pause_task", task_id: "long" }, bearer(app.owner_token));
      await Promise.race([over, app.post({ type: "resume_task", task_id: "long" }, bearer(app.owner_token))]);
    }
    const text = await answer;
    assert.match(text, /AUTHENTICATION_REQUIRED|INVALID_AUTH_TOKEN/);
    assert.doesNotMatch(text, /paused/);
  });
});

Deno.test("one key's calls over MCP leave places for other keys", async () => {
  const limits = { enabled: false };
  await withApp({ config: { ...required, ...scripted, limits } }, async (app) => {
    await startLong(app);
    const [greedy, other] = [await newKey(app, ["read"]), await newKey(app, ["read"])];
    const abort = new AbortController();
    const waiting = (key: string) =>
      callTool(app, key, "wait_for_task", { task_id: "long", timeout_seconds: 600 }, abort.signal);
    const calls = await Promise.all(Array.from({ length: 100 }, () => waiting(greedy)));
    const taken = calls.filter(({ status }) => status === 200);
    assert.equal(taken.length, 50);
    assert.equal(calls.filter(({ status }) => status === 503).length, 50);
    const another = await waiting(other);
    assert.equal(another.status, 200);
    abort.abort();
    await Promise.allSettled([...calls, another].map((call) => call.text()));
  });
});
