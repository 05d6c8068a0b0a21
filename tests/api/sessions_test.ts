/** Sessions end with their time and their key, however they began; keys are rotated, and tell when they were used last. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import type { Message } from "../fixtures/socket.ts";

const config = { security: { auth: "required" }, limits: { enabled: false } };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

interface NewKey {
  api_key: string;
  id: string;
  key: Record<string, unknown>;
}

async function newKey(app: TestApp, permissions: string[], more: Message | object = {}): Promise<NewKey> {
  const { reply } = await app.post(
    { type: "create_key", key: { name: "test", permissions, ...more } },
    bearer(app.owner_token),
  );
  assert.equal(reply.type, "key_created", JSON.stringify(reply));
  const key = reply.key as Record<string, unknown>;
  return { api_key: reply.api_key as string, id: key.id as string, key };
}

const asOwner = async (app: TestApp, message: object) =>
  (await app.post(message, bearer(app.owner_token))).reply;

async function sessions(app: TestApp, token = app.owner_token): Promise<Record<string, unknown>[]> {
  return (await app.post({ type: "list_sessions" }, bearer(token))).reply.sessions as Record<
    string,
    unknown
  >[];
}

Deno.test("a socket that showed its key in a header has a session too, which ends with the key", async () => {
  await withApp({ config }, async (app) => {
    const { api_key, id } = await newKey(app, ["read"]);
    const socket = new WebSocket(
      app.url.replace("http", "ws") + "/ws",
      { headers: bearer(api_key) } as never,
    );
    const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
    await new Promise((resolve) => socket.onmessage = resolve);
    const [session] = (await sessions(app)).filter((one) => one.key_id === id);
    assert.ok(session, "it is listed");
    const left_ms = Date.parse(session.expires_at as string) - Date.parse(session.started_at as string);
    assert.ok(
      left_ms > 0 && left_ms <= 60 * 60_000,
      `it ends within session_minutes, not after ${left_ms} ms`,
    );
    assert.equal((await asOwner(app, { type: "revoke_key", key_id: id })).type, "key_revoked");
    assert.equal((await closed).code, 1008);
    assert.deepEqual((await sessions(app)).filter((one) => one.key_id === id), []);
  });
});

Deno.test("a session that is ended closes its socket, one that began in a header as well", async () => {
  await withApp({ config }, async (app) => {
    const { api_key, id } = await newKey(app, ["read"]);
    const header = new WebSocket(
      app.url.replace("http", "ws") + "/ws",
      { headers: bearer(api_key) } as never,
    );
    const closed = new Promise<CloseEvent>((resolve) => header.onclose = resolve);
    await new Promise((resolve) => header.onmessage = resolve);
    const socket = await app.connect();
    const { session_token } = await socket.request({ type: "authenticate", api_key });
    const open = (await sessions(app)).filter((one) => one.key_id === id);
    assert.equal(open.length, 2);
    assert.deepEqual(
      Object.keys(open[0]!).sort(),
      ["actor", "expires_at", "ip", "is_current", "key_id", "last_seen_at", "session_id", "started_at"],
    );
    assert.deepEqual(open[0]!.actor, { kind: "key", id, name: "test", tenant: "default" });
    for (const { session_id } of open) {
      assert.equal((await asOwner(app, { type: "end_session", session_id })).type, "session_ended");
    }
    assert.equal((await closed).code, 1008);
    await socket.closed;
    assert.equal((await app.post({ type: "ping" }, bearer(session_token as string))).status, 401);
    assert.equal(
      (await app.post({ type: "ping" }, bearer(api_key))).status,
      200,
      "the key itself still holds",
    );
    const unknown = await asOwner(app, { type: "end_session", session_id: "session_x" });
    assert.equal(unknown.code, "INVALID_FIELD_VALUE");
  });
});

Deno.test("logout ends the session, its other sockets and its token; this connection can sign in again", async () => {
  await withApp({ config }, async (app) => {
    const { api_key } = await newKey(app, ["read"]);
    const [socket, other] = [await app.connect(), await app.connect()];
    const { session_token } = await socket.request({ type: "authenticate", api_key });
    await other.request({ type: "authenticate", api_key: session_token });
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    const out = await socket.request({ type: "logout" });
    assert.equal(out.type, "logged_out");
    assert.match(out.session_id as string, /^session_/);
    await other.closed;
    assert.equal((await socket.request({ type: "ping" })).code, "AUTHENTICATION_REQUIRED");
    assert.equal((await app.post({ type: "ping" }, bearer(session_token as string))).status, 401);
    assert.equal((await socket.request({ type: "authenticate", api_key })).type, "authentication_success");
    await socket.close();
    // Over HTTP a session's token ends its session; the owner's token stays what it is.
    assert.equal((await asOwner(app, { type: "logout" })).type, "logged_out");
    assert.equal((await asOwner(app, { type: "ping" })).type, "pong");
  });
});

Deno.test("a key sees and ends its own sessions; those of others need admin", async () => {
  await withApp({ config }, async (app) => {
    const [one, two] = [await newKey(app, ["read"]), await newKey(app, ["read"])];
    const [a, b] = [await app.connect(), await app.connect()];
    await a.request({ type: "authenticate", api_key: one.api_key });
    await b.request({ type: "authenticate", api_key: two.api_key });
    const seen = (await a.request({ type: "list_sessions" })).sessions as Record<string, unknown>[];
    assert.deepEqual(seen.map((each) => [each.key_id, each.is_current]), [[one.id, true]]);
    const foreign = (await sessions(app)).find((each) => each.key_id === two.id)!;
    const denied = await a.request({ type: "end_session", session_id: foreign.session_id });
    assert.equal(denied.code, "PERMISSION_DENIED");
    assert.equal((await b.request({ type: "ping" })).type, "pong");
    // The reply to the request that ends a session comes before the end of its socket.
    const ended = await a.request({ type: "end_session", session_id: seen[0]!.session_id });
    assert.equal(ended.type, "session_ended");
    await a.closed;
    await b.close();
  });
});

Deno.test("a key has at most a hundred sessions: the oldest ends", async () => {
  await withApp({ config }, async (app) => {
    const { api_key, id } = await newKey(app, ["read"]);
    const tokens: string[] = [];
    for (let i = 0; i < 101; i++) {
      tokens.push((await app.post({ type: "authenticate", api_key })).reply.session_token as string);
    }
    assert.equal((await sessions(app)).filter((one) => one.key_id === id).length, 100);
    assert.equal((await app.post({ type: "ping" }, bearer(tokens[0]!))).status, 401);
    assert.equal((await app.post({ type: "ping" }, bearer(tokens[1]!))).status, 200);
  });
});

Deno.test("a rotated key keeps its id; the old one and its sessions end at once, and the asker gets the new one", async () => {
  await withApp({ config }, async (app) => {
    const { api_key, id, key } = await newKey(app, ["read", "admin"], { expires_in_days: 10 });
    const socket = await app.connect();
    const { session_token } = await socket.request({ type: "authenticate", api_key });
    const rotated = await socket.request({ type: "rotate_key", key_id: id });
    assert.equal(rotated.type, "key_rotated", JSON.stringify(rotated));
    await socket.closed;
    const renewed = rotated.key as Record<string, unknown>;
    assert.deepEqual([renewed.id, renewed.name, renewed.permissions], [id, "test", ["read", "admin"]]);
    assert.ok(Date.parse(renewed.expires_at as string) >= Date.parse(key.expires_at as string));
    for (const token of [api_key, session_token as string]) {
      assert.equal((await app.post({ type: "ping" }, bearer(token))).status, 401);
    }
    assert.equal((await app.post({ type: "ping" }, bearer(rotated.api_key as string))).status, 200);
    await app.restart();
    assert.equal((await app.post({ type: "ping" }, bearer(rotated.api_key as string))).status, 200);
    assert.equal((await app.post({ type: "ping" }, bearer(api_key))).status, 401);
    assert.equal((await asOwner(app, { type: "rotate_key", key_id: "key_x" })).code, "INVALID_FIELD_VALUE");
    await asOwner(app, { type: "revoke_key", key_id: id });
    assert.equal((await asOwner(app, { type: "rotate_key", key_id: id })).code, "INVALID_FIELD_VALUE");
  });
});

Deno.test("keys expire after a year unless said otherwise, and tell who made them and when they were used last", async () => {
  await withApp({ config }, async (app) => {
    const { api_key, id, key } = await newKey(app, ["read"]);
    const days = (Date.parse(key.expires_at as string) - Date.parse(key.created_at as string)) / 86_400_000;
    assert.equal(days, 365);
    assert.deepEqual([key.tenant, key.created_by], ["default", { kind: "owner", tenant: "default" }]);
    assert.equal(key.last_used_at, undefined);
    await app.post({ type: "ping" }, bearer(api_key));
    const listed = async () =>
      ((await asOwner(app, { type: "list_keys" })).keys as Record<string, unknown>[]).find((one) =>
        one.id === id
      )!;
    const { last_used_at, last_used_from } = await listed();
    assert.ok(Date.parse(last_used_at as string) > 0);
    assert.equal(last_used_from, "127.0.0.1");
    await app.restart();
    const stored = await listed();
    assert.equal(stored.last_used_from, "127.0.0.1");
    const age_ms = Date.parse(last_used_at as string) - Date.parse(stored.last_used_at as string);
    assert.ok(age_ms >= 0 && age_ms <= 60_000, `what is stored is at most a minute older, not ${age_ms} ms`);
  });
});

Deno.test("whoever shows another key keeps no subscription that this key does not allow", async () => {
  await withApp({ config }, async (app) => {
    const [admin, writer] = [await newKey(app, ["read", "admin"]), await newKey(app, ["write"])];
    const socket = await app.connect();
    await socket.request({ type: "authenticate", api_key: admin.api_key });
    const { subscription_id } = await socket.request({
      type: "subscribe_to_updates",
      channels: ["security"],
    });
    await socket.request({ type: "authenticate", api_key: writer.api_key });
    await socket.request({ type: "authenticate", api_key: admin.api_key });
    const gone = await socket.request({ type: "unsubscribe_from_updates", subscription_id });
    assert.equal(gone.code, "SUBSCRIPTION_ERROR");
    await socket.close();
  });
});
