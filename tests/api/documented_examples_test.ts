/**
 * Every JSON example of the API document: requests are sent and must be accepted; replies, pushes and errors are
 * compared with what the server really sends, key by key.
 */
import assert from "node:assert/strict";
import { Config } from "../../src/protocol/config.ts";
import { EXCHANGES, type RequestType } from "../../src/protocol/messages.ts";
import { documentText, type Example, examplesIn, lacking } from "../fixtures/document/examples.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

/** What the examples show and the server's message lacks, and why. Each must be needed. */
const EXCEPTIONS: Record<string, string> = {
  "log_entries.data.entries[].details.error_code": "details are the source's own",
  "log_entries.data.entries[].details.file_path": "details are the source's own",
  "log_entries.data.entries[].details.error_type": "details are the source's own",
  "log_entries.data.entries[].details.line_number": "details are the source's own",
  "log_entries.data.entries[].details.column_number": "details are the source's own",
  "log_entries.data.entries[].stack_trace": "only failures of the server itself have one",
  "log_entries.data.entries[].context.environment": "a task's metadata, where it says so",
  "log_entry.log.details.execution_time": "details are the source's own",
  "log_entry.log.details.files_processed": "details are the source's own",
  "log_entry.log.details.lines_of_code": "details are the source's own",
  "log_entry.log.context.user": "the server has no users yet",
  "api_metrics.data.endpoint_usage.kill_process": "only what was asked is counted",
  "security_alert.details.blocked_until": "only who guesses keys is blocked: authentication_test.ts",
};

/** Examples of what this version does not have. */
const NOT_YET = [
  "JWT Token Validation Token Payload:",
];
/** Made to arise where something is broken: tests/faults/every_error_test.ts, tests/api/processes_kill_test.ts. */
const ELSEWHERE = ["DATABASE_CONNECTION_ERROR", "FILE_PERMISSION_DENIED", "PROCESS_KILL_FAILED"];

const TASKS: Record<string, string> = {
  task_456: "./opencode run",
  kill_me: "./opencode run",
  task_789: "true",
  failed_task_789: "false",
};
const SCRIPT = `echo '{"progress":{"completed_steps":1,"total_steps":5,"current_step":"Begin"}}'
while [ ! -e go ]; do sleep 0.05; done
echo '{"progress":{"completed_steps":3,"total_steps":5,"current_step":"Running tests"}}'
while :; do sleep 1; done
`;

function config(dir: string) {
  return {
    limits: { enabled: false },
    agents: {
      // Named as the real one, so that it is found and classified as such.
      opencode: { protocol: "command", command: [`${dir}/bin/opencode`, "run"] },
      sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
    },
    monitor: { resources_interval_ms: 500, processes_interval_ms: 500, task_summary_interval_ms: 500 },
  };
}

const newTask = (id: string) => ({
  id,
  type: "testing",
  priority: "high",
  description: "Run unit tests",
  files_pattern: "**/*.test.js",
  dependencies: [],
  timeout: 3_600_000,
  metadata: { estimated_duration: 1800, complexity: "medium", test_framework: "jest" },
  execution: TASKS[id] === "./opencode run" ? { agent: "opencode" } : { agent: "sh", prompt: TASKS[id] },
});

/** The example as it can be sent today: its times lie in the past, its processes and keys do not exist. */
function today(value: Fields, pid: number, api_key: string): Fields {
  const hours = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString();
  return JSON.parse(JSON.stringify(value), (name, inner) => {
    if (name === "scheduled_time") return hours(1);
    if (name === "end_time") return hours(31 * 24);
    if (name === "api_key") return api_key;
    return name === "pid" ? pid : inner;
  });
}

const isRequest = (type: unknown): type is RequestType =>
  typeof type === "string" && Object.hasOwn(EXCHANGES, type);
/** Those that end what others are about come last. */
const LAST = ["kill_process", "cancel_task"];

/** What the server really says, by type; of errors, by code. */
async function realMessages(server: TestServer, examples: Example[]): Promise<Map<string, Message>> {
  const real = new Map<string, Message>();
  const watcher = await server.connect();
  real.set("connection_established", watcher.messages[0]!);
  await watcher.request({ type: "ping", timestamp: 1 });
  await watcher.request({
    type: "subscribe_to_updates",
    channels: Object.values(PUSHES),
  });
  for (const id of Object.keys(TASKS)) await watcher.request({ type: "start_task", task: newTask(id) });
  const ended = (id: string) =>
    watcher.next((m) => m.task_id === id && /completed|failed/.test(String(m.new_status)));
  await Promise.all([ended("task_789"), ended("failed_task_789")]);
  await watcher.next((m) => m.type === "task_progress_update" && m.task_id === "task_456");
  await Deno.writeTextFile(`${server.dir}/go`, "");
  await watcher.next((m) =>
    m.type === "task_progress_update" && m.task_id === "task_456" &&
    (m.progress_details as Fields).completed_steps === 3
  );
  for (const type of Object.keys(PUSHES)) real.set(type, await watcher.next(whole(type)));

  const socket = await server.connect();
  const children = (await socket.request({ type: "request_claude_processes" })).processes as Fields[];
  const pid = children.find(({ task_id }) => task_id === "kill_me")!.pid as number;
  const { api_key } = await socket.request({
    type: "create_key",
    key: { name: "example", permissions: ["read", "write", "admin"] },
  });
  for (const message of MORE) {
    const reply = await socket.request(message);
    real.set(reply.type === "error" ? String(reply.code) : reply.type, reply);
  }
  const requests = examples.filter(({ value }) => isRequest(value.type))
    .sort((a, b) => LAST.indexOf(String(a.value.type)) - LAST.indexOf(String(b.value.type)));
  let subscription_id: unknown;
  for (const { place, value } of requests) {
    const message = today(value, pid, api_key as string);
    if (message.subscription_id !== undefined) message.subscription_id = subscription_id;
    const reply = await socket.request(message);
    const { reply: expected } = EXCHANGES[message.type as RequestType];
    assert.equal(reply.type, expected.shape.type.value, `${place}: ${JSON.stringify(reply)}`);
    subscription_id = reply.subscription_id ?? subscription_id;
    if (!real.has(reply.type)) real.set(reply.type, reply);
  }
  return real;
}

/** Requests besides the examples, for pages that have a next one and for errors. */
const MORE: Fields[] = [
  { type: "list_tasks", limit: 1, sort: { field: "created_at", order: "asc" } },
  { type: "request_log_entries", limit: 1, filter: { agent: "task_789" } },
  { type: "request_process_list", filter: { type: "opencode" } },
  { type: "start_task", task: {} },
  { type: "start_task", task: { ...newTask("x"), priority: "urgent" } },
  { type: "get_task_status", task_id: "nonexistent_task" },
  { type: "start_task", task: { ...newTask("dependent_task"), dependencies: ["task_123"] } },
  { type: "schedule_task", task: { ...newTask("late"), scheduled_time: "2024-01-14T10:00:00Z" } },
];

/** Push types → the channel that carries them. */
const PUSHES: Record<string, string> = {
  resource_update: "system_resources",
  task_status_update: "task_status",
  agent_update: "agents",
  log_entry: "log_entries",
  task_manager_status: "task_manager",
  detailed_process_scan: "processes",
  claude_processes_update: "claude_processes",
  task_progress_update: "task_progress",
  connection_status: "connection",
};

/** A push of this type that has something to tell. */
const whole = (type: string) => (m: Message): boolean => {
  if (m.type !== type) return false;
  switch (type) {
    case "task_status_update":
      return m.old_status !== undefined;
    case "task_progress_update":
      return (m.progress_details as Fields).estimated_time_remaining !== undefined;
    case "agent_update":
      return (m.agent as Fields).cpu_percent !== undefined;
    case "log_entry":
      return (m.log as Fields).agent !== "server";
    case "detailed_process_scan":
    case "claude_processes_update":
      return (m.processes as Fields[])[0]?.activity !== undefined;
    case "connection_status":
      return true;
    default:
      return true;
  }
};

/** What only a server with limits says. */
async function limitMessages(): Promise<Map<string, Message>> {
  const real = new Map<string, Message>();
  await withServer({ config: {} }, async (server) => {
    const watcher: TestSocket = await server.connect();
    await watcher.request({ type: "subscribe_to_updates", channels: ["security"] });
    const flooding = await server.connect();
    for (let i = 0; i < 150; i++) flooding.send({ type: "ping", timestamp: 1 });
    real.set("security_alert", await watcher.next((m) => m.type === "security_alert"));
    real.set("RATE_LIMIT_EXCEEDED", await flooding.next((m) => m.code === "RATE_LIMIT_EXCEEDED"));
    for (let i = 0; i < 8; i++) {
      const id = `t${i}`;
      await watcher.request({
        type: "schedule_task",
        task: { ...newTask(id), scheduled_time: new Date(Date.now() + 86_400_000).toISOString() },
      });
    }
    await watcher.request({ type: "subscribe_to_updates", channels: ["rate_limits"] });
    real.set(
      "rate_limit_info",
      await watcher.next((m) =>
        m.type === "rate_limit_info" && Object.hasOwn(m.limits as Fields, "messages_per_minute")
      ),
    );
  });
  return real;
}

Deno.test("the document's examples", async (t) => {
  const examples = examplesIn(await documentText());
  assert.equal(examples.length, 68);
  const dir = await Deno.realPath(await Deno.makeTempDir());
  const unused = new Set(Object.keys(EXCEPTIONS));
  try {
    await Deno.mkdir(`${dir}/bin`);
    await Deno.copyFile(await Deno.realPath("/bin/sh"), `${dir}/bin/opencode`);
    await withServer({ config: config(dir), permissions: ["-A"] }, async (server) => {
      await Deno.writeTextFile(`${server.dir}/run`, SCRIPT);
      const real = new Map([...await realMessages(server, examples), ...await limitMessages()]);
      for (const { place, value } of examples) {
        if (NOT_YET.includes(place)) continue;
        const key = String(value.type === "error" ? value.code : value.type);
        await t.step(`${place} (${key})`, () => check(key, value, real, unused));
      }
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
  await t.step("every listed exception is needed", () => assert.deepEqual([...unused], []));
});

function check(key: string, value: Fields, real: Map<string, Message>, unused: Set<string>): void {
  // Sent above, and accepted.
  if (isRequest(value.type)) return;
  if (value.type === undefined) return void Config.parse(value);
  const actual = key === "ERROR_CODE" ? real.get("TASK_NOT_FOUND") : real.get(key);
  if (ELSEWHERE.includes(key)) return;
  assert.ok(actual, `nothing of the type ${key} was seen`);
  const own = key === "ERROR_CODE" ? { ...value, details: {} } : value;
  const missing = lacking(own, actual).map((path) => key + path).filter((path) => {
    unused.delete(path);
    return !Object.hasOwn(EXCEPTIONS, path);
  });
  assert.deepEqual(missing, [], JSON.stringify(actual).slice(0, 1500));
}
