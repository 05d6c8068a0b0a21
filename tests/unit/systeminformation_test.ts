/** systeminformation in place of our own readers: on Linux, where both work, they agree. */
import assert from "node:assert/strict";
import { localEpochOf, systemClock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { createProcessAbility } from "../../src/host/processes/ability.ts";
import { createProcessScan, openProcessSource } from "../../src/host/processes/process_scan.ts";
import { openProcfs } from "../../src/host/processes/procfs.ts";
import { diskFigures } from "../../src/host/resources/disk.ts";
import { createNetworkMonitor } from "../../src/host/resources/network.ts";
import { createResourceMonitor } from "../../src/host/resources/resources.ts";
import {
  libraryDisk,
  libraryLoad,
  libraryMemory,
  libraryNetwork,
} from "../../src/host/systeminformation/figures.ts";
import { openLibrary, type SystemInformation } from "../../src/host/systeminformation/library.ts";
import { processOf } from "../../src/host/systeminformation/processes.ts";
import { Process } from "../../src/protocol/process.ts";
import { SystemResources } from "../../src/protocol/resources.ts";
import { until } from "../fixtures/until.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

const ignore = Deno.build.os !== "linux";

function near(what: string, seen: number, truth: number, tolerance: number): void {
  assert.ok(Math.abs(seen - truth) <= tolerance, `${what}: ${seen} instead of ${truth} ± ${tolerance}`);
}

Deno.test(
  { name: "systeminformation: memory, disk, network and load are those of our own readers", ignore },
  async () => {
    const library = openLibrary(systemClock);
    const { total, available } = Deno.systemMemoryInfo();
    const memory = await libraryMemory(library);
    assert.equal(memory.total, total);
    near("available", memory.available, available, total * 0.1);

    const folder = await Deno.makeTempDir();
    const [disk, own] = [await libraryDisk(library, folder), await diskFigures(systemClock, folder)];
    await Deno.remove(folder);
    assert.equal(disk?.disk_total, own.disk_total);
    near("disk_used", disk!.disk_used, own.disk_used, own.disk_total * 0.01);
    near("disk_free", disk!.disk_free!, own.disk_free!, own.disk_total * 0.01);
    near("disk_usage", disk!.disk_usage, own.disk_usage, 1);

    const network = await libraryNetwork(library);
    const ours = await createNetworkMonitor(systemClock, library).read();
    for (const field of ["bytes_recv", "bytes_sent"] as const) {
      near(field, network![field], ours![field], 10_000_000 + 0.05 * ours![field]);
    }
    assert.equal(network!.packets_recv, undefined, "it does not count packets, which is not zero");

    const load = await libraryLoad(library);
    assert.ok(load >= 0 && load <= 100);
  },
);

Deno.test({ name: "systeminformation: processes are those of /proc", ignore }, async () => {
  const child = new Deno.Command("sleep", { args: ["300"] }).spawn();
  try {
    const source = openProcessSource(systemClock, "windows");
    assert.equal(source.kind, "systeminformation");
    const [theirs, ours] = [await source.list(), await openProcfs(systemClock)!.list()];
    near("processes", theirs.length, ours.length, 30);
    for (const pid of [child.pid, Deno.pid]) {
      const [their, own] = [theirs, ours].map((rows) => rows.find((row) => row.pid === pid)!);
      assert.deepEqual([their!.ppid, their!.argv.slice(1)], [own!.ppid, own!.argv.slice(1)]);
      near("started", their!.started, own!.started, 2000);
      near("rss", their!.rss, own!.rss, 20_000_000 + own!.rss * 0.2);
    }
    // On a busy machine it may still be on its way to sleep.
    await until(async () => (await source.one(child.pid))?.status !== "running");
    assert.equal((await source.one(child.pid))?.status, "sleeping");
    assert.equal(await source.one(2 ** 30), undefined);
    const scanned = await createProcessScan(systemClock, source).run();
    const row = scanned.find(({ pid }) => pid === child.pid)!;
    Process.shape.cpu_percent.parse(row.cpu_percent);
    near("cpu_percent", row.cpu_percent, 0, 5);
    near("memory_percent", row.memory_percent, 0, 1);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

Deno.test(
  { name: "systeminformation: the figures of Windows are whole, with no packets", ignore },
  async () => {
    const resources = SystemResources.parse(
      await createResourceMonitor(systemClock, Deno.cwd(), "windows").read(),
    );
    assert.ok(resources.memory_total > 0 && resources.disk_total > 0);
    assert.ok(resources.network_stats!.bytes_recv > 0);
  },
);

type Listed = Parameters<typeof processOf>[0];

Deno.test("systeminformation: a process of Windows, its program quoted, its start in local time", () => {
  const listed = {
    pid: 4242,
    parentPid: 4,
    name: "node.exe",
    cpu: 12.5,
    mem: 1.5,
    memRss: 2048,
    started: "2026-11-30 06:45:49",
    state: "unknown",
    command: '"C:\\Program Files\\nodejs\\node.exe" C:\\Users\\a\\opencode acp',
    params: "",
    path: "C:\\Program Files\\nodejs\\node.exe",
  } as Listed;
  const started = localEpochOf("2026-11-30 06:45:49");
  assert.equal(new Date(started).getHours(), 6);
  const row = processOf(listed, undefined, 0);
  assert.deepEqual(row, {
    pid: 4242,
    ppid: 4,
    name: "node.exe",
    executable: "C:\\Program Files\\nodejs\\node.exe",
    argv: ["C:\\Program Files\\nodejs\\node.exe", "C:\\Users\\a\\opencode", "acp"],
    command: listed.command,
    status: "running",
    started,
    cpu_ms: 0,
    cpu_step_ms: 1000,
    cpu_percent: 12.5,
    rss: 2048 * 1024,
    memory_percent: 1.5,
  });
  assert.equal(processOf(listed, started + 1000, 0).started, started + 1000, "as first seen");
  assert.equal(processOf(listed, started + 60_000, 0).started, started, "another process with this pid");
  const hidden = { ...listed, command: "", path: "", started: null } as unknown as Listed;
  assert.deepEqual(
    [processOf(hidden, undefined, 7).started, processOf(hidden, 5, 7).started, processOf(hidden, 5, 7).argv],
    [7, 5, ["node.exe"]],
  );
});

Deno.test("systeminformation: a question that hangs ends in time, and is not asked again while it is open", async () => {
  const clock = new HandClock();
  let asked = 0;
  const hanging = Promise.withResolvers<never>();
  const library = openLibrary(clock, () =>
    Promise.resolve({
      mem: () => {
        asked++;
        return hanging.promise;
      },
    } as unknown as SystemInformation));
  const first = library.ask("mem", (it) => it.mem());
  await assert.rejects(library.ask("mem", (it) => it.mem()), /still has no answer/);
  clock.pass(10_000);
  await assert.rejects(
    first,
    (error) =>
      error instanceof ApiError && error.code === "SERVICE_UNAVAILABLE" &&
      error.details.retry_after_seconds === 1,
  );
  await assert.rejects(library.ask("mem", (it) => it.mem()), /still has no answer/);
  assert.equal(asked, 1);
  // Nobody listens any more, which is not an unhandled rejection.
  hanging.reject(new Error("too late"));
  await hanging.promise.catch(() => {});
  const again = library.ask("mem", () => Promise.reject(new Error("no PowerShell")));
  await assert.rejects(again, /systeminformation's mem failed: no PowerShell/);
});

Deno.test("windows: processes are listed, signals and tasks are refused with what is missing", async () => {
  const ability = createProcessAbility(systemClock, "windows");
  await ability.tried();
  assert.equal(ability.obstacle("list"), undefined);
  assert.deepEqual(ability.obstacle("signal")?.details, { missing: ["signals"], platform: "windows" });
  const run = ability.obstacle("run")!;
  assert.deepEqual([run.code, run.details.missing], [
    "SERVICE_UNAVAILABLE",
    ["sessions", "process groups", "signals"],
  ]);
  assert.match(run.message, /WSL/);
});

Deno.test("systeminformation: without all permissions it is not loaded, and the error names them", async () => {
  const module = new URL("../../src/host/systeminformation/library.ts", import.meta.url).href;
  const clock = new URL("../../src/clock/clock.ts", import.meta.url).href;
  const code = `import { openLibrary } from ${JSON.stringify(module)};
    import { systemClock } from ${JSON.stringify(clock)};
    const error = await openLibrary(systemClock).ask("mem", (it) => it.mem()).catch((error) => error);
    console.log(JSON.stringify([error.code, error.details]));`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, code);
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "--config",
      config,
      "--allow-read",
      "--allow-run",
      "--allow-sys",
      file,
    ],
  }).output();
  await Deno.remove(file);
  const text = new TextDecoder();
  assert.notEqual(stdout.length, 0, text.decode(stderr));
  assert.deepEqual(JSON.parse(text.decode(stdout)), [
    "SERVICE_UNAVAILABLE",
    { missing: ["all"], permission: "--allow-all" },
  ]);
});
