/** The machine and its processes, seen by a server that has each host, folder and program named. */
import assert from "node:assert/strict";
import { EXCHANGES } from "../../src/protocol/messages.ts";
import { Lookalikes } from "../fixtures/lookalikes.ts";
import { SANDBOXED, SANDBOXED_ENV } from "../fixtures/sandboxed.ts";
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

Deno.test({
  name: "start:sandboxed: every figure of the machine, its agents, and their end",
  ignore: Deno.build.os !== "linux",
}, async () => {
  await withServer({ command: SANDBOXED, config: { limits: { enabled: false } } }, async (server) => {
    const lookalikes = new Lookalikes(server.dir);
    try {
      const { pid, ended } = await lookalikes.start("bin/opencode", ["run"]);
      const agents = async () => {
        const { reply } = await server.post({ type: "request_claude_processes" });
        return (EXCHANGES.request_claude_processes.reply.parse(reply) as unknown as { processes: Fields[] })
          .processes;
      };
      await until(async () => (await agents()).some((one) => one.pid === pid && one.type === "opencode"));

      const { reply } = await server.post({ type: "request_system_resources" });
      const { data } = EXCHANGES.request_system_resources.reply.parse(reply) as unknown as { data: Fields };
      for (
        const field of [
          "cpu_usage",
          "cpu_cores",
          "memory_usage",
          "memory_available",
          "disk_usage",
          "disk_free",
          "network_stats",
          "active_processes",
          "claude_processes",
          "load_average",
          "uptime_seconds",
        ]
      ) assert.ok(data[field] !== undefined, field);
      assert.ok((data.network_stats as Fields).drop_sent !== undefined);
      const { reply: health } = await server.post({ type: "request_system_health" });
      assert.equal((health.data as Fields).overall_status, "healthy", JSON.stringify(health));

      const killed = await server.post({ type: "kill_process", pid });
      assert.equal(killed.status, 200, JSON.stringify(killed.reply));
      await ended;
      assert.ok(!(await agents()).some((one) => one.pid === pid));
    } finally {
      await lookalikes.end();
      // The server is a child of what was started, so it must be ended by a signal that is passed on.
      await server.stop("SIGTERM");
      await until(async () => await server.processesMatching(server.data) === 0);
    }
  }, SANDBOXED_ENV);
});
