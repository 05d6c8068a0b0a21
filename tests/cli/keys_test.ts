/** Keys that commands of the folder's owner make, list and revoke, with a server and without one. */
import assert from "node:assert/strict";
import { type TestServer, withServer } from "../fixtures/server.ts";
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

Deno.test("a revoked key ends its connections and sessions at once; keys survive a restart", async () => {
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

Deno.test("keys can be created without a server, are listed without their secret, and work after the next start", async () => {
  await withServer({ config }, async (server) => {
    await server.stop("SIGTERM");
    const { id, api_key } = await newKey(server, "read,write,admin");
    const { stdout } = await command(server, "keys", "list");
    assert.match(stdout, new RegExp(`${id} .*read,write,admin.*never +until`));
    assert.ok(!stdout.includes(api_key));
    await server.start();
    assert.equal((await server.post({ type: "list_keys" }, bearer(api_key))).reply.type, "key_list");
    const wrong = await command(server, "keys", "create", "x", "--permissions", "fly");
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /read.*write.*admin/);
  });
});

Deno.test("keys are rotated, their sessions listed and ended, and a session's own token logs out", async () => {
  await withServer({ config }, async (server) => {
    const { id, api_key } = await newKey(server, "read");
    const rotated = await command(server, "keys", "rotate", id);
    assert.equal(rotated.code, 0, rotated.stderr);
    const renewed = rotated.stdout.trim();
    assert.match(renewed, /^sk-[\w-]{32}$/);
    assert.equal((await server.post({ type: "ping" }, bearer(api_key))).status, 401);
    const opened = await server.post({ type: "authenticate", api_key: renewed });
    const token = opened.reply.session_token as string;
    const other = await server.connect();
    await other.request({ type: "authenticate", api_key: renewed });
    const { sessions } = JSON.parse((await command(server, "keys", "sessions", "--json")).stdout);
    assert.deepEqual(sessions.map((one: { key_id: string }) => one.key_id), [id, id]);
    const listed = (await command(server, "keys", "sessions")).stdout;
    assert.match(listed, new RegExp(`${sessions[1].session_id} +key 'test' \\(${id}\\) +127.0.0.1`));
    assert.equal((await command(server, "keys", "end", sessions[1].session_id)).code, 0);
    assert.equal((await other.closed).code, 1008);
    const [program, ...args] = server.commandOf("logout", "--url", server.url, "--key", token);
    assert.equal((await new Deno.Command(program!, { args, stdin: "null" }).output()).code, 0);
    assert.equal((await server.post({ type: "ping" }, bearer(token))).status, 401);
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

Deno.test("other addresses are allowed if keys are required, and something in front encrypts", async () => {
  const encrypted = { ...config, server: { tls_in_front: true } };
  await withServer({ config: encrypted, args: ["--host", "0.0.0.0"] }, async (server) => {
    const port = new URL(server.url).port;
    const response = await fetch(`http://127.0.0.1:${port}/api`, { method: "POST", body: '{"type":"ping"}' });
    assert.equal(response.status, 401);
    await response.body?.cancel();
    await until(() => server.stdout.includes("listening on"));
  });
});
