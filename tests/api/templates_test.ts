/** Templates and the hooks that start them, through the doors. */
import assert from "node:assert/strict";
import { EXCHANGES, type Reply, type RequestType } from "../../src/protocol/messages.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

const SECRET = "whisper-1234";
Deno.env.set("TEST_HOOK_SECRET", SECRET);

const fix = {
  params: {
    title: { pattern: "[^\n]{1,200}" },
    number: { default: "0" },
    body: { default: "" },
  },
  task: {
    type: "feature",
    priority: "high",
    description: "Fix #{{number}}: {{ title }}",
    metadata: { tags: ["hook"], note: "{{title}} / {{body}}" },
    execution: { prompt: "print done", env: { API_KEY: "not-to-be-shown", TITLE: "{{title}}" } },
  },
  trigger: {
    secret_env: "TEST_HOOK_SECRET",
    events: ["issues.opened", "push"],
    params: { title: "issue.title", number: "issue.number", body: "issue.labels.0.name" },
  },
};
const config = {
  limits: { enabled: false },
  agents: { scripted: SCRIPTED },
  tasks: { default_agent: "scripted" },
  templates: { fix, plain: { params: { what: {} }, task: { description: "Do {{what}}" } } },
};

const ask = async <T extends RequestType>(app: TestApp, message: { type: T; [field: string]: unknown }) => {
  const { reply } = await app.post(message);
  return EXCHANGES[message.type].reply.parse(reply) as Reply<T>;
};

async function signature(body: string, secret = SECRET): Promise<string> {
  const bytes = new TextEncoder();
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes.encode(secret), hmac, false, ["sign"]);
  const signed = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes.encode(body)));
  return `sha256=${Array.from(signed, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

interface Sent {
  hook?: string;
  event?: string;
  id?: string;
  headers?: Record<string, string>;
  /** Instead of the right one. */
  signed?: string;
}

async function deliver(
  app: TestApp,
  payload: unknown,
  { hook = "fix", event = "issues", id, headers = {}, signed }: Sent = {},
): Promise<{ status: number; reply: Record<string, unknown> }> {
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  const response = await fetch(`${app.url}/hooks/${hook}`, {
    method: "POST",
    body,
    headers: {
      "x-hub-signature-256": signed ?? await signature(body),
      "x-github-event": event,
      ...(id === undefined ? {} : { "x-github-delivery": id }),
      ...headers,
    },
  });
  const text = await response.text();
  return { status: response.status, reply: text === "" ? {} : JSON.parse(text) };
}

const opened = (issue: object) => ({ action: "opened", issue });

Deno.test("start_from_template fills the blanks once, with text, and refuses what is missing, unknown or does not match", async () => {
  await withApp({ config }, async (app) => {
    const { templates } = await ask(app, { type: "list_templates" });
    assert.deepEqual(templates.map(({ name, trigger }) => [name, trigger?.path]), [
      ["fix", "/hooks/fix"],
      ["plain", undefined],
    ]);
    assert.doesNotMatch(JSON.stringify(templates), /TEST_HOOK_SECRET|not-to-be-shown/);
    assert.deepEqual(templates[0]!.task.execution, {
      prompt: "print done",
      env: { API_KEY: "***", TITLE: "***" },
    });
    const params = { title: 'a "{{number}}" $& \\', number: 7 };
    const started = await ask(app, { type: "start_from_template", template: "fix", params, id: "mine" });
    assert.equal(started.type, "task_started");
    assert.equal(started.task.description, 'Fix #7: a "{{number}}" $& \\');
    assert.equal(started.task.metadata?.note, 'a "{{number}}" $& \\ / ');
    const plain = await ask(app, {
      type: "start_from_template",
      template: "plain",
      params: { what: "x\n".repeat(900) },
    });
    assert.match(plain.task_id, /^plain_/);
    assert.deepEqual([plain.task.type, plain.task.priority], ["feature", "medium"]);
    assert.ok(plain.task.description.length <= 1000 && plain.task.execution!.prompt!.endsWith("x\n"));
    for (
      const [more, code, field] of [
        [{ params: {} }, "MISSING_REQUIRED_FIELD", "params.title"],
        [{ params: { title: "a\nb" } }, "INVALID_FIELD_VALUE", "params.title"],
        [{ params: { title: "a", colour: "red" } }, "INVALID_FIELD_VALUE", "params.colour"],
        [{ params: { title: ["a"] } }, "INVALID_FIELD_TYPE", "params.title"],
        [{ params: { title: "a" }, id: "mine" }, "TASK_ALREADY_EXISTS", undefined],
        [{ template: "none" }, "INVALID_FIELD_VALUE", "template"],
      ] as [object, string, string | undefined][]
    ) {
      const { reply } = await app.post({ type: "start_from_template", template: "fix", ...more });
      assert.equal(reply.code, code, JSON.stringify(reply));
      if (field !== undefined) assert.equal((reply.details as { field: string }).field, field);
    }
  });
});

Deno.test("a signed delivery starts the task once, also after a restart; ids count per template, after the signature", async () => {
  await withApp({ config: { ...config, security: { auth: "required" } } }, async (app) => {
    const issue = { title: "It breaks", number: 12, labels: [{ name: "bug" }] };
    const first = await deliver(app, opened(issue), { id: "d1" });
    assert.equal(first.status, 202, JSON.stringify(first.reply));
    const task_id = first.reply.task_id as string;
    const key = { authorization: `Bearer ${app.owner_token}` };
    const { task } = (await app.post({ type: "get_task_status", task_id }, key)).reply as {
      task: { description: string; metadata: { note: string }; created_by: object };
    };
    assert.equal(task.description, "Fix #12: It breaks");
    assert.equal(task.metadata.note, "It breaks / bug");
    assert.deepEqual(task.created_by, { kind: "hook", id: "fix", tenant: "default" });
    const same = { status: 200, reply: { task_id } };
    assert.deepEqual(await deliver(app, opened(issue), { id: "d1" }), same);
    const together = await Promise.all([1, 2, 3].map(() => deliver(app, opened(issue), { id: "d2" })));
    assert.deepEqual(together.map(({ status }) => status).sort(), [200, 200, 202]);
    assert.equal(new Set(together.map(({ reply }) => reply.task_id)).size, 1);
    await app.restart();
    assert.deepEqual(await deliver(app, opened(issue), { id: "d1" }), same);
    const forged = await deliver(app, opened(issue), { id: "d1", signed: await signature("other") });
    assert.equal(forged.status, 401);
    const elsewhere = { "x-delivery-id": "d1", host: "hooks.example.org" };
    assert.deepEqual(await deliver(app, opened(issue), { headers: elsewhere }), same);
  });
});

Deno.test("deliveries: what is refused, what is ignored, what is listed, and what is replayed", async () => {
  await withApp({ config }, async (app) => {
    const status = async (payload: unknown, sent?: Sent) => (await deliver(app, payload, sent)).status;
    const good = opened({ title: "t" });
    assert.equal(await status(good, { hook: "none" }), 404);
    assert.equal(await status(good, { hook: "plain" }), 404, "it has no trigger");
    assert.equal(await status(good, { signed: "" }), 401);
    assert.equal(await status(good, { signed: "sha256=00" }), 401);
    assert.equal(await status(good, { signed: await signature(JSON.stringify(good), "wrong") }), 401);
    assert.equal(await status(good, { headers: { origin: "https://evil.example" } }), 403);
    const asked = await fetch(`${app.url}/hooks/fix`);
    await asked.body?.cancel();
    assert.equal(asked.status, 405);
    assert.equal(await status("no json", { id: "text" }), 400);
    assert.equal(await status({ zen: "…" }, { event: "ping", id: "ping" }), 204);
    assert.equal(await status({ ...good, action: "closed" }, { id: "closed" }), 204);
    assert.equal(await status(opened({}), { id: "untitled" }), 422);
    assert.equal(await status(opened({ title: { a: 1 } })), 422);
    assert.equal(await status(opened({ title: "two\nlines" })), 422);
    assert.equal(await status({ issue: { title: "pushed" } }, { event: "push", id: "pushed" }), 202);
    assert.equal(await status('{"action":"opened","__proto__":{"issue":{"title":"inherited"}}}'), 422);
    const { deliveries } = await ask(app, { type: "list_deliveries", template: "fix" });
    const outcomes = Object.fromEntries(deliveries.map(({ delivery_id, outcome }) => [delivery_id, outcome]));
    assert.deepEqual(
      [outcomes.text, outcomes.ping, outcomes.closed, outcomes.untitled, outcomes.pushed],
      ["refused", "ignored", "ignored", "refused", "started"],
    );
    assert.deepEqual(deliveries.map(({ time }) => time), deliveries.map(({ time }) => time).sort().reverse());
    const pushed = deliveries.find(({ delivery_id }) => delivery_id === "pushed")!;
    const replayed = await ask(app, { type: "replay_delivery", delivery_id: "pushed" });
    assert.notEqual(replayed.task_id, pushed.task_id);
    assert.equal(
      (await ask(app, { type: "get_task_status", task_id: replayed.task_id })).task.description,
      "Fix #0: pushed",
    );
    for (
      const [message, field] of [
        [{ delivery_id: "untitled" }, "params.title"],
        [{ delivery_id: "closed" }, "delivery_id"],
        [{ delivery_id: "unknown" }, "delivery_id"],
        [{ delivery_id: "pushed", template: "none" }, "template"],
      ] as [object, string][]
    ) {
      const { reply } = await app.post({ type: "replay_delivery", ...message });
      assert.equal((reply.details as { field: string }).field, field, JSON.stringify(reply));
    }
    // With the template as it is after a restart, what was refused starts a task, and its sender hears of that one.
    await app.restart({
      ...config,
      templates: { fix: { ...fix, params: { ...fix.params, title: { default: "none" } } } },
    });
    const mended = await ask(app, { type: "replay_delivery", delivery_id: "untitled" });
    const again = await deliver(app, opened({}), { id: "untitled" });
    assert.deepEqual([again.status, again.reply.task_id], [200, mended.task_id]);
  });
});

Deno.test("a delivery counts against the limits of its address, when it is read and when it makes a task", async () => {
  await withApp({ config: { ...config, limits: { tasks_per_minute: 2 } } }, async (app) => {
    for (const expected of [202, 202, 429]) {
      const { status, reply } = await deliver(app, opened({ title: "t" }), {
        id: `d${expected}${crypto.randomUUID()}`,
      });
      assert.equal(status, expected, JSON.stringify(reply));
    }
    const { deliveries } = await ask(app, { type: "list_deliveries", template: "fix" });
    const outcomes = deliveries.map(({ outcome }) => outcome).sort();
    assert.deepEqual(outcomes, ["refused", "started", "started"], "it may be replayed later");
  });
});

Deno.test("deliveries: numbers keep their digits, an empty id names none, a form is told from JSON", async () => {
  await withApp({ config }, async (app) => {
    const described = async ({ reply }: { reply: Record<string, unknown> }) =>
      (await ask(app, { type: "get_task_status", task_id: String(reply.task_id) })).task.description;
    const numbers = ["12345678901234567890", "-98765432109876543210", "12", "1.50", "true", "1e21"];
    for (const [i, number] of numbers.entries()) {
      const sent = await deliver(app, `{"action":"opened","issue":{"title":"t","number":${number}}}`, {
        id: `n${i}`,
      });
      const shown = number.length > 15 || number === "true" ? number : String(Number(number));
      assert.equal(await described(sent), `Fix #${shown}: t`);
    }
    const unnamed = await Promise.all([1, 2].map(() => deliver(app, opened({ title: "t" }), { id: "" })));
    assert.equal(new Set(unnamed.map(({ reply }) => reply.task_id)).size, 2);
    const headers = { "x-delivery-id": "named" };
    const [first, again] = [
      await deliver(app, opened({ title: "t" }), { id: "", headers }),
      await deliver(app, opened({ title: "t" }), { id: "", headers }),
    ];
    assert.deepEqual([again.status, again.reply.task_id], [200, first.reply.task_id]);
    const form = await deliver(app, "payload=%7B%7D");
    assert.equal(form.status, 400);
    assert.match(String(form.reply.message), /application\/json/);
  });
});

Deno.test("a title that is too long for a description starts the task all the same", async () => {
  const templates = {
    long: { params: { title: {} }, task: { ...fix.task, description: "Do {{title}}", metadata: {} } },
  };
  await withApp({ config: { ...config, templates } }, async (app) => {
    const title = "very ".repeat(400);
    const { task } = await ask(app, { type: "start_from_template", template: "long", params: { title } });
    assert.deepEqual([task.description.length, task.execution?.prompt], [1000, "print done"]);
  });
});

Deno.test("a delivery that is sent again with a shorter body leaves nothing of the longer one, and a flood is kept for no hour", async () => {
  const keys = new Set<string>();
  const tap: NonNullable<Parameters<typeof withApp>[0]["tap"]> = (kv) => ({
    get: (key) => kv.get(key),
    list: (range) => kv.list(range),
    watch: (key, changed) => kv.watch(key, changed),
    close: () => kv.close(),
    commit(commit) {
      for (const { key } of commit.sets ?? []) if (key[0] === "delivery_body") keys.add(key.join(" "));
      for (const key of commit.deletes ?? []) keys.delete(key.join(" "));
      return kv.commit(commit);
    },
  });
  await withApp({ config, tap }, async (app) => {
    const closed = (more: object) => ({ action: "closed", ...more });
    await deliver(app, closed({ text: "x".repeat(200_000) }), { id: "again" });
    assert.equal(keys.size, 4);
    await deliver(app, closed({}), { id: "again" });
    assert.deepEqual([...keys], ["delivery_body fix again 0"]);
    for (let i = 0; i < 400; i++) await deliver(app, closed({}), { id: `d${i}` });
    await until(() => keys.size < 300);
  });
});

/** The first line of the answer to a request that names another host, as no client of the platform would. */
async function asHost(app: TestApp, path: string): Promise<string> {
  const { hostname, port } = new URL(app.url);
  const socket = await Deno.connect({ hostname, port: Number(port) });
  const request =
    `POST ${path} HTTP/1.1\r\nHost: tunnel.example\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`;
  await socket.write(new TextEncoder().encode(request));
  const text = await new Response(socket.readable).text();
  return text.split("\r\n")[0]!;
}

Deno.test("a hook is reached under any host; nothing else is", async () => {
  await withApp({ config }, async (app) => {
    assert.match(await asHost(app, "/hooks/none"), /^HTTP\/1\.1 404/);
    assert.match(await asHost(app, "/hooks/fix"), /^HTTP\/1\.1 401/);
    for (const path of ["/api", "/hooks", "/hooks/../api"]) {
      assert.match(await asHost(app, path), /^HTTP\/1\.1 403/, path);
    }
  });
});

Deno.test("where keys are required, a flood of unsigned deliveries keeps no signed one out", async () => {
  const limits = { global_messages_per_minute: 40, burst_per_second: 100 };
  await withApp({ config: { ...config, limits, security: { auth: "required" } } }, async (app) => {
    const statuses = new Set<number>();
    for (let i = 0; i < 10; i++) {
      statuses.add((await deliver(app, opened({ title: "x" }), { signed: "sha256=00" })).status);
    }
    assert.deepEqual([...statuses], [401, 429], "refused, and soon not looked at");
    const { status, reply } = await deliver(app, opened({ title: "real" }), { id: "one" });
    assert.equal(status, 202, JSON.stringify(reply));
  });
});
