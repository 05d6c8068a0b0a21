/** Who may ask for what, where `security.auth` is required: keys, sessions, permissions, and those who guess. */
import assert from "node:assert/strict";
import { connect } from "../../src/client/client.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

const config = { security: { auth: "required" }, limits: { enabled: false } };

/** Runs a command as the owner of the server's data folder. */
async function command(
  server: TestServer,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const [program, ...rest] = server.commandOf(...args, "--data", server.data);
  const { code, stdout, stderr } = await new Deno.Command(program!, { args: rest, stdin: "null" }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

async function newKey(server: TestServer, permissions: string): Promise<{ id: string; api_key: string }> {
  const { code, stdout, stderr } = await command(
    server,
    "keys",
    "create",
    "test",
    "--permissions",
    permissions,
    "--json",
  );
  assert.equal(code, 0, stderr);
  const { key, api_key } = JSON.parse(stdout);
  return { id: key.id, api_key };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const task = (id: string) => ({ id, type: "testing", priority: "low", description: "x" });

Deno.test("without a key everything is refused but to show one", async () => {
  await withServer({ config }, async (server) => {
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
  await withServer({ config }, async (server) => {
    const { api_key } = await newKey(server, "read,write");
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

Deno.test("a wrong key is INVALID_AUTH_TOKEN; who goes on guessing is kept out, and it is told", async () => {
  await withServer({ config }, async (server) => {
    const { api_key } = await newKey(server, "read,admin");
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
    // The right key is not taken from there either, but who is in stays in.
    assert.equal((await socket.request({ type: "authenticate", api_key })).code, "RATE_LIMIT_EXCEEDED");
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

Deno.test("a key does what it may: read, write, admin; each member of a batch by itself", async () => {
  await withServer({ config }, async (server) => {
    const { api_key } = await newKey(server, "read");
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

Deno.test("a revoked key ends its connections and sessions at once; keys are there after a restart", async () => {
  await withServer({ config }, async (server) => {
    const kept = await newKey(server, "read");
    const lost = await newKey(server, "read");
    const socket = await server.connect();
    const { session_token } = await socket.request({ type: "authenticate", api_key: lost.api_key });
    assert.equal((await command(server, "keys", "revoke", lost.id)).code, 0);
    assert.equal((await socket.closed).code, 1008);
    for (const token of [lost.api_key, session_token as string]) {
      assert.equal((await server.post({ type: "ping" }, bearer(token))).reply.code, "INVALID_AUTH_TOKEN");
    }
    await server.restart("SIGKILL");
    assert.equal((await server.post({ type: "ping" }, bearer(kept.api_key))).reply.type, "pong");
    assert.equal(
      (await server.post({ type: "ping" }, bearer(lost.api_key))).reply.code,
      "INVALID_AUTH_TOKEN",
    );
    const admin = await newKey(server, "admin");
    const gone = await server.post({ type: "revoke_key", key_id: kept.id }, bearer(admin.api_key));
    assert.deepEqual([gone.reply.type, gone.reply.key_id], ["key_revoked", kept.id]);
    assert.equal((await server.post({ type: "ping" }, bearer(kept.api_key))).status, 401);
    const unknown = await command(server, "keys", "revoke", "key_none");
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /no key 'key_none'/);
  });
});

Deno.test("keys are made without a server too, listed without their secret, and open the next start", async () => {
  await withServer({ config }, async (server) => {
    await server.stop("SIGTERM");
    const { id, api_key } = await newKey(server, "read,write,admin");
    const { stdout } = await command(server, "keys", "list");
    assert.match(stdout, new RegExp(`${id} .*read,write,admin.*valid`));
    assert.ok(!stdout.includes(api_key));
    await server.start();
    assert.equal((await server.post({ type: "list_keys" }, bearer(api_key))).reply.type, "key_list");
    const wrong = await command(server, "keys", "create", "x", "--permissions", "fly");
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /read.*write.*admin/);
  });
});

Deno.test("commands work for the folder's owner without a key, and for others with one", async () => {
  await withServer({ config }, async (server) => {
    assert.equal((await command(server, "tasks")).code, 0);
    const { api_key } = await newKey(server, "read");
    const [program, ...args] = server.commandOf("tasks", "--url", server.url);
    const outsider = async (...more: string[]) =>
      (await new Deno.Command(program!, { args: [...args, ...more], stdin: "null" }).output()).code;
    assert.equal(await outsider(), 1);
    assert.equal(await outsider("--key", api_key), 0);
  });
});

Deno.test("the client shows its key before all else, and gives up when it is not taken", async () => {
  await withServer(
    { config: { ...config, security: { auth: "required" } } },
    async (server) => {
      const { api_key } = await newKey(server, "read,write");
      const client = await connect(server.url, { api_key });
      assert.equal((await client.request("ping")).type, "pong");
      client.close();
      await assert.rejects(
        connect(server.url, { api_key: "sk-wrong" }),
        (error) => error instanceof ApiError && error.code === "INVALID_AUTH_TOKEN",
      );
    },
  );
});

Deno.test("another address is listened on where keys are required", async () => {
  await withServer({ config, args: ["--host", "0.0.0.0"] }, async (server) => {
    const port = new URL(server.url).port;
    const response = await fetch(`http://127.0.0.1:${port}/api`, { method: "POST", body: '{"type":"ping"}' });
    assert.equal(response.status, 401);
    await response.body?.cancel();
    await until(() => server.stdout.includes("listening on"));
  });
});
