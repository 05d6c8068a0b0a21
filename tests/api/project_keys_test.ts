/** A key that is limited to projects: the tasks of others are not there for it, whatever it sends and hears. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { capabilitiesByType } from "../../src/api/table.ts";
import { EXCHANGES, type RequestType } from "../../src/protocol/messages.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import type { Message } from "../fixtures/socket.ts";

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

interface World {
  app: TestApp;
  /** Sends a message by the key that is limited to alpha. */
  limited(message: object): Promise<Message>;
  owner(message: object): Promise<Message>;
  key: string;
}

const task = (id: string, project: string | undefined, more: object = {}) => ({
  ...{ id, type: "testing", priority: "low", description: `secret of ${id}` },
  metadata: project === undefined ? {} : { project },
  scheduled_time: new Date(Date.now() + 3_600_000).toISOString(),
  ...more,
});

/** Tasks and schedules of alpha, beta and of no project. */
async function withProjects(test: (world: World) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "oa-projects-" }));
  for (const name of ["alpha", "beta", "other"]) await Deno.mkdir(`${folder}/${name}`);
  await Deno.symlink(`${folder}/beta`, `${folder}/alpha/to_beta`);
  const config = {
    security: { auth: "required" },
    limits: { enabled: false },
    projects: { alpha: { path: `${folder}/alpha` }, beta: { path: `${folder}/beta` } },
    tasks: { allowed_dirs: [folder], working_dir: `${folder}/other` },
  };
  try {
    await withApp({ config }, async (app) => {
      const owner = async (message: object) =>
        (await app.post(message, bearer(app.owner_token))).reply as Message;
      for (const project of ["alpha", "beta", undefined]) {
        const name = project ?? "none";
        const started = await owner({ type: "start_task", task: task(`${name}_task`, project) });
        assert.equal(started.type, "task_started", JSON.stringify(started));
        const recurring = { interval: "daily" };
        const scheduled = await owner({
          type: "schedule_task",
          task: task(`${name}_schedule`, project, { recurring }),
        });
        assert.equal(scheduled.type, "task_scheduled", JSON.stringify(scheduled));
      }
      const made = await owner({
        type: "create_key",
        key: { name: "alpha only", permissions: ["read", "write"], projects: ["alpha"] },
      });
      assert.deepEqual((made.key as Message).projects, ["alpha"]);
      const key = made.api_key as string;
      const limited = async (message: object) => (await app.post(message, bearer(key))).reply as Message;
      await test({ app, limited, owner, key });
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const TYPES = [...capabilitiesByType().values()];
/** Messages that name existing tasks or schedules. */
const NAMING = TYPES.filter(({ type }) => ["task_id", "task_ids"].some((name) => name in shapeOf(type)));

function shapeOf(type: RequestType): Record<string, unknown> {
  return (EXCHANGES[type].request as unknown as { shape: Record<string, unknown> }).shape;
}

/** The example of the message, about this task. */
function about(type: RequestType, id: string): object {
  const example = TYPES.find((one) => one.type === type)!.example as Record<string, unknown>;
  return "task_ids" in shapeOf(type) ? { ...example, task_ids: [id] } : { ...example, task_id: id };
}

const HIDDEN = ["beta_task", "beta_schedule", "none_task", "none_schedule"];
const withoutTime = (reply: object) => JSON.stringify({ ...reply, timestamp: undefined });

Deno.test("property: a hidden task is answered exactly as one that does not exist, by every message that names one", async () => {
  await withProjects(async ({ limited }) => {
    assert.ok(NAMING.length > 20);
    const messages = fc.record({
      type: fc.constantFrom(...NAMING.map(({ type }) => type)),
      id: fc.constantFrom(...HIDDEN),
    });
    await fc.assert(
      fc.asyncProperty(messages, async ({ type, id }) => {
        const unknown = "x".repeat(id.length);
        const [hidden, missing] = [await limited(about(type, id)), await limited(about(type, unknown))];
        assert.equal(withoutTime(hidden).replaceAll(id, unknown), withoutTime(missing), type);
        assert.ok(
          ["TASK_NOT_FOUND", "PERMISSION_DENIED"].includes(hidden.code as string),
          withoutTime(hidden),
        );
      }),
      { numRuns: 150 },
    );
  });
});

Deno.test("no message by a limited key tells of a task of another project", async () => {
  await withProjects(async ({ limited, owner }) => {
    const told: string[] = [];
    for (const { type, example, permission } of TYPES) {
      if (permission === "admin" || type === "logout") continue;
      // Ids that the key cannot know; what it sends itself may come back.
      const text = JSON.stringify(await limited(example));
      for (const hidden of ["beta", "none_"]) {
        if (text.includes(hidden) && !JSON.stringify(example).includes(hidden)) told.push(`${type}: ${text}`);
      }
    }
    assert.deepEqual(told, []);
    const list = await limited({ type: "list_tasks" });
    assert.deepEqual((list.tasks as Message[]).map(({ id }) => id), ["alpha_task"]);
    assert.deepEqual([list.total_count, list.filtered_count], [1, 1]);
    const { schedules } = await limited({ type: "list_schedules" });
    assert.deepEqual((schedules as Message[]).map(({ id }) => id).sort(), ["alpha_schedule", "alpha_task"]);
    const { projects } = await limited({ type: "list_projects" });
    assert.deepEqual((projects as Message[]).map(({ name }) => name), ["alpha"]);
    assert.equal((await limited({ type: "get_task_status", task_id: "alpha_task" })).type, "task_status");
    for (const closed of ["request_process_list", "request_system_health", "list_remembered"] as const) {
      assert.equal((await limited({ type: closed })).code, "PERMISSION_DENIED", closed);
    }
    assert.equal(((await owner({ type: "list_tasks" })).tasks as Message[]).length, 3);
  });
});

Deno.test("a limited key starts tasks only in its projects, and moves none of them elsewhere", async () => {
  await withProjects(async ({ limited }) => {
    const start = async (more: object, project?: string) =>
      (await limited({ type: "start_task", task: task(`new_${crypto.randomUUID()}`, project, more) })).code;
    assert.equal(await start({}, "alpha"), undefined);
    assert.equal(await start({ execution: { working_dir: "." } }, "alpha"), undefined);
    assert.equal(await start({}), "PERMISSION_DENIED", "without a project");
    assert.equal(await start({}, "beta"), "PERMISSION_DENIED");
    assert.equal(await start({}, "a label"), "PERMISSION_DENIED");
    assert.notEqual(await start({ execution: { working_dir: "../beta" } }, "alpha"), undefined);
    assert.notEqual(await start({ execution: { working_dir: "to_beta" } }, "alpha"), undefined, "by a link");
    assert.equal(await start({ dependencies: ["beta_task"] }, "alpha"), "TASK_DEPENDENCY_ERROR");
    const recurring = { interval: "daily" };
    const scheduled = await limited({ type: "schedule_task", task: task("plan", "beta", { recurring }) });
    assert.equal(scheduled.code, "PERMISSION_DENIED");
    for (
      const [type, task_id, field] of [["update_task", "alpha_task", "changes"], [
        "update_schedule",
        "alpha_schedule",
        "task",
      ]]
    ) {
      for (const metadata of [{ project: "beta" }, {}]) {
        const moved = await limited({ type, task_id, [field!]: { metadata } });
        assert.equal(moved.code, "PERMISSION_DENIED", `${type} ${JSON.stringify(metadata)}`);
      }
      const kept = await limited({ type, task_id, [field!]: { priority: "high" } });
      assert.equal(kept.code, undefined, JSON.stringify(kept));
    }
  });
});

Deno.test("a limited key hears, follows and finds only what is about its projects' tasks", async () => {
  await withProjects(async ({ app, limited, owner, key }) => {
    const socket = await app.connect();
    await socket.request({ type: "authenticate", api_key: key });
    const channels = [
      "task_status",
      "task_progress",
      "conversations",
      "agents",
      "log_entries",
      "task_manager",
    ];
    assert.equal(
      (await socket.request({ type: "subscribe_to_updates", channels })).type,
      "subscription_confirmed",
    );
    const follow = await socket.request({ type: "request_log_entries", filter: { follow: true } });
    assert.ok(follow.subscription_id !== undefined, JSON.stringify(follow));
    for (const id of ["beta_task", "none_task", "alpha_task"]) {
      assert.equal((await owner({ type: "cancel_task", task_id: id })).type, "task_cancelled");
    }
    // Pushes keep their order, so what came before this would be here.
    await socket.next(({ type, task_id }) => type === "task_status_update" && task_id === "alpha_task");
    const heard = JSON.stringify(socket.messages);
    for (const hidden of ["beta", "none_"]) assert.ok(!heard.includes(hidden), heard.slice(-2000));
    const log = await limited({ type: "request_log_entries", limit: 1000 });
    assert.ok(!JSON.stringify(log).includes("beta"));
    const { entries, total_count } = log.data as { entries: Message[]; total_count: number };
    assert.equal(total_count, entries.length);
    await socket.close();
  });
});

Deno.test("a key with admin takes no projects", async () => {
  await withProjects(async ({ owner }) => {
    const refused = await owner({
      type: "create_key",
      key: { name: "both", permissions: ["read", "admin"], projects: ["alpha"] },
    });
    assert.equal(refused.code, "INVALID_FIELD_VALUE");
    assert.equal((refused.details as Message).field, "key.projects");
  });
});
