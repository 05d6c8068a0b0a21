/** A server whose disk is full says so, goes on answering, loses nothing it acknowledged, and recovers by itself. */
import assert from "node:assert/strict";
import { misbehaving } from "../agents/fixtures/acp_run.ts";
import { Repository } from "../fixtures/repository.ts";
import { TestServer } from "../fixtures/server.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";
import { run } from "./fixtures/commands.ts";
import { maySmallDisk, smallDisk, unmount } from "./fixtures/small_disk.ts";

const config = {
  limits: { enabled: false },
  agents: { quick: { protocol: "command", command: ["true"] } },
  tasks: { default_agent: "quick", max_concurrent: 2 },
};

const task = (id: string) => ({
  type: "start_task",
  task: {
    id,
    type: "testing",
    priority: "medium",
    description: id,
    metadata: { text: "x".repeat(100_000) },
    scheduled_time: new Date(Date.now() + 86_400_000).toISOString(),
  },
});

Deno.test("a full disk below a server", { ignore: !maySmallDisk }, async () => {
  const dir = await smallDisk();
  const server = new TestServer(dir, { config }, {});
  const ask = async (message: Message) => (await server.post(message)).reply as Message;
  const ids = async () =>
    ((await ask({ type: "list_tasks", limit: 1000 })).tasks as Message[]).map(({ id }) => id as string);
  try {
    await Deno.writeFile(`${dir}/ballast`, new Uint8Array(4 << 20));
    await server.start();
    const kept: string[] = [];
    let refusal: { status: number; reply: Record<string, unknown> } | undefined;
    for (let n = 0; n < 300 && !refusal; n++) {
      const answer = await server.post(task(`t${n}`));
      if (answer.reply.type === "task_started") kept.push(`t${n}`);
      else refusal = answer;
    }
    assert.equal(refusal?.reply.code, "DISK_SPACE_EXCEEDED", JSON.stringify(refusal));
    assert.equal(refusal.status, 507);
    assert.match(refusal.reply.message as string, /disk that holds the store is full/);
    assert.ok(kept.length > 10);

    // Reads go on, and say the same.
    assert.deepEqual((await ids()).sort(), [...kept].sort());
    const one = (await ask({ type: "get_task_status", task_id: kept[0]! })).task as Message;
    assert.equal((one.metadata as { text: string }).text.length, 100_000);
    assert.equal((await ask({ type: "ping" })).type, "pong");
    const backup = await run(server, "backup", `${dir}/b.backup`, "--data", server.data);
    assert.equal(backup.code, 1);
    assert.match(backup.stderr, /DISK_SPACE_EXCEEDED/);
    assert.deepEqual(
      [...Deno.readDirSync(dir)].map(({ name }) => name).filter((name) => name.startsWith("b.")),
      [],
    );

    // By itself, without a new start.
    await Deno.remove(`${dir}/ballast`);
    await until(async () => (await ask(task("afterwards"))).type === "task_started");
    kept.push("afterwards");
    await server.restart("SIGKILL");
    assert.deepEqual((await ids()).sort(), kept.sort());
  } finally {
    await server.stop("SIGKILL");
    await unmount(dir);
  }
});

Deno.test("a task whose worktree finds no room waits, and begins by itself when there is some", {
  ignore: !maySmallDisk,
}, async () => {
  const small = await smallDisk();
  const dir = await Deno.makeTempDir({ prefix: "oa-room-" });
  const server = new TestServer(dir, { config }, {});
  const ask = async (message: Message) => (await server.post(message)).reply as Message;
  const shown = async () => (await ask({ type: "get_task_status", task_id: "t" })).task as Message;
  try {
    // More than is left of the small disk, on which the worktrees are.
    const big = crypto.getRandomValues(new Uint8Array(65_536));
    const files = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`f${i}`, big]));
    const { path } = await Repository.create(`${dir}/repository`, files);
    await Deno.mkdir(server.data, { recursive: true });
    await Deno.symlink(small, `${server.data}/worktrees`);
    await Deno.writeFile(`${small}/ballast`, new Uint8Array(11 << 20));
    await server.start();
    const execution = { working_dir: path, isolation: "worktree" };
    const { type } = await ask({
      type: "start_task",
      task: { id: "t", type: "testing", priority: "low", description: "t", execution },
    });
    assert.equal(type, "task_started");
    await until(async () => {
      const { status, error, waiting_for } = await shown();
      assert.notEqual(status, "failed", error as string);
      return (waiting_for as Message | undefined)?.kind === "disk";
    });
    const { status, failure, waiting_for } = await shown();
    assert.deepEqual([status, failure], ["pending", undefined]);
    assert.match((waiting_for as Message).reason as string, /No space left on device/);
    // Nothing half made is left.
    assert.deepEqual([...Deno.readDirSync(small)].map(({ name }) => name), ["ballast"]);
    await Deno.remove(`${small}/ballast`);
    await until(async () => (await shown()).status === "completed");
  } finally {
    await server.stop("SIGTERM");
    await unmount(small);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test(
  "an agent that runs out of room in the middle of its work goes on when there is some, and others are not disturbed",
  {
    ignore: !maySmallDisk,
  },
  async () => {
    const small = await smallDisk();
    const dir = await Deno.makeTempDir({ prefix: "oa-room-" });
    const agents = {
      quick: { protocol: "command", command: ["true"] },
      answers: { protocol: "acp", command: misbehaving("writes") },
      dies: { protocol: "acp", command: misbehaving("writes-dies") },
    };
    const tasks = {
      default_agent: "quick",
      max_concurrent: 4,
      allowed_dirs: [small, "."],
      exclusive_folders: false,
    };
    const server = new TestServer(dir, { config: { ...config, agents, tasks } }, {});
    const ask = async (message: Message) => (await server.post(message)).reply as Message;
    const shown = async (id: string) => (await ask({ type: "get_task_status", task_id: id })).task as Message;
    const start = async (id: string, execution: Record<string, unknown>) => {
      const task = { id, type: "testing", priority: "low", description: id, execution };
      const reply = await ask({ type: "start_task", task });
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
    };
    try {
      await server.start();
      await Deno.writeFile(`${small}/ballast`, new Uint8Array((12 << 20) - 65_536));
      for (const agent of ["answers", "dies"]) {
        await Deno.mkdir(`${small}/${agent}`);
        await start(agent, { agent, working_dir: `${small}/${agent}` });
      }
      for (const id of ["answers", "dies"]) {
        await until(async () => {
          const { status, error, waiting_for } = await shown(id);
          assert.notEqual(status, "failed", error as string);
          return (waiting_for as Message | undefined)?.kind === "disk";
        });
        const { waiting_for, retry_count } = await shown(id);
        assert.match(
          (waiting_for as Message).reason as string,
          /^A disk is full: .*(ENOSPC|No space left on device)/,
        );
        const { attempts } = (await ask({ type: "get_task_result", task_id: id })).result as Message;
        const [first] = attempts as { failure: Message }[];
        assert.equal(first!.failure.kind, "overloaded", JSON.stringify(first));
        assert.equal(retry_count, 0);
      }
      await start("beside", {});
      await until(async () => (await shown("beside")).status === "completed");
      await Deno.remove(`${small}/ballast`);
      for (const id of ["answers", "dies"]) await until(async () => (await shown(id)).status === "completed");
      assert.equal((await Deno.stat(`${small}/answers/written`)).size, 1 << 20);
    } finally {
      await server.stop("SIGTERM");
      await unmount(small);
      await Deno.remove(dir, { recursive: true });
    }
  },
);
