/** The agent of a task that a key for some projects started sees no more than that key, nor do those that it starts. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

// deno-lint-ignore no-explicit-any -- the test looks into messages of every type
type Message = Record<string, any>;

interface World {
  app: TestApp;
  folder: string;
  /** Keys for alpha, and for all. */
  limited: string;
  free: string;
}

async function withProjects(test: (world: World) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "oa-agents-" }));
  for (const name of ["alpha", "beta", "other"]) await Deno.mkdir(`${folder}/${name}`);
  const config = {
    security: { auth: "required" },
    limits: { enabled: false },
    agents: { scripted: SCRIPTED },
    projects: { alpha: { path: `${folder}/alpha` }, beta: { path: `${folder}/beta` } },
    tasks: {
      ...{ default_agent: "scripted", max_concurrent: 20, allowed_dirs: [folder] },
      working_dir: `${folder}/other`,
    },
  };
  try {
    await withApp({ config }, async (app) => {
      const key = async (projects?: string[]) => {
        const made = { type: "create_key", key: { name: "a key", permissions: ["read", "write"], projects } };
        return (await sent(app, made, app.owner_token)).api_key as string;
      };
      await test({ app, folder, limited: await key(["alpha"]), free: await key() });
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function sent(app: TestApp, message: Message, token: string): Promise<Message> {
  return (await app.post(message, { authorization: `Bearer ${token}` })).reply;
}

const start = (id: string, project: string | undefined, prompt = "wait end", more: Message = {}) => ({
  type: "start_task",
  task: {
    ...{ id, type: "testing", priority: "low", description: prompt, execution: { prompt } },
    ...{ metadata: project === undefined ? {} : { project }, ...more },
  },
});

/** The token of the agent that works on this task. */
async function tokenOf(app: TestApp, task_id: string): Promise<string> {
  const run = () => app.agents.runs.findLast(({ request }) => request.task.id.startsWith(task_id));
  await until(() => run() !== undefined);
  return run()!.request.access!.token;
}

async function seen(app: TestApp, token: string): Promise<string[]> {
  const { tasks } = await sent(app, { type: "list_tasks", limit: 100 }, token);
  return tasks.map(({ id }: Message) => id).sort();
}

Deno.test("the agent of a task that a key for some projects started is limited to these, and so are those below", () =>
  withProjects(async ({ app, limited, folder }) => {
    await sent(app, start("secret", "beta"), app.owner_token);
    assert.equal((await sent(app, start("up", "alpha"), limited)).type, "task_started");
    const up = await tokenOf(app, "up");
    assert.deepEqual(await seen(app, up), ["up"]);
    assert.equal(
      (await sent(app, { type: "get_task_status", task_id: "secret" }, up)).code,
      "TASK_NOT_FOUND",
    );
    assert.equal((await sent(app, { type: "request_process_list" }, up)).code, "PERMISSION_DENIED");
    // Where its own task works, and nowhere else.
    const child = await sent(app, start("down", undefined), up);
    assert.equal(child.type, "task_started", JSON.stringify(child));
    assert.equal(child.task.project, "alpha");
    assert.equal((await sent(app, start("aside", "beta"), up)).code, "PERMISSION_DENIED");
    const execution = { working_dir: `${folder}/beta`, prompt: "wait end" };
    const outside = start("outside", undefined, "wait end", { execution });
    assert.equal((await sent(app, outside, up)).code, "PERMISSION_DENIED");
    const down = await tokenOf(app, "down");
    assert.deepEqual(await seen(app, down), ["down", "up"]);
    assert.equal((await sent(app, start("deeper", "beta"), down)).code, "PERMISSION_DENIED");
  }));

Deno.test("the agents of others' tasks see all projects, as whoever started them", () =>
  withProjects(async ({ app, free, limited }) => {
    await sent(app, start("secret", "beta"), app.owner_token);
    for (const [id, token] of [["by_owner", app.owner_token], ["by_key", free]]) {
      await sent(app, start(id!, "alpha"), token!);
      assert.ok((await seen(app, await tokenOf(app, id!))).includes("secret"), id);
    }
    assert.ok(!(await seen(app, limited)).includes("secret"));
  }));

Deno.test("a run that a key for some projects starts by hand is limited as that key, also once that is revoked", () =>
  withProjects(async ({ app, limited }) => {
    await sent(app, start("secret", "beta"), app.owner_token);
    const plan = start("plan", "alpha").task;
    const scheduled = await sent(app, {
      type: "schedule_task",
      task: {
        ...plan,
        scheduled_time: new Date(Date.now() + 3_600_000).toISOString(),
        recurring: { interval: "daily" },
      },
    }, limited);
    assert.equal(scheduled.type, "task_scheduled", JSON.stringify(scheduled));
    const { keys } = await sent(app, { type: "list_keys" }, app.owner_token);
    const { id } = keys.find(({ projects }: Message) => projects !== undefined);
    assert.equal((await sent(app, { type: "run_schedule", task_id: "plan" }, limited)).code, undefined);
    const run = await tokenOf(app, "plan_run");
    await sent(app, { type: "revoke_key", key_id: id }, app.owner_token);
    assert.ok(!(await seen(app, run)).includes("secret"));
  }));

Deno.test("what a connection's agent shows changes nothing, and the answer says so", () =>
  withProjects(async ({ app, free }) => {
    await sent(app, start("up", "alpha"), app.owner_token);
    const token = await tokenOf(app, "up");
    const socket = await app.connect();
    await socket.request({ type: "authenticate", api_key: token });
    for (const shown of [app.owner_token, free, token]) {
      for (
        const reply of [
          await socket.request({ type: "authenticate", api_key: shown }) as Message,
          await sent(app, { type: "authenticate", api_key: shown }, token),
        ]
      ) {
        assert.equal(reply.type, "authentication_success", JSON.stringify(reply));
        assert.deepEqual([reply.permissions, reply.session_token], [["read", "write"], shown]);
      }
      assert.equal((await socket.request({ type: "list_keys" }) as Message).code, "PERMISSION_DENIED");
    }
    const { sessions } = await sent(app, { type: "list_sessions" }, app.owner_token);
    assert.deepEqual(sessions.filter(({ actor }: Message) => actor.kind === "key"), []);
    const wrong = await socket.request({ type: "authenticate", api_key: "sk-wrong" }) as Message;
    assert.equal(wrong.code, "INVALID_AUTH_TOKEN");
    await socket.close();
  }));

Deno.test("a key for some projects gets the report of one of them, and of nothing else", () =>
  withProjects(async ({ app, limited }) => {
    await sent(app, start("secret", "beta"), app.owner_token);
    await sent(app, start("ours", "alpha"), app.owner_token);
    const report = (project?: string) =>
      sent(app, { type: "create_report", kind: "daily", format: "markdown", project }, limited);
    const { content } = await report("alpha");
    assert.match(content, /ours/);
    assert.doesNotMatch(content, /secret|beta/);
    for (const project of [undefined, "beta", "no such project"]) {
      const { code, details } = await report(project);
      assert.deepEqual([code, details.projects], ["PERMISSION_DENIED", ["alpha"]]);
    }
  }));
