/** The machine's figures, compared with what its own programs say, under each way to start the server. */
import assert from "node:assert/strict";
import { groupMemory } from "../../src/host/resources/control_groups.ts";
import { EXCHANGES } from "../../src/protocol/messages.ts";
import { pushes } from "../../src/protocol/pushes.ts";
import type { SystemResources } from "../../src/protocol/resources.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { withFakePs } from "../fixtures/fake_ps.ts";

const config = { limits: { enabled: false }, monitor: { resources_interval_ms: 250 } };
const ignore = Deno.build.os !== "linux";
const MODES = { "every permission": ["-A"], "the permissions of `start`": START_PERMISSIONS };

async function printed(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, env: { LC_ALL: "C" } })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function resourcesOf(server: TestServer): Promise<SystemResources> {
  const { reply } = await server.post({ type: "request_system_resources" });
  return (EXCHANGES.request_system_resources.reply.parse(reply) as { data: SystemResources }).data;
}

function near(what: string, seen: number, truth: number, tolerance: number): void {
  assert.ok(Math.abs(seen - truth) <= tolerance, `${what}: ${seen} instead of ${truth} ± ${tolerance}`);
}

/** Between the figures before and after, with some room for what is measured differently. */
function between(what: string, seen: number, before: number, after: number, slack = 0): void {
  const [low, high] = [Math.min(before, after) - slack, Math.max(before, after) + slack];
  assert.ok(seen >= low && seen <= high, `${what}: ${seen} is not within ${low}–${high}`);
}

async function network(): Promise<Record<string, number>> {
  const sums = { bytes_recv: 0, packets_recv: 0, bytes_sent: 0, packets_sent: 0 };
  for (const line of (await Deno.readTextFile("/proc/net/dev")).split("\n").slice(2)) {
    const [name, ...figures] = line.trim().split(/[:\s]+/);
    if (!name || name === "lo") continue;
    sums.bytes_recv += Number(figures[0]);
    sums.packets_recv += Number(figures[1]);
    sums.bytes_sent += Number(figures[8]);
    sums.packets_sent += Number(figures[9]);
  }
  return sums;
}

for (const [mode, permissions] of Object.entries(MODES)) {
  Deno.test({ name: `resources with ${mode}: what the machine itself says`, ignore }, async () => {
    await withServer({ config, permissions }, async (server) => {
      // Figures may be half a second old, so those before come before the server's first look.
      const net_before = await network();
      await resourcesOf(server);
      const processes_before = (await printed("ps", "-e", "-o", "pid=")).trim().split("\n").length;
      const seen = await resourcesOf(server);
      const net_after = await network();
      const processes_after = (await printed("ps", "-e", "-o", "pid=")).trim().split("\n").length;

      const memory = /^Mem:\s+(\d+)\s+\d+\s+\d+\s+\d+\s+\d+\s+(\d+)/m.exec(await printed("free", "-b"))!;
      const [total, available] = [Number(memory[1]), Number(memory[2])];
      // `free` shows the machine, also where a container limits the memory.
      const limit = permissions.includes("-A") ? groupMemory()?.limit : undefined;
      assert.equal(seen.memory_total, Math.min(total, limit ?? total));
      near("memory_available", seen.memory_available!, available, total * 0.1);
      assert.equal(seen.memory_used, seen.memory_total - seen.memory_available!);
      near("memory_usage", seen.memory_usage, 100 * seen.memory_used / total, 0.01);

      const df = await printed("df", "-B1", "--output=size,used,avail,pcent", server.data);
      const disk = df.split("\n")[1]!.match(/\d+/g)!.map(Number);
      assert.equal(seen.disk_total, disk[0]);
      near("disk_used", seen.disk_used, disk[1]!, disk[0]! * 0.02);
      near("disk_free", seen.disk_free!, disk[2]!, disk[0]! * 0.02);
      // df rounds up, and something may be written meanwhile.
      near("disk_usage", seen.disk_usage, disk[3]! - 0.5, 1);

      for (const field of ["bytes_recv", "packets_recv", "bytes_sent", "packets_sent"] as const) {
        between(field, seen.network_stats![field]!, net_before[field]!, net_after[field]!, 5);
      }
      for (const field of ["errors_sent", "errors_recv", "drop_sent", "drop_recv"] as const) {
        assert.ok(seen.network_stats![field]! >= 0, field);
      }

      assert.equal(seen.cpu_cores, Number(await printed("nproc", "--all")));
      assert.ok(seen.cpu_usage >= 0 && seen.cpu_usage <= 100);
      if (seen.cpu_frequency !== undefined) {
        assert.ok(seen.cpu_frequency > 100 && seen.cpu_frequency < 20_000);
      }
      const loads = (await Deno.readTextFile("/proc/loadavg")).split(" ").slice(0, 3).map(Number);
      // The kernel counts anew every five seconds.
      seen.load_average!.forEach((load, i) => near(`load_average[${i}]`, load, loads[i]!, 2));
      const uptime = Number((await Deno.readTextFile("/proc/uptime")).split(" ")[0]);
      near("uptime_seconds", seen.uptime_seconds!, uptime, 5);
      // Other tests start and end processes meanwhile.
      between("active_processes", seen.active_processes!, processes_before, processes_after, 40);
      assert.ok(Math.abs(Date.parse(seen.timestamp) - Date.now()) < 10_000);
    });
  });

  Deno.test({ name: `resources with ${mode}: a busy machine is seen busy`, ignore }, async () => {
    await withServer({ config, permissions }, async (server) => {
      await resourcesOf(server);
      const loops = Array.from(
        { length: navigator.hardwareConcurrency },
        () => new Deno.Command("sh", { args: ["-c", "while :; do :; done"], stdin: "null" }).spawn(),
      );
      try {
        await until(async () => (await resourcesOf(server)).cpu_usage > 90);
      } finally {
        for (const loop of loops) loop.kill("SIGKILL");
        await Promise.all(loops.map((loop) => loop.status));
      }
    });
  });
}

Deno.test(
  { name: "resource_update: at once, then at its interval, the same figures in full", ignore },
  async () => {
    await withServer({ config }, async (server) => {
      const socket = await server.connect();
      await socket.request({ type: "subscribe_to_updates", channels: ["system_resources"] });
      const updates = () => socket.messages.filter(({ type }) => type === "resource_update");
      await until(() => updates().length >= 3);
      const asked = await resourcesOf(server);
      for (const update of updates()) {
        const { resources } = pushes.resource_update.parse(update);
        assert.deepEqual(Object.keys(resources).sort(), Object.keys(asked).sort());
        assert.equal(resources.memory_total, asked.memory_total);
      }
      const times = updates().map(({ resources }) => Date.parse((resources as SystemResources).timestamp));
      for (let i = 1; i < times.length; i++) assert.ok(times[i]! > times[i - 1]!);
      await socket.close();
    });
  },
);

Deno.test({ name: "what may not be known is absent, never zero", ignore }, async () => {
  await withFakePs(async (ps) => {
    const permissions = [
      ...START_PERMISSIONS.filter((flag) => !/allow-(run|sys)/.test(flag)),
      "--allow-run=ps,kill",
      "--allow-sys=systemMemoryInfo,cpus,statfs",
    ];
    await withServer({ config, permissions }, async (server) => {
      const seen = await resourcesOf(server);
      for (const field of ["network_stats", "load_average", "uptime_seconds"] as const) {
        assert.ok(!Object.hasOwn(seen, field), field);
      }
      assert.ok(seen.active_processes! > 1);
      const { reply } = await server.post({ type: "request_process_list", include_system_processes: true });
      assert.ok(!Object.hasOwn(reply.data as object, "system_load"));
    }, { PATH: ps.path });
  });
});
