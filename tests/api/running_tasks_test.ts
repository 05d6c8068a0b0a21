/** What becomes of a task that a plain command runs, seen from the socket. */
import assert from "node:assert/strict";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";

const CONFIG = {
  limits: { enabled: false },
  agents: {
    echo: { protocol: "command", command: ["echo", "{description}"] },
    sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
    missing: { protocol: "command", command: ["no-such-program-anywhere"] },
  },
  tasks: { default_agent: "sh", max_concurrent: 2, allowed_dirs: ["."], default_timeout: 60_000 },
};

type Fields = Record<string, unknown>;

function task(id: string, prompt: string, more: Fields = {}): Fields {
  const { execution, ...rest } = more as { execution?: Fields };
  return {
    id,
    type: "testing",
    priority: "medium",
    description: `Task ${id}`,
    execution: { prompt, ...execution },
    ...rest,
  };
}

/** Starts the task and answers the reply, which must be a success. */
async function start(socket: TestSocket, wanted: Fields): Promise<Message> {
  const reply = await socket.request({ type: "start_task", task: wanted });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
  return reply;
}

/** Waits until the task has the status, by its pushes. */
async function status(socket: TestSocket, id: string, wanted: string): Promise<Fields> {
  const now = await socket.request({ type: "get_task_status", task_id: id });
  if ((now.task as Fields).status !== wanted) {
    await socket.next((m) => m.type === "task_status_update" && m.task_id === id && m.new_status === wanted);
  }
  return (await socket.request({ type: "get_task_status", task_id: id })).task as Fields;
}

async function watching(server: TestServer): Promise<TestSocket> {
  const socket = await server.connect();
  await socket.request({
    type: "subscribe_to_updates",
    channels: ["task_status", "task_progress", "log_entries", "agents"],
  });
  return socket;
}

async function logOf(socket: TestSocket, id: string): Promise<Fields[]> {
  const reply = await socket.request({
    type: "request_log_entries",
    limit: 1000,
    filter: { agent: id },
    sort: { field: "time", order: "asc" },
  });
  return ((reply.data as Fields).entries as Fields[]).filter((entry) =>
    entry.source === "stdout" || entry.source === "stderr"
  );
}

Deno.test("tasks run by a command", async (t) => {
  await withServer({ config: CONFIG }, async (server) => {
    const socket = await watching(server);

    await t.step("a task is queued, runs and completes; everything is pushed and stored", async () => {
      const reply = await start(
        socket,
        task("one", "echo out; echo err >&2", { metadata: { owner: "me", custom: [1] } }),
      );
      assert.equal((reply.task as Fields).status, "queued");
      const done = await status(socket, "one", "completed");
      assert.equal(done.progress, 100);
      assert.deepEqual(done.metadata, { owner: "me", custom: [1] });
      const entries = (await logOf(socket, "one")).map(({ level, message, agent }) => ({
        level,
        message,
        agent,
      }));
      assert.deepEqual(
        new Set(entries.map((e) => JSON.stringify(e))),
        new Set([
          JSON.stringify({ level: "info", message: "out", agent: "one" }),
          JSON.stringify({ level: "warn", message: "err", agent: "one" }),
        ]),
      );
      const { result } = await socket.request({
        type: "get_task_result",
        task_id: "one",
      }) as unknown as {
        result: Fields;
      };
      assert.equal((result.output as string).trim(), "out");
      assert.equal(result.exit_code, 0);
      assert.equal((result.attempts as Fields[]).length, 1);
      const statuses = socket.messages.filter((m) => m.type === "task_status_update" && m.task_id === "one")
        .map((m) => m.new_status);
      assert.deepEqual(statuses, ["queued", "running", "completed"]);
    });

    await t.step("progress comes from what the command reports", async () => {
      const line = (done: number) =>
        `echo '{"progress":{"completed_steps":${done},"total_steps":4,"current_step":"step ${done}"}}'; sleep 0.2`;
      await start(socket, task("steps", [1, 2, 3].map(line).join(";")));
      await status(socket, "steps", "completed");
      const seen = socket.messages.filter((m) => m.type === "task_progress_update" && m.task_id === "steps");
      const values = seen.map((m) => m.new_progress as number).filter((p) => p < 100);
      assert.deepEqual([...new Set(values)], [25, 50, 75]);
      assert.equal((seen[0]!.progress_details as Fields).total_steps, 4);
    });

    await t.step("a failing command: code and last line of stderr", async () => {
      await start(socket, task("fails", "echo first >&2; echo 'the reason' >&2; exit 3"));
      const failed = await status(socket, "fails", "failed");
      assert.match(failed.error as string, /3/);
      assert.match(failed.error as string, /the reason/);
    });

    await t.step("a program that is not installed: failed, naming it", async () => {
      await start(socket, task("missing", "x", { execution: { agent: "missing" } }));
      const failed = await status(socket, "missing", "failed");
      assert.match(failed.error as string, /no-such-program-anywhere/);
    });

    await t.step("no shell sees the task's text", async () => {
      const nasty = "$(touch pwned) `touch pwned` ; touch pwned";
      await start(socket, { ...task("nasty", ""), description: nasty, execution: { agent: "echo" } });
      await status(socket, "nasty", "completed");
      assert.equal((await logOf(socket, "nasty"))[0]!.message, nasty);
    });

    await t.step("timeout: the tree is ended, the task failed", async () => {
      await start(socket, task("slow", "sleep 321 & sleep 321", { timeout: 1000 }));
      const failed = await status(socket, "slow", "failed");
      assert.match(failed.error as string, /^TASK_TIMEOUT_EXCEEDED/);
      assert.equal(await server.processesMatching("sleep 321"), 0);
    });

    await t.step("cancel ends grandchildren in their own sessions, and may be repeated", async () => {
      await start(socket, task("cancelled", "setsid sleep 654 & sleep 654"));
      await status(socket, "cancelled", "running");
      await until(async () => await server.processesMatching("sleep 654") >= 2);
      const first = await socket.request({ type: "cancel_task", task_id: "cancelled" });
      assert.equal(first.type, "task_cancelled");
      await until(async () => await server.processesMatching("sleep 654") === 0);
      assert.equal(
        (await socket.request({ type: "cancel_task", task_id: "cancelled" })).type,
        "task_cancelled",
      );
      assert.equal((await status(socket, "cancelled", "cancelled")).status, "cancelled");
      const wrong = await socket.request({ type: "cancel_task", task_id: "one" });
      assert.equal(wrong.code, "INVALID_FIELD_VALUE");
      assert.deepEqual((wrong.details as Fields).current_status, "completed");
    });

    await t.step("pause stops a running task where it is, and resume continues it", async () => {
      await start(socket, task("paused", "for i in 1 2 3 4 5 6 7 8 9 10; do echo tick $i; sleep 0.1; done"));
      await socket.next((m) =>
        m.type === "log_entry" && (m.log as Fields).agent === "paused" &&
        (m.log as Fields).message === "tick 2"
      );
      assert.equal((await socket.request({ type: "pause_task", task_id: "paused" })).type, "task_paused");
      await until(async () => (await server.processStates("tick $i")).every((s) => s.startsWith("T")));
      const held = await status(socket, "paused", "paused");
      assert.deepEqual([held.runtime_status, held.waiting_for], ["paused", { kind: "paused" }]);
      assert.equal((await socket.request({ type: "resume_task", task_id: "paused" })).type, "task_resumed");
      await status(socket, "paused", "completed");
      assert.equal((await logOf(socket, "paused")).length, 10);
    });

    await t.step("retry: earlier attempts stay in the history", async () => {
      const flag = `${server.dir}/flag`;
      await start(socket, task("again", `test -f ${flag} && exit 0; touch ${flag}; exit 1`));
      await status(socket, "again", "failed");
      const reply = await socket.request({ type: "retry_task", task_id: "again" });
      assert.deepEqual([reply.type, reply.retry_count], ["task_retried", 1]);
      await status(socket, "again", "completed");
      const { result } = await socket.request({
        type: "get_task_result",
        task_id: "again",
      }) as unknown as {
        result: Fields;
      };
      assert.deepEqual((result.attempts as Fields[]).map((a) => a.outcome), ["failed", "completed"]);
    });

    await t.step("dependents wait, fail with their dependency, and return with its retry", async () => {
      const flag = `${server.dir}/flag2`;
      await start(socket, task("base", `sleep 0.3; test -f ${flag}`));
      const reply = await start(socket, task("child", "true", { dependencies: ["base"] }));
      const { status: now, waiting_for } = reply.task as Fields;
      assert.deepEqual([now, waiting_for], ["pending", { kind: "dependency", task_ids: ["base"] }]);
      await start(socket, task("grandchild", "true", { dependencies: ["child"] }));
      assert.equal((await status(socket, "child", "failed")).error, "Dependency 'base' failed");
      assert.equal((await status(socket, "grandchild", "failed")).error, "Dependency 'child' failed");
      const late = await start(socket, task("late", "true", { dependencies: ["base"] }));
      assert.equal((late.task as Fields).status, "failed");
      await Deno.writeTextFile(flag, "");
      await socket.request({ type: "retry_task", task_id: "base" });
      await status(socket, "grandchild", "completed");
    });

    await t.step("slots and priority: the next is the most urgent, then the oldest", async () => {
      await start(socket, task("hold1", "sleep 0.6"));
      await start(socket, task("hold2", "sleep 0.6"));
      await start(socket, task("low", "true", { priority: "low" }));
      await start(socket, task("high1", "true", { priority: "high" }));
      await start(socket, task("high2", "true", { priority: "high" }));
      await start(socket, task("critical", "true", { priority: "critical" }));
      await status(socket, "low", "completed");
      const order = socket.messages.filter((m) =>
        m.type === "task_status_update" && m.new_status === "running"
      ).map((m) => m.task_id as string);
      const ours = order.filter((id) => ["low", "high1", "high2", "critical"].includes(id));
      assert.deepEqual(ours, ["critical", "high1", "high2", "low"]);
    });

    await t.step("megabytes, no newline, invalid UTF-8", async () => {
      await start(
        socket,
        task("loud", "head -c 3000000 /dev/zero | tr '\\0' 'x'; printf '\\377\\376 bad\\n'"),
      );
      await status(socket, "loud", "completed");
      const entries = await logOf(socket, "loud");
      assert.ok(entries.length > 100, `${entries.length} entries`);
      assert.ok(entries.every((entry) => (entry.message as string).length <= 16_384));
      assert.match(entries.at(-1)!.message as string, /\uFFFD bad$/);
    });

    await t.step("the environment has the task's variables and no others", async () => {
      await start(
        socket,
        task("env", "env | sort", { files_pattern: "src/**", execution: { env: { MINE: "yes" } } }),
      );
      await status(socket, "env", "completed");
      const names = (await logOf(socket, "env")).map((entry) => (entry.message as string).split("=")[0]);
      for (
        const name of [
          "TASK_ID",
          "TASK_TYPE",
          "TASK_DESCRIPTION",
          "TASK_PROMPT",
          "TASK_FILES_PATTERN",
          "TASK_ATTEMPT",
          "MINE",
          "PATH",
          "TMPDIR",
        ]
      ) {
        assert.ok(names.includes(name), `${name} is missing`);
      }
      assert.ok(!names.includes("SERVER_SECRET"), "a variable of the server's leaked");
    });
    socket.close();
  }, { SERVER_SECRET: "x" });
});
