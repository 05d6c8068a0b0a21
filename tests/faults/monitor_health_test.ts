/** Parts of the server are broken for real, and its health must say so, and that they work again. */
import assert from "node:assert/strict";
import { withFakePs } from "../fixtures/fake_ps.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { EXCHANGES } from "../../src/protocol/messages.ts";
import type { ComponentStatus, Health, HealthIssue } from "../../src/protocol/system_messages.ts";

const config = { limits: { enabled: false } };
const ignore = Deno.build.os === "windows";

async function healthOf(server: TestServer): Promise<Health> {
  const { reply } = await server.post({ type: "request_system_health" });
  return (EXCHANGES.request_system_health.reply.parse(reply) as { data: Health }).data;
}

/** The issue of `component`, once it stands as `status`. */
async function once(
  server: TestServer,
  component: string,
  status: ComponentStatus,
): Promise<HealthIssue | undefined> {
  let health: Health | undefined;
  await until(async () => {
    health = await healthOf(server);
    return health.components[component] === status;
  });
  return health!.issues.find((issue) => issue.component === component);
}

async function httpStatus(server: TestServer): Promise<number> {
  const response = await fetch(`${server.url}/health`);
  await response.body?.cancel();
  return response.status;
}

Deno.test(
  { name: "a store that another process holds: the database is unhealthy until it lets go", ignore },
  async () => {
    const { DatabaseSync } = await import("node:sqlite");
    await withServer({ config }, async (server) => {
      assert.equal((await healthOf(server)).overall_status, "healthy");
      const other = new DatabaseSync(`${server.data}/store.sqlite3`);
      other.exec("BEGIN EXCLUSIVE");
      const issue = await once(server, "database", "unhealthy");
      assert.deepEqual([issue?.code, issue?.severity], ["HEALTH_CHECK_FAILED", "critical"]);
      const again = await healthOf(server);
      assert.equal(again.overall_status, "unhealthy");
      assert.deepEqual(again.issues.map(({ component }) => component), ["database"]);
      assert.equal(again.issues[0]!.since, issue!.since, "it has been so since then");
      assert.equal(await httpStatus(server), 503);
      // What needs no commit is answered all the same.
      assert.equal((await server.post({ type: "list_tasks" })).status, 200);

      other.exec("COMMIT");
      other.close();
      assert.equal(await once(server, "database", "healthy"), undefined);
      assert.equal(await httpStatus(server), 200);
    });
  },
);

Deno.test({ name: "a `ps` that fails: processes cannot be seen, all else goes on", ignore }, async () => {
  await withFakePs(async (ps) => {
    await withServer({ config, permissions: START_PERMISSIONS }, async (server) => {
      assert.equal((await healthOf(server)).components.process_monitoring, "healthy");
      await ps.break();
      const issue = await once(server, "process_monitoring", "unhealthy");
      assert.equal(issue?.code, "SERVICE_UNAVAILABLE");
      assert.match(issue!.message, /cannot read the process table/);
      for (const request of [{ type: "request_process_list" }, { type: "request_claude_processes" }]) {
        const { status, reply } = await server.post(request);
        assert.deepEqual([status, reply.code], [503, "SERVICE_UNAVAILABLE"]);
      }
      const { reply } = await server.post({ type: "request_system_resources" });
      const data = reply.data as Record<string, unknown>;
      assert.ok((data.memory_total as number) > 0 && (data.disk_total as number) > 0);
      assert.deepEqual([data.active_processes, data.claude_processes], [undefined, undefined]);
      assert.equal((await healthOf(server)).components.file_monitoring, "healthy");

      await ps.mend();
      await once(server, "process_monitoring", "healthy");
      assert.equal((await server.post({ type: "request_process_list" })).status, 200);
    }, { PATH: ps.path });
  });
});

Deno.test(
  { name: "without permission to run programs processes are not seen, which is no fault", ignore },
  async () => {
    const permissions = START_PERMISSIONS.filter((flag) => flag !== "--allow-run");
    await withServer({ config, permissions }, async (server) => {
      const issue = await once(server, "process_monitoring", "degraded");
      assert.deepEqual([issue?.code, issue?.severity], ["SERVICE_UNAVAILABLE", "warning"]);
      assert.match(issue!.message, /may not run 'ps'/);
      const { status, reply } = await server.post({ type: "request_system_resources" });
      const { active_processes, disk_total } = reply.data as {
        active_processes?: number;
        disk_total: number;
      };
      assert.deepEqual([status, active_processes, disk_total > 0], [200, undefined, true]);
    });
  },
);

/** A small disk at `path`; false where none may be mounted. */
async function mounted(path: string, size: string): Promise<boolean> {
  try {
    await Deno.mkdir(path, { recursive: true });
    const args = ["-t", "tmpfs", "-o", `size=${size},mode=0700`, "tmpfs", path];
    return (await new Deno.Command("mount", { args, stderr: "null" }).output()).success;
  } catch {
    // No `mount` here.
    return false;
  }
}

/** Writes until nothing more fits. */
async function fill(path: string): Promise<void> {
  const block = new Uint8Array(64 << 10);
  using file = await Deno.open(path, { write: true, create: true });
  for (let size = block.length; size >= 512;) {
    try {
      for (let rest = block.subarray(0, size); rest.length > 0;) rest = rest.subarray(await file.write(rest));
    } catch (error) {
      assert.match(String(error), /space/i);
      size >>= 1;
    }
  }
}

Deno.test(
  { name: "a full disk: the disk and the store are unhealthy until there is room", ignore },
  async (t) => {
    const folder = await Deno.makeTempDir({ prefix: "oa-disk-" });
    const isMounted = Deno.build.os === "linux" && await mounted(`${folder}/disk`, "24m");
    try {
      await t.step({
        name: "on a small disk of its own",
        ignore: !isMounted,
        fn: () =>
          withServer({ config, args: ["--data", `${folder}/disk/data`] }, async (server) => {
            const before = await healthOf(server);
            assert.equal(before.overall_status, "healthy", JSON.stringify(before.issues));
            await fill(`${folder}/disk/filler`);
            const disk = await once(server, "file_monitoring", "unhealthy");
            assert.deepEqual([disk?.code, disk?.severity], ["DISK_SPACE_EXCEEDED", "critical"]);
            const task = { id: "t", type: "testing", priority: "low", description: "x".repeat(900) };
            await until(async () => {
              // A few commits still find room in pages that the store has already.
              const { reply } = await server.post({
                type: "start_task",
                task: { ...task, id: crypto.randomUUID() },
              });
              return reply.type === "error";
            });
            const database = await once(server, "database", "unhealthy");
            assert.match(database!.code, /^(DISK_SPACE_EXCEEDED|DATABASE_ERROR)$/);

            await Deno.remove(`${folder}/disk/filler`);
            await once(server, "file_monitoring", "healthy");
            await once(server, "database", "healthy");
            assert.equal(await httpStatus(server), 200);
            assert.equal((await server.post({ type: "start_task", task })).status, 200);
          }),
      });
    } finally {
      if (isMounted) await new Deno.Command("umount", { args: [`${folder}/disk`] }).output();
      await Deno.remove(folder, { recursive: true });
    }
  },
);
