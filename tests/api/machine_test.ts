/** The machine, its processes, health and figures, asked through the socket and over HTTP. */
import assert from "node:assert/strict";
import { EXCHANGES } from "../../src/protocol/messages.ts";
import { PUSHED } from "../../src/protocol/pushed.ts";
import { pushes } from "../../src/protocol/pushes.ts";
import { withServer } from "../fixtures/server.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { sleeper: { protocol: "command", command: ["./opencode", "run", "{prompt}"] } },
  tasks: { default_agent: "sleeper" },
  monitor: { resources_interval_ms: 200, processes_interval_ms: 300, task_summary_interval_ms: 200 },
};

/** A program that looks like OpenCode at work: its executable is called so. */
const LOOKALIKE = "#!/bin/sh\nexec -a opencode sleep 300\n";

function shaped(type: keyof typeof EXCHANGES, reply: Message): Message {
  const parsed = EXCHANGES[type].reply.safeParse(reply);
  assert.ok(parsed.success, `${JSON.stringify(reply).slice(0, 300)}\n${parsed.error?.message}`);
  return reply;
}

Deno.test("the machine and its agents", async (t) => {
  await withServer({ config }, async (server) => {
    const sleep = (await new Deno.Command("which", { args: ["sleep"] }).output()).stdout;
    await Deno.copyFile(new TextDecoder().decode(sleep).trim(), `${server.dir}/sleeper`);
    await Deno.writeTextFile(
      `${server.dir}/opencode`,
      LOOKALIKE.replace("sleep", "./sleeper").replace("#!/bin/sh", "#!/bin/bash"),
      {
        mode: 0o755,
      },
    );
    const socket = await server.connect();
    const start = async (id: string) => {
      await socket.request({
        type: "start_task",
        task: { id, type: "feature", priority: "low", description: id },
      });
      const agent = async () =>
        ((await socket.request({ type: "request_status" })).data as { agents: Fields[] }).agents.find((one) =>
          one.task_id === id
        );
      await until(async () => (await agent())?.pid !== undefined);
      return (await agent())!.pid as number;
    };

    await t.step("resources: every required field, with plausible figures", async () => {
      const { data } = shaped(
        "request_system_resources",
        await socket.request({ type: "request_system_resources" }),
      ) as unknown as { data: Fields };
      assert.ok(
        (data.memory_used as number) > 0 && (data.memory_used as number) < (data.memory_total as number),
      );
      assert.ok((data.disk_used as number) > 0 && (data.active_processes as number) > 1);
      assert.equal(data.cpu_cores, navigator.hardwareConcurrency);
    });

    await t.step("our own child is listed with its task, and can be killed; strangers cannot", async () => {
      const pid = await start("listed");
      const listed = async () =>
        shaped("request_process_list", await socket.request({ type: "request_process_list" })).data as {
          processes: Fields[];
          total_count: number;
        };
      // A scan is shared for half a second, and the newest one may be older than the task.
      await until(async () =>
        (await listed()).processes.some((one) => one.pid === pid && one.task_id === "listed")
      );
      const list = { data: await listed() };
      const all = shaped(
        "request_process_list",
        await socket.request({ type: "request_process_list", include_system_processes: true, limit: 1000 }),
      ) as unknown as { data: Fields };
      assert.ok((all.data.total_count as number) > (list.data.total_count as number));
      assert.ok(
        (all.data.processes as Fields[]).some((one) => one.pid === server.pid && one.type === "unknown"),
      );
      const agents = shaped(
        "request_claude_processes",
        await socket.request({ type: "request_claude_processes" }),
      );
      assert.ok((agents.processes as Fields[]).some((one) => one.pid === pid));
      const refused = await socket.request({ type: "kill_process", pid: server.pid });
      assert.equal(refused.code, "PROCESS_PERMISSION_DENIED");
      assert.equal(
        (await socket.request({ type: "kill_process", pid: 2 ** 22 - 1 })).code,
        "PROCESS_NOT_FOUND",
      );
      assert.equal(
        (await socket.request({ type: "kill_process", pid, signal: "SIGUSR1" })).code,
        "INVALID_FIELD_VALUE",
      );
      const killed = shaped("kill_process", await socket.request({ type: "kill_process", pid }));
      assert.deepEqual([
        (killed.data as Fields).pid,
        (killed.data as Fields).signal,
        (killed.data as Fields).success,
      ], [pid, "SIGTERM", true]);
      assert.equal((await socket.request({ type: "kill_process", pid })).code, "PROCESS_NOT_FOUND");
      await until(async () =>
        ((await socket.request({ type: "get_task_status", task_id: "listed" })).task as Fields).status ===
          "failed"
      );
    });

    await t.step("filters, sort and their errors", async () => {
      const ask = (fields: Fields) =>
        socket.request({ type: "request_process_list", include_system_processes: true, ...fields });
      const data =
        (await ask({ filter: { name_contains: "DENO" }, sort: { field: "memory_rss", order: "desc" } }))
          .data as Fields;
      const processes = data.processes as Fields[];
      assert.ok(processes.length > 0 && processes.every((one) => /deno/i.test(one.name as string)));
      const sizes = processes.map((one) => one.memory_rss as number);
      assert.deepEqual(sizes, [...sizes].sort((a, b) => b - a));
      assert.equal((await ask({ filter: { type: "emacs" } })).code, "FILTER_VALIDATION_ERROR");
      assert.equal((await ask({ sort: { field: "colour" } })).code, "INVALID_FIELD_VALUE");
    });

    await t.step(
      "channels that tell how things stand: at once, then at their interval, and not after they are left",
      async () => {
        const channels = ["system_resources", "processes", "claude_processes", "task_manager", "connection"];
        await socket.request({ type: "subscribe_to_updates", channels });
        const pushed = [
          "resource_update",
          "detailed_process_scan",
          "claude_processes_update",
          "task_manager_status",
          "connection_status",
        ];
        for (const type of pushed) await socket.next((m) => m.type === type);
        await until(() => socket.messages.filter((m) => m.type === "resource_update").length >= 3);
        await socket.request({ type: "unsubscribe_from_updates", channels });
        socket.forget();
        // Another client hears of each channel twice more.
        const other = await server.connect();
        await other.request({ type: "subscribe_to_updates", channels });
        await until(() => pushed.every((type) => other.messages.filter((m) => m.type === type).length >= 3));
        await other.close();
        await socket.request({ type: "request_system_resources" });
        assert.deepEqual(socket.messages.filter((m) => m.type !== "system_resources"), []);
      },
    );

    await t.step("health and metrics, over WebSocket and HTTP", async () => {
      const health = shaped("request_system_health", await socket.request({ type: "request_system_health" }))
        .data as Fields;
      assert.equal(health.overall_status, "healthy", JSON.stringify(health));
      assert.deepEqual(Object.keys(health.components as Fields).sort(), [
        "database",
        "file_monitoring",
        "process_monitoring",
        "task_manager",
        "websocket_server",
      ]);
      const response = await fetch(`${server.url}/health`);
      assert.deepEqual([response.status, (await response.json()).overall_status], [200, "healthy"]);
      const metrics = shaped(
        "request_metrics",
        await socket.request({ type: "request_metrics", time_range: "5m" }),
      ).data as Fields;
      assert.ok((metrics.requests_total as number) > 10);
      assert.equal((metrics.endpoint_usage as Fields).request_claude_processes, 1);
      assert.ok((metrics.error_rate_percent as number) > 0);
      for (
        const [range, code] of [["1d", "INVALID_FIELD_FORMAT"], ["25h", "INVALID_FIELD_VALUE"], [
          5,
          "INVALID_FIELD_TYPE",
        ]] as const
      ) {
        assert.equal((await socket.request({ type: "request_metrics", time_range: range })).code, code);
      }
      const text = await (await fetch(`${server.url}/metrics`)).text();
      assert.match(text, /opencode_agents_requests_total\{type="kill_process",outcome="error"\} \d/);
      assert.match(text, /opencode_agents_tasks\{status="failed"\} 1/);
    });

    await t.step("documents: every message has its definition, and all references resolve", async () => {
      const schema = await (await fetch(`${server.url}/schema.json`)).json();
      for (const type of Object.keys(EXCHANGES)) assert.ok(schema.$defs[type], type);
      assert.equal(schema.anyOf.length, Object.keys(EXCHANGES).length);
      const asyncapi = await (await fetch(`${server.url}/asyncapi.json`)).json();
      assert.equal(asyncapi.asyncapi, "3.0.0");
      const resolve = (ref: string) =>
        ref.slice(2).split("/").reduce((at: unknown, part) => (at as Fields)?.[part], asyncapi);
      for (const [, ref] of JSON.stringify(asyncapi).matchAll(/"\$ref":"([^"]+)"/g)) {
        assert.ok(resolve(ref!), ref);
      }
      const page = await (await fetch(`${server.url}/docs`)).text();
      const documented = [...Object.keys(EXCHANGES), "connection_established", ...Object.keys(pushes)];
      for (const type of documented) assert.ok(page.includes(`id="${type}"`), type);
      for (const { channel } of Object.values(PUSHED)) assert.ok(page.includes(`<code>${channel}</code>`));
    });
    await socket.close();
  });
});
