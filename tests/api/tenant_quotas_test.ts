/** What tenants may use of a server, and how clients come to be of one (contract, section 11). */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { Authentication } from "../../src/access/authentication.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

const SECRET = "a secret of more than forty characters, for tenants";
Deno.env.set("OA_TEST_TENANT_SECRET", SECRET);

const config = {
  security: { auth: "required" },
  limits: { enabled: false },
  agents: {
    mark: { protocol: "command", command: ["true"], sandbox: { kind: "none" } },
    talk: { protocol: "acp", command: ["true"], sandbox: { kind: "none" } },
  },
  tasks: { default_agent: "talk", max_concurrent: 10 },
};

async function ask(app: TestApp, key: string, message: object): Promise<Message> {
  const { reply } = await app.post(message, { authorization: `Bearer ${key}` });
  return reply as Message;
}

async function keyOf(app: TestApp, tenant: string, more: object = {}): Promise<string> {
  const key = { name: tenant, permissions: ["read", "write", "admin"], tenant, ...more };
  return (await ask(app, app.owner_token, { type: "create_key", key })).api_key as string;
}

async function start(
  app: TestApp,
  key: string,
  id: string,
  description: string,
  more: object = {},
): Promise<Message> {
  const task = { id, type: "testing", priority: "medium", description, ...more };
  return await ask(app, key, { type: "start_task", task });
}

async function taskOf(app: TestApp, key: string, task_id: string): Promise<Message> {
  return (await ask(app, key, { type: "get_task_status", task_id })).task as Message;
}

const is = (app: TestApp, key: string, id: string, status: string) => async () =>
  (await taskOf(app, key, id)).status === status;

Deno.test("max_concurrent: a tenant's tasks wait for its own, and others' do not wait for them", () =>
  withApp(
    { config: { ...config, tenants: { acme: { max_concurrent: 1 }, bolt: { max_concurrent: 1 } } } },
    async (app) => {
      const [acme, bolt] = [await keyOf(app, "acme"), await keyOf(app, "bolt")];
      for (const id of ["first", "second"]) {
        assert.equal((await start(app, acme, id, "wait end; print x")).type, "task_started");
      }
      await until(is(app, acme, "first", "running"));
      await start(app, bolt, "theirs", "print x");
      await until(is(app, bolt, "theirs", "completed"));
      const { status, waiting_for } = await taskOf(app, acme, "second");
      assert.equal(status, "queued");
      assert.deepEqual(waiting_for, { kind: "concurrency", by: "tenant", task_ids: ["first"] });
      app.agents.open("end");
      await until(is(app, acme, "second", "completed"));
    },
  ));

Deno.test("budget_usd_per_day: a tenant that has spent it waits for the next day; others go on", () =>
  withApp({ config: { ...config, tenants: { acme: { budget_usd_per_day: 1 }, bolt: {} } } }, async (app) => {
    const [acme, bolt] = [await keyOf(app, "acme"), await keyOf(app, "bolt")];
    await start(app, acme, "spends", "uses 1 1 0 1.5; print x");
    // Its turn is ended, and it waits as well.
    await until(async () =>
      ((await taskOf(app, acme, "spends")).waiting_for as Message | undefined)?.kind === "budget"
    );
    await start(app, acme, "waits", "print x");
    await start(app, bolt, "theirs", "print x");
    await until(is(app, bolt, "theirs", "completed"));
    const { status, waiting_for } = await taskOf(app, acme, "waits");
    assert.equal(status, "queued");
    assert.equal((waiting_for as Message).kind, "budget");
    assert.ok((waiting_for as Message).until);
  }));

Deno.test("allowed_dirs and projects: a tenant's tasks work in no other place, and it sees no other project", () =>
  withApp({
    config: {
      ...config,
      projects: { shop: { path: "shop" }, bank: { path: "bank" } },
      tasks: { ...config.tasks, allowed_dirs: ["own", "other"] },
      tenants: { acme: { projects: ["shop"] }, bolt: {} },
    },
  }, async (app) => {
    for (const name of ["shop", "bank", "own", "other"]) {
      await Deno.mkdir(`${app.dir}/${name}`, { recursive: true });
    }
    const acme = await keyOf(app, "acme");
    const of = (project: string) => ({ metadata: { project } });
    assert.equal((await start(app, acme, "a", "print x", of("shop"))).type, "task_started");
    assert.equal((await start(app, acme, "b", "print x", of("bank"))).code, "PERMISSION_DENIED");
    assert.equal((await start(app, acme, "c", "print x")).code, "PERMISSION_DENIED");
    const { projects } = await ask(app, acme, { type: "list_projects" });
    assert.deepEqual((projects as Message[]).map(({ name }) => name), ["shop"]);
    await app.restart({
      ...config,
      tasks: { ...config.tasks, allowed_dirs: ["own", "other"] },
      tenants: { acme: { allowed_dirs: [`${app.dir}/other`] } },
    });
    const at = (working_dir: string) => ({ execution: { working_dir } });
    assert.equal((await start(app, acme, "d", "print x", at(`${app.dir}/other`))).type, "task_started");
    assert.equal((await start(app, acme, "e", "print x", at(`${app.dir}/own`))).code, "PERMISSION_DENIED");
    assert.equal(
      (await start(app, acme, "f", "print x")).code,
      "PERMISSION_DENIED",
      "the server's own folder",
    );
  }));

Deno.test("a token's claim names its tenant; one of an unknown tenant, or of all, is refused", () =>
  withApp({
    config: {
      ...config,
      tenants: { acme: {} },
      security: {
        auth: "required",
        jwt: {
          issuer: "id",
          algorithms: ["HS256"],
          secret_env: "OA_TEST_TENANT_SECRET",
          tenant_claim: "team",
        },
      },
    },
  }, async (app) => {
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = (team: unknown) => {
      const exp = Math.floor(Date.now() / 1000) + 600;
      const claims = { iss: "id", sub: "ann", exp, permissions: ["read", "write"], team };
      const text = `${encoded({ typ: "JWT", alg: "HS256" })}.${encoded(claims)}`;
      return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
    };
    await start(app, await keyOf(app, "acme"), "ours", "print x");
    const seen = async (team: unknown) => {
      const { tasks, code, details } = await ask(app, token(team), { type: "list_tasks" });
      return tasks ? (tasks as Message[]).map(({ id }) => id) : `${code} ${(details as Message).reason}`;
    };
    assert.deepEqual(await seen("acme"), ["ours"]);
    assert.deepEqual(await seen(undefined), [], "of the default tenant");
    for (const team of ["none", "*", 7]) assert.match(String(await seen(team)), /^INVALID_AUTH_TOKEN/);
  }));

Deno.test("a certificate is of the tenant that is named for its subject, else of the default one", async () => {
  const auth = new Authentication({
    clock: systemClock,
    keys: { find: () => undefined, isValid: () => false, used: () => {} },
    tasks: { find: () => undefined, isValid: () => false },
    required: true,
    session_ms: 1000,
    certificates: { ci: ["read"], ops: ["read"] },
    certificate_tenants: { ci: "acme" },
    note: () => {},
  });
  const tenantOf = async (subject: string) => {
    const certificate = { subject, expires_ms: Infinity };
    return (await auth.identify({ authorization: null, certificate, ip: "127.0.0.1" })).actor.tenant;
  };
  assert.deepEqual([await tenantOf("ci"), await tenantOf("ops")], ["acme", "default"]);
});

Deno.test("a tenant sees and ends its own sessions, and kills no process of another", () =>
  withApp({ config: { ...config, tenants: { acme: {}, bolt: {} } } }, async (app) => {
    const [acme, bolt] = [await keyOf(app, "acme"), await keyOf(app, "bolt")];
    await ask(app, acme, { type: "authenticate", api_key: acme });
    const mine = await ask(app, acme, { type: "list_sessions" });
    const [session] = mine.sessions as Message[];
    assert.equal((session!.actor as Message).tenant, "acme");
    assert.deepEqual((await ask(app, bolt, { type: "list_sessions" })).sessions, []);
    const end = { type: "end_session", session_id: session!.session_id };
    assert.equal((await ask(app, bolt, end)).code, "INVALID_FIELD_VALUE");
    assert.equal((await ask(app, acme, end)).type, "session_ended");
    const killed = await ask(app, acme, { type: "kill_process", pid: Deno.pid, signal: "SIGCONT" });
    assert.equal(killed.code, "PROCESS_NOT_FOUND");
  }));
