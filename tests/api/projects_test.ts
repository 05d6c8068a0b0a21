/** Projects: which project a task belongs to, and what it gets from it. */
import assert from "node:assert/strict";
import { effectiveConfig } from "../../src/boot/config_file.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { Repository } from "../fixtures/repository.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const AGENTS = {
  acp: { protocol: "acp", command: ["scripted"], env: { LEVEL: "agent", OF_AGENT: "1" } },
  other: { protocol: "acp", command: ["scripted"] },
};

function config(projects: Fields, more: Fields = {}): Fields {
  return {
    limits: { enabled: false },
    agents: AGENTS,
    projects,
    ...more,
    tasks: { default_agent: "acp", max_concurrent: 9, exclusive_folders: false, ...more.tasks as Fields },
  };
}

async function start(app: TestApp, id: string, execution: Fields = {}, more: Fields = {}): Promise<Fields> {
  const task = { id, type: "testing", priority: "medium", description: id, execution, ...more };
  return (await app.post({ type: "start_task", task })).reply;
}

/** What the task's agent was started with. */
async function requestOf(app: TestApp, id: string, execution: Fields = {}, more: Fields = {}) {
  const reply = await start(app, id, { prompt: `session ${id}; wait ${id}`, ...execution }, more);
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
  const run = () => app.agents.runs.findLast(({ request }) => request.task.id === id);
  await until(() => run() !== undefined);
  return run()!.request;
}

async function folder(app: TestApp, path: string): Promise<string> {
  await Deno.mkdir(`${app.dir}/${path}`, { recursive: true });
  return `${app.dir}/${path}`;
}

const named = (project: string) => ({ metadata: { project } });

Deno.test("a task that names a project gets its settings where it says nothing", async () => {
  const web = {
    path: "web",
    agent: "other",
    model: "big",
    effort: "high",
    mode: "plan",
    permissions: "deny",
    env: { LEVEL: "project", OF_PROJECT: "1" },
    mcp_servers: [{ name: "docs", url: "http://127.0.0.1:1/mcp" }, {
      name: "both",
      url: "http://127.0.0.1:1/a",
    }],
  };
  await withApp({ config: config({ web }) }, async (app) => {
    const path = await folder(app, "web");
    const all = await requestOf(app, "all", {}, named("web"));
    assert.equal(all.agent_name, "other");
    assert.equal(all.working_dir, path);
    assert.deepEqual([all.model, all.effort, all.mode, all.permissions], ["big", "high", "plan", "deny"]);
    assert.equal(all.namesPermissions, false);
    assert.deepEqual(all.env, { LEVEL: "project", OF_PROJECT: "1" });
    assert.deepEqual(all.mcp_servers?.map(({ name }) => name), ["docs", "both"]);
    const own = await requestOf(app, "own", {
      model: "small",
      permissions: "allow",
      env: { LEVEL: "task" },
      mcp_servers: [{ name: "both", url: "http://127.0.0.1:1/b" }],
    }, named("web"));
    assert.deepEqual([own.model, own.effort, own.permissions], ["small", "high", "allow"]);
    assert.deepEqual(own.env, { LEVEL: "task", OF_PROJECT: "1" });
    assert.equal(own.mcp_servers?.find(({ name }) => name === "both")?.url, "http://127.0.0.1:1/b");
    const elsewhere = await requestOf(app, "elsewhere", { agent: "acp" }, named("web"));
    assert.deepEqual([elsewhere.model, elsewhere.effort, elsewhere.mode], [undefined, undefined, undefined]);
  });
});

Deno.test("a folder that is relative to a project stays in it, and counts as allowed", async () => {
  await withApp(
    { config: config({ web: { path: "../outside" } }, { tasks: { allowed_dirs: ["in"] } }) },
    async (app) => {
      const dir = await Deno.makeTempDir({ prefix: "oa-projects-" });
      try {
        await app.restart(config({ web: { path: dir } }, { tasks: { allowed_dirs: ["in"] } }));
        await Deno.mkdir(`${dir}/sub`);
        await folder(app, "in");
        await Deno.symlink(`${app.dir}/in`, `${dir}/out`);
        assert.equal(
          (await requestOf(app, "sub", { working_dir: "sub" }, named("web"))).working_dir,
          `${dir}/sub`,
        );
        assert.equal(
          (await requestOf(app, "whole", { working_dir: `${dir}/sub` })).working_dir,
          `${dir}/sub`,
        );
        assert.equal(
          (await requestOf(app, "allowed", { working_dir: `${app.dir}/in` }, named("web"))).working_dir,
          `${app.dir}/in`,
        );
        for (const working_dir of ["..", "../x", "sub/../..", "out"]) {
          const { code, details } = await start(app, "leaves", { working_dir }, named("web"));
          assert.deepEqual([code, (details as Fields).field], [
            "INVALID_FIELD_VALUE",
            "task.execution.working_dir",
          ], working_dir);
        }
        assert.equal((await start(app, "gone", { working_dir: "no" }, named("web"))).code, "FILE_NOT_FOUND");
        assert.equal(
          (await start(app, "label", { working_dir: "sub" }, named("label"))).code,
          "INVALID_FIELD_VALUE",
        );
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  );
});

Deno.test("a task in a project's folder belongs to it, by real paths and to the innermost one", async () => {
  const projects = {
    outer: { path: "outer", env: { WHERE: "outer" } },
    inner: { path: "outer/packages/inner", env: { WHERE: "inner" } },
  };
  await withApp({ config: config(projects) }, async (app) => {
    await folder(app, "outer/packages/inner/deep");
    await folder(app, "outer-too");
    await Deno.symlink(`${app.dir}/outer/packages`, `${app.dir}/link`);
    const where = async (id: string, working_dir: string, more: Fields = {}) =>
      (await requestOf(app, id, { working_dir }, more)).env.WHERE;
    assert.equal(await where("a", "outer"), "outer");
    assert.equal(await where("b", "outer/packages/inner/deep"), "inner");
    assert.equal(await where("c", "link/inner"), "inner");
    assert.equal(await where("d", "link"), "outer");
    assert.equal(await where("e", "outer-too"), undefined);
    assert.equal(await where("f", "."), undefined);
    assert.equal(await where("g", `${app.dir}/outer/packages/inner`, named("outer")), "outer");
    assert.equal(await where("h", "outer", named("a label")), "outer");
  });
});

Deno.test("a task that names no folder belongs to the project of the default one", async () => {
  const projects = { here: { path: ".", env: { WHERE: "here" } } };
  await withApp({ config: config(projects) }, async (app) => {
    assert.equal((await requestOf(app, "default")).env.WHERE, "here");
  });
});

Deno.test("a task keeps its project over a restart, and gets that of a new configuration", async () => {
  await withApp({ config: config({}) }, async (app) => {
    await folder(app, "web");
    await requestOf(app, "old", { working_dir: "web" });
    await app.restart(config({ web: { path: "web", env: { WHERE: "web" } } }));
    const runs = () => app.agents.runs.filter(({ request }) => request.task.id === "old");
    await until(() => runs().length === 2);
    assert.equal(runs()[1]!.request.env.WHERE, "web");
  });
});

Deno.test("the configuration of projects is checked", () => {
  const refused = (project: Fields, name = "web") => {
    try {
      effectiveConfig({ projects: { [name]: { path: "x", ...project } } }, { base: "/base" });
      return undefined;
    } catch (error) {
      const { code, details } = error as { code: string; details: Fields };
      return [code, details.field];
    }
  };
  const whole = {
    base_branch: "main",
    fetch: "never",
    agent: "opencode",
    model: "m",
    isolation: "worktree",
    permissions: "ask",
    permission_rules: [{ kind: "execute", command: "npm *", decision: "allow" }],
    env: { A: "b" },
    mcp_servers: [{ name: "docs", command: "./docs" }],
    max_concurrent: 2,
    setup: [["npm", "ci"]],
    setup_timeout_ms: 60_000,
    teardown: [["make", "clean"]],
    copy: [".env", "a..b", "config/*.local"],
    checks: [["npm", "test"]],
    check_rounds: 0,
    accept: "merge",
    forge: "none",
    pull_request: { draft: true, feedback: "send", rounds: 1 },
    budget_usd_per_day: 2.5,
  };
  assert.equal(refused(whole), undefined);
  for (const pattern of ["../x", "a/../b", "..", "{..,a}/x", "/etc/x", "a/.."]) {
    assert.deepEqual(
      refused({ copy: [".env", pattern] }),
      ["CONFIGURATION_ERROR", "projects.web.copy[1]"],
      pattern,
    );
  }
  assert.deepEqual(refused({ agent: "nobody" }), ["CONFIGURATION_ERROR", "projects.web.agent"]);
  assert.deepEqual(refused({ setup: ["npm ci"] }), ["CONFIGURATION_ERROR", "projects.web.setup[0]"]);
  assert.deepEqual(refused({ setup: [[]] }), ["CONFIGURATION_ERROR", "projects.web.setup[0]"]);
  assert.equal(refused({}, "a b")?.[0], "CONFIGURATION_ERROR");
  assert.equal(refused({}, "a".repeat(41))?.[0], "CONFIGURATION_ERROR");
  assert.equal(refused({ pathh: "x" })?.[0], "CONFIGURATION_ERROR");
  const { projects } = effectiveConfig({ projects: { web: { path: "x", ...whole } } }, { base: "/base" });
  assert.equal(projects.web!.path, "/base/x");
  assert.equal(projects.web!.mcp_servers![0]!.command, "/base/docs");
});

async function listed(app: TestApp, filter: Fields): Promise<string[]> {
  const { reply } = await app.post({ type: "list_tasks", filter, sort: { field: "id" } });
  assert.equal(reply.type, "task_list", JSON.stringify(reply));
  return (reply.tasks as Fields[]).map(({ id }) => id as string);
}

async function taskOf(app: TestApp, id: string): Promise<Fields> {
  return (await app.post({ type: "get_task_status", task_id: id })).reply.task as Fields;
}

async function become(app: TestApp, status: string, ...ids: string[]): Promise<void> {
  for (const id of ids) await until(async () => (await taskOf(app, id)).status === status);
}

const counts = (some: Fields = {}) => ({
  running: 0,
  queued: 0,
  pending: 0,
  paused: 0,
  to_review: 0,
  ...some,
});

Deno.test("list_projects shows the projects with their tasks, and each task shows its project", async () => {
  const projects = {
    web: { path: "web", base_branch: "main", agent: "acp", isolation: "none" },
    docs: { path: "docs", max_concurrent: 1 },
    gone: { path: "gone" },
  };
  await withApp({ config: config(projects) }, async (app) => {
    await folder(app, "web/.git");
    await Deno.writeTextFile(`${app.dir}/web/.git/HEAD`, "ref: refs/heads/main\n");
    await folder(app, "docs");
    const list = async () => (await app.post({ type: "list_projects" })).reply.projects as Fields[];
    assert.deepEqual(await list(), [
      {
        name: "web",
        path: `${app.dir}/web`,
        is_git: true,
        base_branch: "main",
        agent: "acp",
        isolation: "none",
        tasks: counts(),
      },
      { name: "docs", path: `${app.dir}/docs`, is_git: false, tasks: counts() },
      { name: "gone", path: `${app.dir}/gone`, is_git: false, tasks: counts() },
    ]);
    await requestOf(app, "w1", {}, named("web"));
    await requestOf(app, "d1", { working_dir: "docs" });
    await start(app, "d2", {}, named("docs"));
    await start(app, "d3", {}, { ...named("docs"), dependencies: ["d1"] });
    await requestOf(app, "none", {}, named("label"));
    await become(app, "queued", "d2");
    const tasks = async () => Object.fromEntries((await list()).map(({ name, tasks }) => [name, tasks]));
    assert.deepEqual(await tasks(), {
      web: counts({ running: 1 }),
      docs: counts({ running: 1, queued: 1, pending: 1 }),
      gone: counts(),
    });
    await app.post({ type: "pause_task", task_id: "d2" });
    app.agents.open("w1");
    await become(app, "completed", "w1");
    assert.deepEqual(await tasks(), {
      web: counts(),
      docs: counts({ running: 1, paused: 1, pending: 1 }),
      gone: counts(),
    });
    const shown = async (id: string) => (await taskOf(app, id)).project;
    assert.deepEqual([await shown("w1"), await shown("d1"), await shown("none")], ["web", "docs", undefined]);
    assert.deepEqual(await listed(app, { project: "docs" }), ["d1", "d2", "d3"]);
    assert.deepEqual(await listed(app, { project: ["label", "web"] }), ["none", "w1"]);
    assert.deepEqual(await listed(app, { project: "gone" }), []);
    assert.equal((await start(app, "lost", {}, named("gone"))).code, "FILE_NOT_FOUND");
  });
});

Deno.test("a project runs as many tasks at once as it says, and holds up no other", async () => {
  await withApp({ config: config({ web: { path: "web", max_concurrent: 1 } }) }, async (app) => {
    await folder(app, "web");
    await requestOf(app, "first", {}, named("web"));
    await start(app, "second", { prompt: "session s; wait second" }, {
      ...named("web"),
      priority: "critical",
    });
    await start(app, "third", { working_dir: "web", prompt: "wait third" });
    await requestOf(app, "other");
    const held = { kind: "concurrency", by: "project", task_ids: ["first"] };
    assert.deepEqual((await taskOf(app, "second")).waiting_for, held);
    assert.deepEqual((await taskOf(app, "third")).waiting_for, held);
    await app.post({ type: "pause_task", task_id: "first" });
    assert.deepEqual((await taskOf(app, "second")).waiting_for, held, "a paused agent keeps its place");
    await app.post({ type: "resume_task", task_id: "first" });
    app.agents.open("first");
    await become(app, "running", "second");
    assert.deepEqual((await taskOf(app, "third")).waiting_for, { ...held, task_ids: ["second"] });
    await app.post({ type: "cancel_task", task_id: "second" });
    await become(app, "running", "third");
  });
});

Deno.test("folders are exclusive by default where projects are configured", async () => {
  const { tasks: { exclusive_folders: _, ...tasks }, ...rest } = config({ web: { path: "web" } }) as {
    tasks: Fields;
  };
  await withApp({ config: { ...rest, tasks } }, async (app) => {
    await folder(app, "web/sub");
    await Deno.mkdir(`${app.dir}/web/.git`);
    await Deno.writeTextFile(`${app.dir}/web/.git/HEAD`, "ref: refs/heads/main\n");
    await requestOf(app, "first", {}, named("web"));
    await start(app, "second", { working_dir: "sub", prompt: "wait second" }, named("web"));
    await until(async () => ((await taskOf(app, "second")).waiting_for as Fields)?.by === "working_dir");
  });
});

Deno.test("list_tasks filters by owner, agent, review, tags and what tasks wait for", async () => {
  const more = { tasks: { max_concurrent: 2 } };
  await withApp({ config: config({}, more) }, async (app) => {
    await requestOf(app, "a", { prompt: "ask something" }, {
      metadata: { owner: "ann", tags: ["red", "big"] },
    });
    await requestOf(app, "b", { agent: "other" }, { metadata: { owner: "bob", tags: ["blue"] } });
    await start(app, "c", {}, { metadata: { tags: ["red"] } });
    await start(app, "d", {}, { dependencies: ["c"] });
    await start(app, "e");
    await app.post({ type: "pause_task", task_id: "e" });
    await until(async () => ((await taskOf(app, "a")).waiting_for as Fields)?.kind === "permission");
    assert.deepEqual(await listed(app, { owner: "ann" }), ["a"]);
    assert.deepEqual(await listed(app, { owner: ["ann", "bob"] }), ["a", "b"]);
    assert.deepEqual(await listed(app, { agent: "other" }), ["b"]);
    assert.deepEqual(await listed(app, { agent: "acp", tags: "red" }), ["a", "c"]);
    assert.deepEqual(await listed(app, { tags: ["blue", "big"] }), ["a", "b"]);
    assert.deepEqual(await listed(app, { review: "none", owner: "ann" }), ["a"]);
    assert.deepEqual(await listed(app, { review: ["to_review", "accepted"] }), []);
    assert.deepEqual(await listed(app, { waiting_for: "permission" }), ["a"]);
    assert.deepEqual(await listed(app, { waiting_for: ["slot", "dependency"] }), ["c", "d"]);
    assert.deepEqual(await listed(app, { waiting_for: "paused" }), ["e"]);
    for (
      const filter of [{ waiting_for: "nothing" }, { waiting_for: [] }, { review: "maybe" }, { tags: "" }, {
        owner: 1,
      }, { archived: "yes" }]
    ) {
      const { reply } = await app.post({ type: "list_tasks", filter });
      assert.equal(reply.code, "FILTER_VALIDATION_ERROR", JSON.stringify(filter));
    }
  });
});

Deno.test("what an agent delegates is in its project and folder, unless it names another project", async () => {
  const projects = {
    web: { path: "web", env: { WHERE: "web" } },
    strict: { path: "strict", permissions: "deny", env: { WHERE: "strict" } },
  };
  await withApp({ config: config(projects) }, async (app) => {
    await folder(app, "web/sub");
    await folder(app, "strict");
    const parent = await requestOf(app, "parent", { working_dir: "sub", permissions: "allow" }, named("web"));
    const headers = { authorization: `Bearer ${parent.access!.token}` };
    const child = async (id: string, execution: Fields, more: Fields = {}) => {
      const task = { id, type: "testing", priority: "medium", description: id, execution, ...more };
      const { reply } = await app.post({ type: "start_task", task }, headers);
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
      const run = () => app.agents.runs.findLast(({ request }) => request.task.id === id);
      await until(() => run() !== undefined);
      const { working_dir, env, permissions } = run()!.request;
      return [working_dir, env.WHERE, permissions, (reply.task as Fields).project];
    };
    assert.deepEqual(await child("same", {}), [`${app.dir}/web/sub`, "web", "allow", "web"]);
    assert.deepEqual(await child("up", { working_dir: "." }), [`${app.dir}/web`, "web", "allow", "web"]);
    assert.deepEqual(await child("label", {}, named("label")), [`${app.dir}/web/sub`, "web", "allow", "web"]);
    assert.deepEqual(await child("other", {}, named("strict")), [
      `${app.dir}/strict`,
      "strict",
      "deny",
      "strict",
    ]);
  });
});

Deno.test("a task whose worktree cannot be made since the disk is full waits for room, without a bound and an attempt", async () => {
  const setup = [["sh", "-c", "test -e ../room || { echo 'cp: No space left on device' >&2; exit 1; }"]];
  await withApp({ config: config({ web: { path: "web", setup, isolation: "worktree" } }) }, async (app) => {
    await Repository.create(`${app.dir}/web`);
    assert.equal((await start(app, "t", { prompt: "say done" }, named("web"))).type, "task_started");
    // deno-lint-ignore no-explicit-any -- a task as JSON
    const task = async () => (await app.post({ type: "get_task_status", task_id: "t" })).reply.task as any;
    await until(async () => (await task()).waiting_for?.kind === "disk");
    const { status, attempt, waiting_for, failure } = await task();
    assert.deepEqual([status, attempt, failure], ["pending", 1, undefined]);
    assert.match(waiting_for.reason, /setup failed: .*No space left on device/s);
    assert.ok(Date.parse(waiting_for.until) > Date.now() - 60_000);
    const { reply } = await app.post({ type: "list_tasks", filter: { waiting_for: "disk" } });
    assert.equal(reply.filtered_count, 1);
  });
});
