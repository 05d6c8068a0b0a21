/** Secrets of the configuration, of tasks and of the server itself are seen nowhere: not in logs, results, errors, pushes or lists. */
import assert from "node:assert/strict";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

// deno-lint-ignore no-explicit-any -- the test looks into messages of every type
type Message = Record<string, any>;

const CONFIGURED = "configured-value-1";
const PASSED = "passed-on-value-2";
const OWN = "own-value-of-task-3";
const PLAIN = "plain-value-for-all";

const config = {
  limits: { enabled: false },
  agents: {
    sh: {
      protocol: "command",
      command: ["sh", "-c", "{prompt}"],
      env: { MODEL_API_KEY: CONFIGURED, GREETING: PLAIN },
      pass_env: ["OA_PASSED_TOKEN"],
    },
  },
  tasks: { default_agent: "sh", max_concurrent: 4 },
};

const start = (id: string, prompt: string, env: Record<string, string> = {}) => ({
  type: "start_task",
  task: { id, type: "testing", priority: "medium", description: id, execution: { prompt, env } },
});

async function ended(server: TestServer, id: string): Promise<Message> {
  const result = async () => (await server.post({ type: "get_task_result", task_id: id })).reply;
  await until(async () => ["completed", "failed"].includes(String((await result()).status)), 60_000);
  return await result();
}

Deno.test("secrets: what an agent prints of them is masked wherever it goes, however it is cut", () =>
  withServer({ config }, async (server) => {
    const socket = await server.connect();
    await socket.request({
      type: "subscribe_to_updates",
      channels: ["log_entries", "task_progress", "task_status"],
    });
    const print = [
      "echo $MODEL_API_KEY $GREETING; echo $OA_PASSED_TOKEN >&2",
      // In two writes with a pause, in which an unfinished line is shown.
      "printf 'cut own-value'; sleep 2; printf -- '-of-task-3 end\\n'",
      'echo "token $OPENCODE_AGENTS_TASK_TOKEN"; cat "$OA_DATA/server.json"',
      "echo why: $OWN_SECRET >&2; exit 3",
    ].join("; ");
    await server.post(start("prints", print, { OWN_SECRET: OWN, OA_DATA: server.data }));
    const result = JSON.stringify(await ended(server, "prints"));
    const { token } = JSON.parse(await Deno.readTextFile(`${server.data}/server.json`));
    const logs = async (search?: string) =>
      (await server.post({ type: "request_log_entries", limit: 1000, filter: search ? { search } : {} }))
        .reply;
    const shown: Record<string, string> = {
      result,
      logs: JSON.stringify(await logs()),
      status: JSON.stringify((await server.post({ type: "get_task_status", task_id: "prints" })).reply),
      stderr: server.stderr,
      pushes: JSON.stringify(socket.messages),
    };
    for (const [where, text] of Object.entries(shown)) {
      for (const secret of [CONFIGURED, PASSED, OWN, token]) {
        assert.ok(!text.includes(secret), `${where}: ${secret}`);
      }
      assert.doesNotMatch(text, /task_[0-9a-z]+_[\w-]{32}/, where);
    }
    assert.match(result, new RegExp(`\\*\\*\\* ${PLAIN}`));
    assert.match(result, /cut \*\*\* end/);
    assert.match(shown.logs!, /why: \*\*\*/);
    for (const secret of [CONFIGURED, PASSED]) {
      const found = await logs(secret);
      assert.equal((found.data as Message | undefined)?.entries?.length ?? 0, 0, secret);
    }
    // A task's own is masked in that task's output only.
    await server.post(start("other", `echo ${OWN}`));
    assert.match(JSON.stringify(await ended(server, "other")), new RegExp(OWN));
  }, { OA_PASSED_TOKEN: PASSED }));

Deno.test("secrets: command lines are shown and searched without them", () =>
  withServer({ config }, async (server) => {
    await server.post(
      start("waits", "exec sh -c 'sleep 600; :' agent --api-key first-value --model m sk-abcdefghij"),
    );
    const list = async (filter: Message = {}) =>
      (await server.post({
        type: "request_process_list",
        include_system_processes: true,
        filter,
        limit: 1000,
      })).reply
        .data as Message;
    await until(
      async () => (await list({ cmdline_contains: "--api-key *** --model m ***" })).processes.length > 0,
      30_000,
    );
    assert.equal((await list({ cmdline_contains: "first-value --model" })).filtered_count, 0);
  }));

Deno.test("secrets: all processes of the machine are for admins, where keys are required", () =>
  withServer({ config: { ...config, security: { auth: "required" } } }, async (server) => {
    const { token } = JSON.parse(await Deno.readTextFile(`${server.data}/server.json`));
    const ask = async (message: Message, key: string) =>
      (await server.post(message, { authorization: `Bearer ${key}` })).reply as Message;
    const created = await ask({ type: "create_key", key: { name: "r", permissions: ["read"] } }, token);
    const { api_key } = created;
    assert.ok(api_key, JSON.stringify(created));
    const all = { type: "request_process_list", include_system_processes: true };
    assert.equal((await ask(all, api_key)).code, "PERMISSION_DENIED");
    assert.equal((await ask({ type: "request_process_list" }, api_key)).type, "process_list");
    assert.equal((await ask(all, token)).type, "process_list");
  }));
