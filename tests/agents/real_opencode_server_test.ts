/** The main job, whole: a client asks over the WebSocket, the real OpenCode does it, the client watches and gets the result. */
import assert from "node:assert/strict";
import { installed } from "../fixtures/agents.ts";
import { type ModelServer, startModelServer } from "../fixtures/model_server.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import type { PermissionPolicy } from "../../src/domain/task.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";
import { longTest } from "../fixtures/tier.ts";

type Fields = Record<string, unknown>;

/** OpenCode needs seconds to begin. */
const PATIENCE_MS = 60_000;

async function withOpenCode(test: (server: TestServer, model: ModelServer) => Promise<void>): Promise<void> {
  const model = await startModelServer();
  const home = await Deno.makeTempDir({ prefix: "oa-home-" });
  try {
    const opencode = await installed("opencode", { model_url: model.url, home });
    const config = {
      limits: { enabled: false },
      agents: { opencode },
      tasks: { default_agent: "opencode", max_concurrent: 1 },
    };
    await withServer({ config }, (server) => test(server, model));
  } finally {
    await model.close();
    await Deno.remove(home, { recursive: true });
  }
}

async function begin(
  server: TestServer,
  id: string,
  prompt: string,
  permissions: PermissionPolicy = "allow",
): Promise<TestSocket> {
  const socket = await server.connect();
  await socket.request({
    type: "subscribe_to_updates",
    channels: ["task_status", "task_progress", "agents"],
  });
  const reply = await socket.request({
    type: "start_task",
    task: { id, type: "feature", priority: "high", description: prompt, execution: { permissions } },
  });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
  return socket;
}

const becomes = (id: string, status: string) => (m: Message) =>
  m.type === "task_status_update" && m.task_id === id && m.new_status === status;

async function result(socket: TestSocket, id: string): Promise<Fields> {
  return (await socket.request({ type: "get_task_result", task_id: id })).result as Fields;
}

async function entriesOf(socket: TestSocket, agent: string): Promise<Fields[]> {
  const log = await socket.request({ type: "request_log_entries", limit: 100, filter: { agent } });
  return (log.data as Fields).entries as Fields[];
}

/** What the tool calls changed in files. */
function diffsIn(entries: Fields[]): Fields[] {
  return entries.flatMap(({ details }) => (details as { diffs?: Fields[] }).diffs ?? []);
}

Deno.test("opencode: writes a file and works through its todo list, seen from the socket", () =>
  withOpenCode(async (server) => {
    const socket = await begin(server, "write", "mock:write path=greeting.txt text=hello");
    await socket.next(becomes("write", "completed"), PATIENCE_MS);
    assert.equal((await Deno.readTextFile(`${server.dir}/greeting.txt`)).trim(), "hello");
    assert.equal((await result(socket, "write")).output, "File written.");

    await socket.request({
      type: "start_task",
      task: { id: "plan", type: "feature", priority: "high", description: "mock:plan n=4 delay=50" },
    });
    await socket.next(becomes("plan", "completed"), PATIENCE_MS);
    const progress = socket.messages.filter((m) => m.type === "task_progress_update" && m.task_id === "plan")
      .map((m) => m.new_progress as number);
    assert.deepEqual([...new Set(progress)], [0, 25, 50, 75, 99, 100].filter((p) => progress.includes(p)));
    for (const step of [25, 50, 75]) assert.ok(progress.includes(step), `no ${step} in ${progress}`);
    const planned = (await socket.request({ type: "get_task_status", task_id: "plan" })).task as Fields;
    const steps = (planned.progress_details as Fields).steps as Fields[];
    assert.deepEqual(steps.map(({ status }) => status), Array(4).fill("completed"));
    assert.ok(steps.every(({ title }) => typeof title === "string" && title !== ""));
    await socket.request({
      type: "start_task",
      task: {
        id: "edit",
        type: "feature",
        priority: "high",
        description: "mock:edit path=greeting.txt",
        execution: { permissions: "allow" },
      },
    });
    await socket.next(becomes("edit", "completed"), PATIENCE_MS);
    const entries = await entriesOf(socket, "write");
    const written = diffsIn(entries);
    assert.deepEqual(written.map(({ path, added, removed }) => [path, added, removed]), [[
      "greeting.txt",
      1,
      0,
    ]]);
    assert.match(
      written[0]!.patch as string,
      /^--- \/dev\/null\n\+\+\+ b\/greeting\.txt\n@@ -0,0 \+1,1 @@\n\+hello\n/,
    );
    const edited = diffsIn(await entriesOf(socket, "edit"));
    assert.deepEqual(edited.map(({ path, added, removed }) => [path, added, removed]), [[
      "greeting.txt",
      1,
      1,
    ]]);
    assert.match(edited[0]!.patch as string, /\n-hello\n[^]*\+bye\n/);
    const sources = entries.map((entry) => entry.source);
    for (const source of ["tool", "agent", "engine"]) {
      assert.ok(sources.includes(source), `no ${source} in ${sources}`);
    }
  }));

longTest(
  "opencode: asks a permission, which a client gives; is cancelled in the middle",
  () =>
    withOpenCode(async (server, model) => {
      const socket = await begin(server, "ask", 'mock:bash cmd="echo hi > allowed.txt"', "ask");
      const asked = await socket.next((m) => m.type === "permission_request", PATIENCE_MS);
      assert.equal(asked.task_id, "ask");
      const waiting = (await socket.request({ type: "get_task_status", task_id: "ask" })).task as Fields;
      assert.equal(waiting.runtime_status, "waiting_for_permission");
      const reply = await socket.request({
        type: "respond_to_permission",
        task_id: "ask",
        permission_id: asked.permission_id,
        decision: "allow",
      });
      assert.equal(reply.type, "permission_answered", JSON.stringify(reply));
      await socket.next(becomes("ask", "completed"), PATIENCE_MS);
      assert.equal((await Deno.readTextFile(`${server.dir}/allowed.txt`)).trim(), "hi");

      await socket.request({
        type: "start_task",
        task: { id: "long", type: "feature", priority: "high", description: "mock:slow n=600 delay=100" },
      });
      await model.seen((request) => request.scenario === "slow", PATIENCE_MS);
      const cancelled = await socket.request({ type: "cancel_task", task_id: "long" });
      assert.equal(cancelled.type, "task_cancelled");
      await until(async () => {
        const { agents } = (await socket.request({ type: "request_status" })).data as { agents: unknown[] };
        return agents.length === 0;
      });
      await until(async () => await server.processesMatching("opencode acp") === 0);
      assert.equal(
        ((await socket.request({ type: "get_task_status", task_id: "long" })).task as Fields).status,
        "cancelled",
      );
    }),
);

longTest(
  "opencode: the server is killed in the middle; the next one goes on with the same session",
  () =>
    withOpenCode(async (server) => {
      const socket = await begin(server, "survivor", "mock:plan n=5 delay=700");
      await socket.next(
        (m) => m.type === "task_progress_update" && (m.new_progress as number) >= 20,
        PATIENCE_MS,
      );
      await server.stop("SIGKILL");
      await until(async () => await server.processesMatching("opencode acp") === 0);
      await server.start();
      const again = await server.connect();
      await again.request({ type: "subscribe_to_updates", channels: ["task_status", "task_progress"] });
      const now = (await again.request({ type: "get_task_status", task_id: "survivor" })).task as Fields;
      assert.ok(now.status === "queued" || now.status === "running", String(now.status));
      await again.next(becomes("survivor", "completed"), PATIENCE_MS);
      const done = (await again.request({ type: "get_task_status", task_id: "survivor" })).task as Fields;
      assert.deepEqual([done.attempt, done.retry_count, done.progress], [2, 0, 100]);
      const { attempts } = await result(again, "survivor") as { attempts: Fields[] };
      assert.deepEqual(attempts.map((a) => [a.outcome, a.resumed]), [["interrupted", undefined], [
        "completed",
        true,
      ]]);
      const progress = again.messages.filter((m) => m.type === "task_progress_update").map((m) =>
        m.new_progress as number
      );
      assert.ok(progress.every((p) => p >= 20), `progress fell back: ${progress}`);
    }),
);
