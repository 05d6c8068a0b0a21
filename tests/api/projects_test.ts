/** Projects: which project a task belongs to, and what it gets from it. */
import assert from "node:assert/strict";
import { effectiveConfig } from "../../src/boot/config_file.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
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
