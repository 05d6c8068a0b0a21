/** What each way to start the server may do, and what is said where it may not. */
import assert from "node:assert/strict";
import { SANDBOXED, SANDBOXED_ENV } from "../fixtures/sandboxed.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

const config = {
  limits: { enabled: false },
  agents: {
    shell: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
    late: { protocol: "command", command: ["late-agent"] },
  },
  tasks: { default_agent: "shell" },
};

const shellTask = (id: string, prompt: string, agent = "shell") => ({
  type: "start_task",
  task: { id, type: "testing", priority: "high", description: id, execution: { prompt, agent } },
});

async function taskOf(server: TestServer, task_id: string): Promise<Message> {
  const { reply } = await server.post({ type: "get_task_status", task_id });
  return reply as Message;
}

async function statusOnceEnded(server: TestServer, task_id: string): Promise<Record<string, unknown>> {
  let task: Record<string, unknown> = {};
  await until(async () => {
    const reply = await taskOf(server, task_id);
    task = (reply.task ?? reply) as Record<string, unknown>;
    return /completed|failed/.test(String(task.status));
  });
  return task;
}

async function demoStatuses(server: TestServer): Promise<unknown[]> {
  const { reply } = await server.post({ type: "list_tasks" });
  const tasks = reply.tasks as { id: string; status: string }[];
  return tasks.filter(({ id }) => id.startsWith("demo_")).map(({ status }) => status);
}

async function runsTheDemo(server: TestServer): Promise<void> {
  await until(async () => {
    const ended = (await demoStatuses(server)).filter((status) => /completed|failed/.test(String(status)));
    return ended.length === 5;
  }, 60_000);
  assert.deepEqual(await demoStatuses(server), Array(5).fill("completed"));
}

/** The sandboxed server is a child of what the fixture started, so it must be ended by a signal that is forwarded. */
async function endedAfter(server: TestServer, test: () => Promise<void>): Promise<void> {
  let code: number | undefined;
  try {
    await test();
  } finally {
    code = await server.stop("SIGTERM");
    await until(async () => await server.processesMatching(server.data) === 0);
  }
  assert.equal(code, 0);
}

Deno.test("start:sandboxed runs a command, and refuses a program that was not installed at the start", async () => {
  const bin = await Deno.makeTempDir({ prefix: "oa-bin-" });
  const env = { ...SANDBOXED_ENV, PATH: `${bin}:${Deno.env.get("PATH")}` };
  try {
    await withServer({ command: SANDBOXED, config }, (server) =>
      endedAfter(server, async () => {
        assert.match(server.stderr, /--allow-net=127\.0\.0\.1 /);
        assert.match(server.stderr, /not on PATH, so not allowed: .*late-agent/);
        assert.equal((await server.post(shellTask("one", "echo hello"))).status, 200);
        assert.equal((await statusOnceEnded(server, "one")).status, "completed");
        const { reply } = await server.post({ type: "get_task_result", task_id: "one" });
        assert.match(JSON.stringify(reply.result), /hello/);

        await Deno.writeTextFile(`${bin}/late-agent`, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
        await server.post(shellTask("two", "-", "late"));
        const { status, error } = await statusOnceEnded(server, "two");
        assert.equal(status, "failed");
        assert.match(String(error), /may not run 'late-agent'; start it with --allow-run=late-agent/);
      }), env);
  } finally {
    await Deno.remove(bin, { recursive: true });
  }
});

Deno.test("start:sandboxed runs the demo to its end", async () => {
  await withServer(
    { command: SANDBOXED, args: ["--demo"], config },
    (server) => endedAfter(server, () => runsTheDemo(server)),
    SANDBOXED_ENV,
  );
});

Deno.test("start runs a command and the demo", async () => {
  await withServer({ args: ["--demo"], config }, async (server) => {
    await server.post({ ...shellTask("one", "true", "demo") });
    await runsTheDemo(server);
    assert.equal((await statusOnceEnded(server, "one")).status, "completed");
    assert.equal(await server.stop("SIGTERM"), 0);
  });
  await withServer({ config }, async (server) => {
    await server.post(shellTask("one", "true"));
    assert.equal((await statusOnceEnded(server, "one")).status, "completed");
  });
});

Deno.test("without permission to run programs, everything but running tasks works", async () => {
  const permissions = START_PERMISSIONS.filter((flag) => flag !== "--allow-run");
  await withServer({ permissions, config }, async (server) => {
    const { status, reply } = await server.post(shellTask("one", "true"));
    assert.equal(status, 503);
    assert.equal(reply.code, "SERVICE_UNAVAILABLE");
    assert.deepEqual((reply.details as { missing: string[] }).missing, ["run"]);

    assert.equal((await server.post({ type: "list_tasks" })).reply.total_count, 0);
    const socket = await server.connect();
    assert.equal((await socket.request({ type: "ping", timestamp: 1 })).type, "pong");
    await socket.close();
    assert.equal(await server.stop("SIGTERM"), 0);
  });
});

Deno.test("without permission to read the machine's state, everything but its figures works", async () => {
  const permissions = START_PERMISSIONS.filter((flag) => flag !== "--allow-sys");
  await withServer({ permissions, config }, async (server) => {
    await until(() => server.stderr.includes("at most 4 tasks at once"));
    assert.equal((await server.post(shellTask("one", "true"))).status, 200);
    assert.equal((await statusOnceEnded(server, "one")).status, "completed");
    const { reply } = await server.post({ type: "request_system_resources" });
    assert.equal(reply.code, "SERVICE_UNAVAILABLE", JSON.stringify(reply));
    // It was not meant to see it, so nothing is broken.
    const { data } = (await server.post({ type: "request_system_health" })).reply;
    assert.equal((data as { overall_status: string }).overall_status, "degraded");
    assert.equal(await server.stop("SIGTERM"), 0);
  });
});
