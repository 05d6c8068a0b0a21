/**
 * Tenants never learn of each other (contract, section 11): one does everything, with its mark in all that it names and says, and
 * another sends every message of the API, hears every channel, and reads every page.
 */
import assert from "node:assert/strict";
import { capabilityTable } from "../../src/api/table.ts";
import { CHANNELS } from "../../src/protocol/pushed.ts";
import { REQUEST_TYPES, type RequestType } from "../../src/protocol/messages.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

/** In every id, name and text of the tenant that is looked for. */
const MARK = "xq7mark";

const config = {
  security: { auth: "required" },
  limits: { enabled: false },
  tenants: { [`${MARK}-tenant`]: {}, bolt: {} },
  agents: {
    mark: { protocol: "command", command: ["true"], sandbox: { kind: "none" } },
    talk: { protocol: "acp", command: ["true"], sandbox: { kind: "none" } },
  },
  tasks: { default_agent: "mark", max_concurrent: 50 },
};

async function ask(app: TestApp, key: string, message: object): Promise<Message> {
  const { reply } = await app.post(message, { authorization: `Bearer ${key}` });
  return reply as Message;
}

async function keyOf(app: TestApp, tenant: string): Promise<string> {
  const key = { name: `of ${tenant}`, permissions: ["read", "write", "admin"], tenant };
  return (await ask(app, app.owner_token, { type: "create_key", key })).api_key as string;
}

const STATES = ["done", "failed", "asks", "question", "waits"] as const;

/** All that a tenant can have: tasks in each state, a schedule, messages, questions, keys. `name`: begins each id. */
async function fill(app: TestApp, key: string, name: string): Promise<void> {
  const start = async (id: string, description: string, more: object = {}) => {
    const task = {
      id: `${name}-${id}`,
      type: "testing",
      priority: "medium",
      description,
      metadata: { owner: MARK },
      ...more,
    };
    const reply = await ask(app, key, { type: "start_task", task });
    assert.equal(reply.type, "task_started", JSON.stringify(reply));
  };
  const agent = { execution: { agent: "talk" } };
  await start("done", `print ${MARK}; uses 100 10 0 1.5`);
  await start("failed", `warn ${MARK}; exit 3`);
  await start("asks", `ask ${MARK}`, agent);
  await start("question", `question ${MARK}`, agent);
  await start("waits", `print ${MARK}`, { dependencies: [`${name}-asks`] });
  const schedule = {
    id: `${name}-schedule`,
    type: "testing",
    priority: "low",
    description: `print ${MARK}`,
    recurring: { interval: "daily" },
    scheduled_time: new Date(Date.now() + 86_400_000).toISOString(),
  };
  const made = await ask(app, key, { type: "schedule_task", task: schedule });
  assert.equal(made.type, "task_scheduled", JSON.stringify(made));
  await ask(app, key, { type: "create_key", key: { name: MARK, permissions: ["read"] } });
  await until(async () => {
    const { tasks } = await ask(app, key, { type: "list_tasks" });
    const of = (id: string) => (tasks as Message[]).find((one) => one.id === `${name}-${id}`);
    return of("done")?.status === "completed" && of("failed")?.status === "failed" &&
      of("asks")?.pending_permissions !== undefined && of("question")?.pending_questions !== undefined;
  });
  await ask(app, key, { type: "send_message", task_id: `${name}-asks`, message: MARK });
}

/** The examples of a message, as they are and about what the other tenant has. */
function* variants(type: RequestType): Generator<object> {
  const { example } = capabilityTable().get(type)!;
  yield example;
  const about = (id: string) =>
    JSON.parse(
      JSON.stringify(example),
      (key, value) =>
        key === "task_id" || key === "id" ? id : key === "task_ids" || key === "dependencies" ? [id] : value,
    );
  for (const state of [...STATES, "schedule"]) yield about(`known-${state}`);
  // What is refused names what there is.
  const { task } = example as { task?: object };
  if (task) {
    yield { ...example, task: { ...task, id: "new", dependencies: ["nowhere"] } };
    yield { ...example, task: { ...task, id: "new", metadata: { project: "nowhere" } } };
    yield { ...example, task: { ...task, id: "new", execution: { agent: "nowhere" } } };
  }
}

for (const whose of [`${MARK}-tenant`, "default"]) {
  Deno.test(`whatever a tenant sends or hears, nothing of another is in it: ${whose}`, () =>
    overheard(whose));
}

const overheard = (whose: string) =>
  withApp({ config }, async (app) => {
    const [marked, bolt] = [await keyOf(app, whose), await keyOf(app, "bolt")];
    const socket = await app.connect();
    await socket.request({ type: "authenticate", api_key: bolt });
    for (const channel of CHANNELS) {
      await socket.request({ type: "subscribe_to_updates", channels: [channel] });
    }
    await socket.request({ type: "request_log_entries", filter: { follow: true } });
    socket.forget();
    await fill(app, marked, MARK);
    // Ids that the other one may guess.
    await fill(app, marked, "known");
    const before = await ask(app, marked, { type: "list_tasks" });
    const found: string[] = [];
    const look = (what: string, said: unknown) => {
      const text = typeof said === "string" ? said : JSON.stringify(said);
      const at = text.indexOf(MARK);
      if (at >= 0) found.push(`${what}: …${text.slice(Math.max(0, at - 200), at + 100)}…`);
    };
    for (const type of REQUEST_TYPES) {
      // They end what asks, or change the limits that the rest counts against.
      if (type === "logout") continue;
      // A probe starts the agent, which takes long and says the same each time.
      const messages = [...variants(type)].slice(0, type === "probe_agent" ? 1 : undefined);
      for (const message of messages) {
        look(type, await ask(app, bolt, { ...message, type }));
      }
    }
    for (
      const path of ["/health", "/metrics", "/schema.json", "/asyncapi.json", "/docs", "/deprecations.json"]
    ) {
      const answer = await fetch(app.url + path, { headers: { authorization: `Bearer ${bolt}` } });
      look(path, await answer.text());
    }
    await ask(app, bolt, {
      type: "start_task",
      task: { id: "last", type: "testing", priority: "medium", description: "print last" },
    });
    await socket.next((m) =>
      m.type === "task_status_update" && m.new_status === "completed" && m.task_id === "last"
    );
    for (const message of socket.messages) look(`push ${message.type}`, message);
    assert.deepEqual(found, []);
    assert.deepEqual(await shown(app, marked), shownOf(before), "nothing of the other tenant has changed");
  });

const shownOf = ({ tasks }: Message) =>
  (tasks as Message[]).map(({ id, status, attempt, priority }) => ({ id, status, attempt, priority }));

async function shown(app: TestApp, key: string) {
  return shownOf(await ask(app, key, { type: "list_tasks" }));
}
