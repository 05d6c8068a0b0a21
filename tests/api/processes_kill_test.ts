/** `kill_process` on real processes, with each way to deliver a signal: by ourselves, and by the `kill` program. */
import assert from "node:assert/strict";
import { EXCHANGES } from "../../src/protocol/messages.ts";
import { type Lookalike, Lookalikes, STUBBORN } from "../fixtures/lookalikes.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { timeLimit } from "../fixtures/time_limit.ts";

const ignore = Deno.build.os === "windows";
const MODES = {
  "every permission": ["-A"],
  "the permissions of `start`": START_PERMISSIONS,
  "named programs": [...START_PERMISSIONS.filter((flag) => flag !== "--allow-run"), "--allow-run=ps,kill"],
};
const config = {
  limits: { enabled: false },
  agents: { shell: { protocol: "command", command: ["sh", "-c", "sleep 300 & wait"] } },
  tasks: { default_agent: "shell" },
};

type Fields = Record<string, unknown>;

async function kill(
  server: TestServer,
  pid: number,
  signal?: string,
): Promise<{ status: number; reply: Fields }> {
  return await server.post({ type: "kill_process", pid, ...(signal ? { signal } : {}) });
}

async function statusOf(server: TestServer, pid: number): Promise<unknown> {
  const { reply } = await server.post({
    type: "request_process_list",
    include_system_processes: true,
    limit: 1000,
  });
  return (reply.data as { processes: Fields[] }).processes.find((one) => one.pid === pid)?.status;
}

async function withLookalikes(
  permissions: readonly string[],
  test: (server: TestServer, start: (script?: string) => Promise<Lookalike>) => Promise<void>,
): Promise<void> {
  await withServer({ config, permissions }, async (server) => {
    const lookalikes = new Lookalikes(server.dir);
    let serial = 0;
    try {
      await test(server, async (script) => {
        const one = await lookalikes.start(`${++serial}/opencode`, ["run"], { script });
        await until(async () => await statusOf(server, one.pid) === "sleeping");
        return one;
      });
    } finally {
      await lookalikes.end();
    }
  });
}

for (const [mode, permissions] of Object.entries(MODES)) {
  Deno.test(
    { name: `kill with ${mode}: signals that end, once it is gone; then there is none`, ignore },
    () =>
      withLookalikes(permissions, async (server, start) => {
        for (const signal of [undefined, "SIGINT", "SIGHUP", "SIGQUIT", "SIGKILL"]) {
          const { pid, ended } = await start();
          const { status, reply } = await kill(server, pid, signal);
          assert.equal(status, 200, JSON.stringify(reply));
          const { data } = EXCHANGES.kill_process.reply.parse(reply) as { data: Fields };
          assert.deepEqual([data.pid, data.signal, data.success], [pid, signal ?? "SIGTERM", true]);
          assert.ok(Math.abs(Date.parse(data.termination_time as string) - Date.now()) < 10_000);
          await ended;
          assert.deepEqual((await kill(server, pid, signal)).reply.code, "PROCESS_NOT_FOUND");
        }
      }),
  );

  Deno.test(
    { name: `kill with ${mode}: stopped and continued at once, and so seen`, ignore },
    () =>
      withLookalikes(permissions, async (server, start) => {
        const { pid } = await start();
        for (const [signal, status] of [["SIGSTOP", "stopped"], ["SIGCONT", "sleeping"]] as const) {
          assert.equal((await kill(server, pid, signal)).status, 200);
          assert.equal(await statusOf(server, pid), status);
        }
      }),
  );

  Deno.test(
    { name: `kill with ${mode}: strangers, the server and init are left alone`, ignore },
    () =>
      withLookalikes(permissions, async (server) => {
        const stranger = new Deno.Command("sleep", { args: ["300"], stdin: "null" }).spawn();
        try {
          for (const pid of [stranger.pid, server.pid, 1, Deno.pid]) {
            const { status, reply } = await kill(server, pid, "SIGKILL");
            assert.deepEqual([status, reply.code], [403, "PROCESS_PERMISSION_DENIED"], `process ${pid}`);
            assert.equal((reply.details as Fields).pid, pid);
          }
          // Still there, or this would throw.
          stranger.kill("SIGCONT");
        } finally {
          stranger.kill("SIGKILL");
          await stranger.status;
        }
        assert.deepEqual((await kill(server, 2 ** 22 + 1)).status, 404);
        for (
          const [fields, code] of [
            [{ pid: 0 }, "INVALID_FIELD_VALUE"],
            [{ pid: "1" }, "INVALID_FIELD_TYPE"],
            [{ pid: 1.5 }, "INVALID_FIELD_VALUE"],
            [{}, "MISSING_REQUIRED_FIELD"],
            [{ pid: 1, signal: "SIGUSR1" }, "INVALID_FIELD_VALUE"],
            [{ pid: 1, signal: 9 }, "INVALID_FIELD_TYPE"],
          ] as const
        ) {
          const { reply } = await server.post({ type: "kill_process", ...fields });
          assert.equal(reply.code, code, JSON.stringify(fields));
        }
      }),
  );
}

Deno.test({
  name:
    "kill: one that ignores the signal is said to run still, after ten seconds; others are not kept waiting",
  ignore,
}, () =>
  withLookalikes(START_PERMISSIONS, async (server, start) => {
    const stubborn = await start(STUBBORN);
    const [socket, other] = [await server.connect(), await server.connect()];
    const begun = Date.now();
    let isAnswered = false;
    const waiting = socket.request({ type: "kill_process", pid: stubborn.pid }).finally(() =>
      isAnswered = true
    );
    // Another client, meanwhile.
    assert.equal((await other.request({ type: "ping", timestamp: 1 })).type, "pong");
    assert.equal((await other.request({ type: "request_process_list" })).type, "process_list");
    assert.equal(isAnswered, false);
    const reply = await waiting;
    assert.deepEqual([reply.type, reply.code], ["error", "PROCESS_KILL_FAILED"]);
    const waited_ms = Date.now() - begun;
    assert.ok(waited_ms >= 10_000 && waited_ms < timeLimit(15_000), `${waited_ms} ms`);
    assert.deepEqual((reply.details as Fields).signal, "SIGTERM");
    assert.match(String(reply.message), /SIGKILL/);
    assert.equal((await kill(server, stubborn.pid, "SIGKILL")).status, 200);
    await stubborn.ended;
  }));

Deno.test({
  name: "kill: an agent that has started since the last scan, and one that has become an agent since",
  ignore,
}, () =>
  withServer({ config }, async (server) => {
    const lookalikes = new Lookalikes(server.dir);
    try {
      await server.post({ type: "request_process_list" });
      const young = await lookalikes.start("bin/opencode", ["run"]);
      assert.equal((await kill(server, young.pid)).status, 200);
      await young.ended;
      // A shell that becomes OpenCode when it is told to.
      const script = "echo ready\nread line\nexec bin/opencode agent.sh\n";
      const becoming = await lookalikes.start("bin/wrapper", ["wrap.sh"], { script });
      await Deno.writeTextFile(`${server.dir}/agent.sh`, "echo ready\nread line\n");
      assert.equal((await kill(server, becoming.pid)).status, 403);
      await becoming.tell("go\n");
      assert.equal((await kill(server, becoming.pid)).status, 200);
      await becoming.ended;
    } finally {
      await lookalikes.end();
    }
  }));

Deno.test({
  name: "kill: one that is asked for twice at once is ended once, and both are told the truth",
  ignore,
}, () =>
  withLookalikes(START_PERMISSIONS, async (server, start) => {
    const { pid, ended } = await start();
    const replies = await Promise.all(Array.from({ length: 5 }, () => kill(server, pid)));
    await ended;
    assert.ok(replies.some(({ status }) => status === 200));
    for (const { reply } of replies) {
      assert.ok(reply.type === "process_killed" || reply.code === "PROCESS_NOT_FOUND", JSON.stringify(reply));
    }
  }));

Deno.test(
  { name: "kill: what a task has started may be ended too, and the task goes on", ignore },
  () =>
    withServer({ config }, async (server) => {
      const task = { id: "t1", type: "testing", priority: "low", description: "wait" };
      await server.post({ type: "start_task", task });
      let sleeper: number | undefined;
      await until(async () => {
        const { reply } = await server.post({
          type: "request_process_list",
          include_system_processes: true,
          limit: 1000,
          filter: { name_contains: "sleep" },
        });
        const ours = (reply.data as { processes: Fields[] }).processes.find((one) => one.task_id === "t1");
        sleeper = ours?.pid as number | undefined;
        return sleeper !== undefined;
      });
      const { reply: running } = await server.post({ type: "get_task_status", task_id: "t1" });
      assert.equal((running.task as Fields).status, "running");
      assert.equal((await kill(server, sleeper!)).status, 200);
      // The shell waited for it, and ends well.
      await until(async () =>
        ((await server.post({ type: "get_task_status", task_id: "t1" })).reply.task as Fields).status ===
          "completed"
      );
    }),
);
