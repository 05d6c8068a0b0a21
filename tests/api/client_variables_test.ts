/** The variables that tasks set: which names are refused, and that no value of any is ever shown. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

// deno-lint-ignore no-explicit-any -- the test looks into messages of every type
type Message = Record<string, any>;

const CONFIG = {
  limits: { enabled: false },
  agents: {
    usual: SCRIPTED,
    trusting: { ...SCRIPTED, allow_env: ["PATH", "GIT_AUTHOR_*"] },
  },
  tasks: { default_agent: "usual", max_concurrent: 1 },
};

const sent = async (app: TestApp, message: Message): Promise<Message> => {
  const { reply } = await app.post(message);
  return reply.type === "error" ? { error: reply } : reply;
};

const task = (id: string, execution: Message, more: Message = {}) => ({
  id,
  type: "testing",
  priority: "medium",
  description: id,
  execution: { prompt: `wait ${id}`, ...execution },
  ...more,
});

const start = (app: TestApp, id: string, execution: Message, more: Message = {}) =>
  sent(app, { type: "start_task", task: task(id, execution, more) });

const NIGHTLY = {
  scheduled_time: new Date(Date.now() + 3_600_000).toISOString(),
  recurring: { interval: "daily" },
};

/** The variables that the agent of this task was given. */
async function given(app: TestApp, id: string): Promise<Record<string, string>> {
  const run = () => app.agents.runs.findLast(({ request }) => request.task.id === id);
  await until(() => run() !== undefined);
  return run()!.request.env;
}

const REFUSED = [
  ..."PATH LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES NODE_OPTIONS DENO_DIR BASH_ENV ENV PERL5OPT RUBYOPT"
    .split(" "),
  ..."PYTHONSTARTUP PYTHONPATH GIT_SSH_COMMAND GIT_DIR TASK_ID OPENCODE_AGENTS_TASK_TOKEN".split(" "),
];

Deno.test("variables: names that make a program run another are refused, with the way out", () =>
  withApp({ config: CONFIG }, async (app) => {
    for (const name of REFUSED) {
      const { error } = await start(app, "no", { env: { FINE: "1", [name]: "x" } });
      assert.equal(error.code, "INVALID_FIELD_VALUE", name);
      assert.equal(error.details.field, "task.execution.env");
      assert.deepEqual(error.details.refused, [name]);
      assert.equal(error.details.setting, "agents.usual.allow_env");
    }
    for (const name of ["PATHS", "MY_PATH", "NODE_ENV", "GITHUB_TOKEN", "ENVIRONMENT", "path"]) {
      const reply = await start(app, `yes_${name}`, { env: { [name]: "x" } });
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
    }
  }));

Deno.test("variables: an agent's allow_env allows names and beginnings, for its own tasks only", () =>
  withApp({ config: CONFIG }, async (app) => {
    const env = { PATH: "/opt/bin:/bin", GIT_AUTHOR_NAME: "Ann" };
    const allowed = await start(app, "allowed", { agent: "trusting", env });
    assert.equal(allowed.type, "task_started", JSON.stringify(allowed));
    assert.deepEqual(await given(app, "allowed"), env);
    const { error } = await start(app, "other", { agent: "trusting", env: { GIT_DIR: "/x" } });
    assert.deepEqual(error.details.refused, ["GIT_DIR"]);
    // Before its first attempt, the task goes to another agent.
    await start(app, "moved", { agent: "trusting", env });
    const moved = await sent(app, {
      type: "update_task",
      task_id: "moved",
      changes: { execution: { agent: "usual", env: { PATH: "***" } } },
    });
    assert.equal(moved.error?.details.field, "changes.execution.env", JSON.stringify(moved));
  }));

Deno.test("variables: a schedule and its changes are checked as tasks are", () =>
  withApp({ config: CONFIG }, async (app) => {
    const env = { LD_PRELOAD: "/x.so" };
    const refused = await sent(app, { type: "schedule_task", task: task("n", { env }, NIGHTLY) });
    assert.deepEqual(refused.error.details.refused, ["LD_PRELOAD"]);
    await sent(app, { type: "schedule_task", task: task("n", {}, NIGHTLY) });
    const changed = await sent(app, {
      type: "update_schedule",
      task_id: "n",
      task: { execution: { prompt: "x", env } },
    });
    assert.deepEqual(changed.error.details.refused, ["LD_PRELOAD"], JSON.stringify(changed));
  }));

Deno.test("variables: their values are shown nowhere, and stay as they are when a client sends stars back", () =>
  withApp({ config: CONFIG }, async (app) => {
    await start(app, "busy", {});
    const execution = {
      prompt: "wait secret",
      env: { DEPLOY_TOKEN: "hunter2-secret", PLAIN: "hunter2-plain" },
    };
    const started = await start(app, "secret", execution);
    assert.deepEqual(started.task.execution.env, { DEPLOY_TOKEN: "***", PLAIN: "***" });
    await sent(app, { type: "schedule_task", task: task("nightly", execution, NIGHTLY) });
    const asked = ["get_task_status", "get_task_result", "get_conversation"].map((type) => ({
      type,
      task_id: "secret",
    }));
    const lists = ["list_tasks", "list_schedules", "request_status", "request_log_entries"].map((type) => ({
      type,
    }));
    for (const message of [...asked, ...lists, { type: "get_task_status", task_id: "nightly" }]) {
      const reply = JSON.stringify(await sent(app, message));
      assert.ok(!reply.includes("hunter2"), `${message.type}: ${reply}`);
    }
    const { task: shown } = await sent(app, { type: "get_task_status", task_id: "secret" });
    const changes = { execution: { ...shown.execution, env: { ...shown.execution.env, MORE: "new" } } };
    const updated = await sent(app, { type: "update_task", task_id: "secret", changes });
    assert.equal(updated.type, "task_updated", JSON.stringify(updated));
    app.agents.open("busy");
    const all = { DEPLOY_TOKEN: "hunter2-secret", PLAIN: "hunter2-plain", MORE: "new" };
    assert.deepEqual(await given(app, "secret"), all);
    app.agents.open("secret");
    // The same for a schedule.
    const { schedules } = await sent(app, { type: "list_schedules" });
    const its = schedules.find(({ id }: Message) => id === "nightly").task.execution;
    const edited = await sent(app, {
      type: "update_schedule",
      task_id: "nightly",
      task: { execution: { ...its, prompt: "wait again" } },
    });
    assert.equal(edited.error, undefined, JSON.stringify(edited));
    const { run_id } = await sent(app, { type: "run_schedule", task_id: "nightly" });
    assert.deepEqual(await given(app, run_id), execution.env);
  }));

Deno.test("variables: a copy with stars instead of values is refused, and names them", () =>
  withApp({ config: CONFIG }, async (app) => {
    const { error } = await start(app, "copy", { env: { FINE: "1", DEPLOY_TOKEN: "***" } });
    assert.equal(error.code, "INVALID_FIELD_VALUE");
    assert.deepEqual(error.details.unknown, ["DEPLOY_TOKEN"]);
  }));

Deno.test("choices: a model, an effort and a mode never begin with a dash", () =>
  withApp({ config: CONFIG }, async (app) => {
    for (const choice of ["model", "effort", "mode"]) {
      const { error } = await start(app, "yolo", { [choice]: "--yolo" });
      assert.equal(error?.details.field, `task.execution.${choice}`);
    }
  }));
