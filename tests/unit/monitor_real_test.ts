/** Against real processes of this machine: through /proc and through `ps`. POSIX only. */
import { OWNER } from "../../src/domain/actor.ts";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { createClassifier } from "../../src/monitor/classify.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Clock, sleep, systemClock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { Process } from "../../src/protocol/process.ts";
import { SystemResources } from "../../src/protocol/resources.ts";
import { createKiller } from "../../src/monitor/kill.ts";
import { createProcessScan } from "../../src/host/processes/process_scan.ts";
import { openProcfs } from "../../src/host/processes/procfs.ts";
import { openPs } from "../../src/host/processes/ps_source.ts";
import type { ProcessSource } from "../../src/host/processes/process_source.ts";
import { createResourceMonitor } from "../../src/host/resources/resources.ts";
import type { OwnChild } from "../../src/monitor/owners.ts";
import type { Scan } from "../../src/monitor/scan.ts";
import { createProcessScanner } from "../../src/monitor/scanner.ts";

const ignore = Deno.build.os === "windows";

const SOURCES: [name: string, open: () => ProcessSource | undefined, ignore: boolean][] = [
  ["/proc", () => openProcfs(systemClock), Deno.build.os !== "linux"],
  ["ps", () => openPs(systemClock), ignore],
];

interface Running {
  pid: number;
  folder: string;
}

/** Runs a program under the name of an agent for as long as `action` takes. */
async function running(
  name: string,
  program: string,
  args: string[],
  action: (running: Running) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  await Deno.copyFile(program, join(folder, name));
  const child = new Deno.Command(join(folder, name), { args, cwd: folder, stdin: "null", stdout: "null" })
    .spawn();
  try {
    await action({ pid: child.pid, folder });
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended, as the test wanted it to.
    }
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
}

function monitor(source: ProcessSource, own: Map<number, OwnChild> = new Map(), clock: Clock = systemClock) {
  const processes = createProcessScan(clock, source);
  const classify = createClassifier(BUILT_IN_MAKES.recognizers);
  const scanner = createProcessScanner({ clock, source, processes, classify, ownChildren: () => own });
  return { scanner, killer: createKiller({ clock, source, scanner }) };
}

function found(scan: Scan, pid: number): Process {
  const scanned = scan.processes.find(({ process }) => process.pid === pid);
  assert.ok(scanned, `process ${pid} is in the scan`);
  return Process.parse(scanned.process);
}

/** Scans until `condition` holds of process `pid`; every scan is a new one. */
async function scanUntil(
  source: ProcessSource,
  pid: number,
  condition: (process: Process) => boolean,
): Promise<Process> {
  const { scanner } = monitor(source);
  const deadline = Date.now() + 15_000;
  for (;;) {
    const process = found(await scanner.scan(), pid);
    if (condition(process)) return process;
    assert.ok(Date.now() < deadline, `not seen: ${JSON.stringify(process)}`);
    await sleep(systemClock, 550);
  }
}

async function rejectsWith(code: string, action: Promise<unknown>): Promise<ApiError> {
  try {
    await action;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.code, code, error.message);
    return error;
  }
  throw new Error(`did not fail with ${code}`);
}

const SLEEP = ["/usr/bin/sleep", "/bin/sleep"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
})!;

for (const [name, open, ignore] of SOURCES) {
  Deno.test({ name: `${name}: an agent is found with all its figures`, ignore }, async () => {
    await running("opencode", SLEEP, ["60"], async ({ pid, folder }) => {
      const source = open()!;
      const process = await scanUntil(source, pid, ({ type }) => type === "opencode");
      assert.equal(process.name, "opencode");
      assert.equal(process.cmdline, `${join(folder, "opencode")} 60`);
      assert.equal(process.status, "sleeping");
      assert.equal(process.is_opencode, true);
      assert.ok(
        process.memory_rss > 100_000 && process.memory_rss < 100_000_000,
        `${process.memory_rss} bytes`,
      );
      assert.ok(Math.abs(process.create_time * 1000 - Date.now()) < 20_000);
      assert.equal(process.start_time, new Date(process.create_time * 1000).toISOString());
      assert.equal(process.threads, 1);
      assert.ok(process.cpu_percent < 5);
      if (source.kind === "proc") {
        assert.equal(process.working_dir, folder);
        assert.ok(process.open_files! >= 3);
        assert.equal(process.connections, 0);
      } else {
        assert.equal(process.working_dir, Deno.build.os === "linux" ? folder : undefined);
        assert.equal(process.open_files, undefined);
      }
    });
  });

  Deno.test(
    { name: `${name}: processor use rises while a process is busy, and falls again`, ignore },
    async () => {
      await running("opencode", SLEEP, ["60"], async () => {
        const busy = new Deno.Command("sh", { args: ["-c", "while :; do :; done"], stdin: "null" }).spawn();
        try {
          const source = open()!;
          const half_a_core = 50 / navigator.hardwareConcurrency;
          const process = await scanUntil(
            source,
            busy.pid,
            ({ cpu_percent }) => cpu_percent > half_a_core / 2,
          );
          assert.ok(process.cpu_percent <= 100);
          busy.kill("SIGSTOP");
          const stopped = await scanUntil(
            source,
            busy.pid,
            ({ status, cpu_percent }) => status === "stopped" && cpu_percent < half_a_core / 2,
          );
          assert.equal(stopped.type, "unknown");
        } finally {
          busy.kill("SIGKILL");
          await busy.status;
        }
      });
    },
  );

  Deno.test(
    { name: `${name}: an agent is stopped, continued, ended; then it is not found`, ignore },
    async () => {
      await running("claude", SLEEP, ["60"], async ({ pid }) => {
        const source = open()!;
        const { killer, scanner } = monitor(source);
        await scanUntil(source, pid, ({ type }) => type === "claude");
        assert.equal((await killer.kill(pid, "SIGSTOP", OWNER)).success, true);
        await scanUntil(source, pid, ({ status }) => status === "stopped");
        await killer.kill(pid, "SIGCONT", OWNER);
        await scanUntil(source, pid, ({ status }) => status === "sleeping");
        const killed = await killer.kill(pid, "SIGTERM", OWNER);
        // No scan from before is shown afterwards; the test's own zombie is no agent any more.
        assert.ok(
          !(await scanner.scan()).processes.some(({ process, agent }) => process.pid === pid && agent),
        );
        assert.deepEqual({ ...killed, termination_time: "" }, {
          pid,
          signal: "SIGTERM",
          success: true,
          termination_time: "",
        });
        await rejectsWith("PROCESS_NOT_FOUND", monitor(source).killer.kill(pid, "SIGTERM", OWNER));
      });
    },
  );

  Deno.test({ name: `${name}: what is no agent is not ended, nor is the server`, ignore }, async () => {
    await running("something", SLEEP, ["60"], async ({ pid }) => {
      const source = open()!;
      const { killer, scanner } = monitor(source);
      await rejectsWith("PROCESS_PERMISSION_DENIED", killer.kill(pid, "SIGKILL", OWNER));
      await rejectsWith("PROCESS_PERMISSION_DENIED", killer.kill(Deno.pid, "SIGKILL", OWNER));
      await rejectsWith("PROCESS_PERMISSION_DENIED", killer.kill(1, "SIGKILL", OWNER));
      await rejectsWith("PROCESS_NOT_FOUND", killer.kill(2 ** 22 + 1, "SIGTERM", OWNER));
      assert.equal(found(await scanner.scan(), pid).name, "something");
      // As a child for a task it may be ended, whatever it runs.
      const own = monitor(source, new Map([[pid, { task_id: "t", agent: "checks" }]]));
      assert.equal(found(await own.scanner.scan(), pid).task_id, "t");
      await own.killer.kill(pid, "SIGKILL", OWNER);
    });
  });
}

Deno.test({ name: "kill: a process that ignores SIGTERM is reported after 10 s", ignore }, async () => {
  const shell = await Deno.realPath("/bin/sh");
  await running("opencode", shell, ["-c", "trap '' TERM; while :; do sleep 0.2; done"], async ({ pid }) => {
    const { killer } = monitor(openPs(systemClock));
    await scanUntil(openPs(systemClock), pid, ({ type }) => type === "opencode");
    // Until the trap is set, SIGTERM would end it; by the end of a scan that saw it asleep, it is.
    await scanUntil(openPs(systemClock), pid, ({ status }) => status === "sleeping");
    const begun = Date.now();
    const error = await rejectsWith("PROCESS_KILL_FAILED", killer.kill(pid, "SIGTERM", OWNER));
    assert.ok(Date.now() - begun >= 10_000);
    assert.match(error.message, /SIGKILL/);
    await killer.kill(pid, "SIGKILL", OWNER);
  });
});

Deno.test(
  { name: "kill: a pid that was given to another process since the last scan is left alone", ignore },
  async () => {
    await running("opencode", SLEEP, ["60"], async ({ pid }) => {
      const real = openPs(systemClock);
      await scanUntil(real, pid, ({ type }) => type === "opencode");
      let earlier_ms = 0;
      const source: ProcessSource = {
        ...real,
        list: async () => (await real.list()).map((row) => ({ ...row, started: row.started - earlier_ms })),
        one: async (pid) => {
          const row = await real.one(pid);
          return row && { ...row, started: row.started + 60_000 };
        },
      };
      let later_ms = 0;
      const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + later_ms };
      const { killer, scanner } = monitor(source, new Map(), clock);
      // Between the scan and the signal.
      assert.equal(
        (await rejectsWith("PROCESS_NOT_FOUND", killer.kill(pid, "SIGKILL", OWNER))).details.reused,
        true,
      );
      // Between the scan that the user has seen and the one for the signal.
      later_ms = 1000;
      earlier_ms = 60_000;
      assert.equal(
        (await rejectsWith("PROCESS_NOT_FOUND", killer.kill(pid, "SIGKILL", OWNER))).details.reused,
        true,
      );
      assert.equal(found(scanner.latest()!, pid).status, "sleeping");
      assert.ok(await real.one(pid));
    });
  },
);

Deno.test({ name: "resources: every figure with every permission", ignore }, async () => {
  const resources = createResourceMonitor(systemClock, Deno.cwd());
  const one = await resources.read({ active_processes: 9, claude_processes: 2 });
  assert.deepEqual(SystemResources.parse(one), one);
  assert.ok(one.memory_used > 0 && one.memory_used < one.memory_total);
  assert.ok(one.disk_used > 0 && one.disk_used <= one.disk_total);
  assert.equal(one.active_processes, 9);
  assert.ok(one.load_average && one.uptime_seconds! > 0 && one.cpu_cores! > 0);
  if (Deno.build.os === "linux") assert.ok(one.network_stats);
});

/** What a server with these permissions answers; it must always come to the end. */
async function underPermissions(
  permissions: string[],
  folder: string,
  pid: number,
): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--config",
      new URL("../../deno.json", import.meta.url).pathname,
      ...permissions,
      new URL("../fixtures/monitor_probe.ts", import.meta.url).pathname,
      folder,
      String(pid),
    ],
    stdin: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

const SYS = "--allow-sys=loadavg,osUptime,systemMemoryInfo,cpus,statfs";

Deno.test({ name: "named permissions: ps, kill and the machine's figures are enough", ignore }, async () => {
  await running("opencode", SLEEP, ["60"], async ({ pid, folder }) => {
    await scanUntil(openPs(systemClock), pid, ({ type }) => type === "opencode");
    const seen = await underPermissions(
      [
        "--allow-run=ps,kill",
        SYS,
        `--allow-read=${folder}`,
      ],
      folder,
      pid,
    );
    assert.equal(seen.kind, "ps");
    assert.equal(seen.scan, "opencode");
    assert.equal(seen.load, true);
    assert.equal(seen.resources, "ok");
    assert.equal(seen.killed, true);
  });
});

Deno.test({ name: "no permissions: every call says what is missing", ignore }, async () => {
  const seen = await underPermissions([], "/", 1);
  assert.deepEqual(seen.scan, { code: "SERVICE_UNAVAILABLE", missing: ["run"] });
  assert.deepEqual(seen.killed, { code: "SERVICE_UNAVAILABLE", missing: ["run"] });
  assert.deepEqual((seen.resources as { code: string }).code, "SERVICE_UNAVAILABLE");
});

Deno.test({ name: "ps without kill: the list works, ending says what is missing", ignore }, async () => {
  await running("opencode", SLEEP, ["60"], async ({ pid }) => {
    await scanUntil(openPs(systemClock), pid, ({ type }) => type === "opencode");
    const seen = await underPermissions(["--allow-run=ps"], "/", pid);
    assert.equal(seen.scan, "opencode");
    assert.equal(seen.load, false);
    assert.deepEqual(seen.killed, { code: "SERVICE_UNAVAILABLE", missing: ["run"] });
  });
});

Deno.test({
  name: "/proc: network connections are counted, other sockets are not",
  ignore: Deno.build.os !== "linux",
}, async () => {
  const source = openProcfs(systemClock)!;
  const count = async () => (await source.connections([Deno.pid])).get(Deno.pid)!;
  const before = await count();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const local = join(await Deno.makeTempDir(), "socket");
  const unix = Deno.listen({ transport: "unix", path: local });
  try {
    assert.equal(await count(), before + 1);
  } finally {
    listener.close();
    unix.close();
  }
  assert.equal((await source.connections([2 ** 22 + 1])).size, 0);
});

Deno.test("a second scan right after the first repeats its figure instead of measuring the moment between", async () => {
  const monitor = createResourceMonitor(systemClock, "/");
  const first = await monitor.read();
  const second = await monitor.read();
  assert.equal(second.cpu_usage, first.cpu_usage);
});
