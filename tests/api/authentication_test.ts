/** Who may ask for what, where `security.auth` is required: keys, sessions, permissions, and those who guess. */
import assert from "node:assert/strict";
import { connect } from "../../src/client/client.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import type { Message } from "../fixtures/socket.ts";

const config = { security: { auth: "required" }, limits: { enabled: false } };

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const task = (id: string) => ({ id, type: "testing", priority: "low", description: "x" });

/** A key that the owner of the data folder makes. */
async function newKey(app: TestApp, permissions: string[]): Promise<string> {
  const { reply } = await app.post(
    { type: "create_key", key: { name: "test", permissions } },
    bearer(app.owner_token),
  );
  assert.equal(reply.type, "key_created", JSON.stringify(reply));
  return reply.api_key as string;
}

Deno.test("without a key, everything but authenticate is refused", async () => {
  await withApp({ config }, async (server) => {
    const socket = await server.connect();
    for (
      const message of [{ type: "ping" }, { type: "start_task", task: task("a") }, { type: "list_keys" }]
    ) {
      const reply = await socket.request(message);
      assert.equal(reply.code, "AUTHENTICATION_REQUIRED", message.type);
    }
    const batch = await socket.request({ type: "batch", requests: [{ type: "ping" }] });
    assert.equal(batch.code, "AUTHENTICATION_REQUIRED");
    const { status, reply } = await server.post({ type: "ping" });
    assert.deepEqual([status, reply.code], [401, "AUTHENTICATION_REQUIRED"]);
    assert.equal(await fetch(`${server.url}/metrics`).then(async (r) => (await r.text(), r.status)), 401);
    assert.equal(await fetch(`${server.url}/health`).then(async (r) => (await r.text(), r.status)), 200);
    await socket.close();
  });
});

Deno.test("a key opens a session: over the socket, and over HTTP by the key or the session's token", async () => {
  await withApp({ config }, async (server) => {
    const api_key = await newKey(server, ["read", "write"]);
    assert.match(api_key, /^sk-[\w-]{32}$/);
    const socket = await server.connect();
    const opened = await socket.request({
      type: "authenticate",
      api_key,
      client_info: { name: "test", more: 1 },
    });
    assert.equal(opened.type, "authentication_success");
    assert.deepEqual(opened.permissions, ["read", "write"]);
    assert.match(opened.session_token as string, /^sess_/);
    const left_ms = Date.parse(opened.expires_at as string) - Date.now();
    assert.ok(left_ms > 59 * 60_000 && left_ms <= 60 * 60_000, `${left_ms}`);
    assert.equal((await socket.request({ type: "ping" })).type, "pong");
    for (const token of [api_key, opened.session_token as string]) {
      assert.equal((await server.post({ type: "ping" }, bearer(token))).reply.type, "pong");
    }
    // The owner's token is for the folder's owner; a key's may not see to keys.
    assert.equal(
      (await socket.request({ type: "create_key", key: { name: "more" } })).code,
      "PERMISSION_DENIED",
    );
    await socket.close();
  });
});

Deno.test("a wrong key is INVALID_AUTH_TOKEN; who keeps guessing is refused and told of, but a valid key is taken from there", async () => {
  await withApp({ config }, async (server) => {
    const api_key = await newKey(server, ["read", "admin"]);
    const watcher = await server.connect();
    await watcher.request({ type: "authenticate", api_key });
    await watcher.request({ type: "subscribe_to_updates", channels: ["security"] });

    const socket = await server.connect();
    const wrong = await socket.request({ type: "authenticate", api_key: "sk-1234567890abcdef" });
    assert.equal(wrong.code, "INVALID_AUTH_TOKEN");
    const { status, reply } = await server.post({ type: "ping" }, bearer("sess_unknown"));
    assert.deepEqual([status, reply.code], [401, "INVALID_AUTH_TOKEN"]);
    let last: Message = wrong;
    for (let i = 0; i < 10 && last.code === "INVALID_AUTH_TOKEN"; i++) {
      last = await socket.request({ type: "authenticate", api_key: `sk-guess${i}` });
    }
    assert.equal(last.code, "RATE_LIMIT_EXCEEDED");
    assert.ok((last.details as { retry_after_seconds: number }).retry_after_seconds > 200);
    assert.equal((await server.post({ type: "ping" }, bearer("sess_unknown"))).status, 429);
    // Valid keys are taken from there all the same, and so is the owner's token.
    for (const token of [api_key, server.owner_token]) {
      assert.equal((await server.post({ type: "ping" }, bearer(token))).reply.type, "pong");
      const opened = await socket.request({ type: "authenticate", api_key: token });
      assert.equal(opened.type, "authentication_success");
    }
    assert.equal((await watcher.request({ type: "ping" })).type, "pong");
    const alert = await watcher.next(({ type, alert_type }) =>
      type === "security_alert" && alert_type === "brute_force_attempt"
    );
    const details = alert.details as Record<string, unknown>;
    assert.deepEqual([alert.severity, details.client_ip], ["high", "127.0.0.1"]);
    assert.ok(Date.parse(details.blocked_until as string) > Date.now());
    await Promise.all([socket.close(), watcher.close()]);
  });
});

Deno.test("a key allows its permissions: read, write, admin; each member of a batch is checked separately", async () => {
  await withApp({ config }, async (server) => {
    const api_key = await newKey(server, ["read"]);
    const socket = await server.connect();
    await socket.request({ type: "authenticate", api_key });
    assert.equal((await socket.request({ type: "list_tasks" })).type, "task_list");
    const denied = await socket.request({ type: "start_task", task: task("a") });
    assert.equal(denied.code, "PERMISSION_DENIED");
    assert.deepEqual(denied.details, { permission: "write", permissions: ["read"] });
    const batch = await socket.request({
      type: "batch",
      requests: [{ type: "ping" }, { type: "cancel_task", task_id: "a" }, {
        type: "update_rate_limits",
        resume: true,
      }],
    });
    const codes = (batch.responses as Message[]).map(({ type, code }) => code ?? type);
    assert.deepEqual(codes, ["pong", "PERMISSION_DENIED", "PERMISSION_DENIED"]);
    const security = await socket.request({ type: "subscribe_to_updates", channels: ["security"] });
    assert.equal(security.code, "PERMISSION_DENIED");
    assert.equal((await server.post({ type: "start_task", task: task("a") }, bearer(api_key))).status, 403);
    await socket.close();
  });
});

Deno.test("the client presents its key first, and gives up if it is refused", async () => {
  await withApp(
    { config: { ...config, security: { auth: "required" } } },
    async (server) => {
      const api_key = await newKey(server, ["read", "write"]);
      const client = await connect(server.url, { api_key });
      assert.equal((await client.request("ping")).type, "pong");
      client.close();
      // Each counts once, though the client asks over HTTP why its socket was refused: the tenth locks the address out.
      for (let i = 0; i < 9; i++) {
        await assert.rejects(
          connect(server.url, { api_key: "sk-wrong" }),
          (error) => error instanceof ApiError && error.code === "INVALID_AUTH_TOKEN",
        );
      }
      assert.equal((await server.post({ type: "ping" }, bearer(api_key))).status, 200);
      await assert.rejects(
        connect(server.url, { api_key: "sk-wrong" }),
        (error) => error instanceof ApiError && error.code === "RATE_LIMIT_EXCEEDED",
      );
    },
  );
});
