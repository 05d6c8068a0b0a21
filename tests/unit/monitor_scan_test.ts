import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { createClassifier } from "../../src/monitor/classify.ts";
import assert from "node:assert/strict";
import type { Clock } from "../../src/clock/clock.ts";
import { ClaudeProcess, Process } from "../../src/protocol/process.ts";
import { CpuRates } from "../../src/host/processes/cpu_rates.ts";
import { parseAuxv, parseSocketInodes, parseStat } from "../../src/host/processes/procfs.ts";
import { parseMacTime, parsePs } from "../../src/host/processes/ps.ts";
import { linuxProcesses, macosProcesses } from "../../src/host/processes/ps_source.ts";
import type { ProcessSource, RawProcess } from "../../src/host/processes/process_source.ts";
import { inheritOwners } from "../../src/monitor/owners.ts";
import { claudeProcesses, processCounts } from "../../src/monitor/scan.ts";
import { createProcessScanner } from "../../src/monitor/scanner.ts";
import { parseIpLink, parseNetDev, parseNetstat } from "../../src/host/resources/network.ts";
import { usageBetween } from "../../src/host/resources/processors.ts";

const T0 = Date.parse("2026-11-23T12:00:00Z");

function fakeClock(): Clock & { ms: number } {
  const clock = {
    ms: 0,
    now: () => T0 + clock.ms,
    monotonic: () => clock.ms,
    random: () => 0,
    after: () => {
      throw new Error("no timer is due here");
    },
    every: () => {
      throw new Error("no timer is due here");
    },
  };
  return clock;
}

function source(kind: "proc" | "ps", list: () => RawProcess[] = () => []): ProcessSource {
  return {
    kind,
    start_tolerance_ms: kind === "ps" ? 2000 : 0,
    list: () => Promise.resolve(list()),
    one: (pid) => Promise.resolve(list().find((row) => row.pid === pid)),
    connections: () => Promise.resolve(new Map()),
  };
}

function raw(pid: number, more: Partial<RawProcess> = {}): RawProcess {
  return {
    pid,
    ppid: 1,
    name: "x",
    argv: ["x"],
    command: "x",
    status: "sleeping",
    started: T0 - 100_000,
    cpu_ms: 0,
    cpu_step_ms: 10,
    rss: 0,
    ...more,
  };
}

Deno.test("cpu rate: since the previous scan, of the whole machine, not over the process's lifetime", () => {
  const clock = fakeClock();
  const rates = new CpuRates(clock, source("proc"), 2);
  rates.measure([raw(7, { cpu_ms: 50_000 })]);
  clock.ms = 1000;
  // One of two processors was busy all the time.
  assert.equal(rates.measure([raw(7, { cpu_ms: 51_000 })]).get(7), 50);
  clock.ms = 3000;
  assert.equal(rates.measure([raw(7, { cpu_ms: 51_000 })]).get(7), 0);
});

Deno.test("cpu rate: a scan soon after another is compared with an older one", () => {
  const clock = fakeClock();
  const rates = new CpuRates(clock, source("proc"), 1);
  for (let i = 0; i <= 50; i++) {
    clock.ms = i * 100;
    // The counter moves in steps of 200 ms for a process that takes half of the time.
    const rate = rates.measure([raw(7, { cpu_ms: Math.floor(i / 4) * 200 })]).get(7)!;
    if (i > 4) assert.ok(rate <= 100, `${rate} at scan ${i}`);
    if (i > 4 && i % 4 === 0) assert.equal(rate, 50);
  }
});

Deno.test("cpu rate: a reused pid starts over; a coarse counter gives the lifetime average", () => {
  const clock = fakeClock();
  const rates = new CpuRates(clock, source("ps"), 1);
  rates.measure([raw(7, { cpu_ms: 90_000 }), raw(8, { cpu_ms: 10_000, cpu_step_ms: 1000 })]);
  clock.ms = 500;
  const now = rates.measure([
    raw(7, { cpu_ms: 100, started: T0 + 300 }),
    raw(8, { cpu_ms: 11_000, cpu_step_ms: 1000 }),
  ]);
  assert.equal(now.get(7), 50);
  assert.ok(Math.abs(now.get(8)! - 11) < 0.1, `${now.get(8)}`);
});

Deno.test("cpu rate: at most one processor per thread, however young the process seems", () => {
  const rates = new CpuRates(fakeClock(), source("ps"), 2);
  const young = { started: T0 - 1000, cpu_ms: 1900, cpu_step_ms: 10 };
  const now = rates.measure([
    raw(7, { ...young, threads: 1 }),
    raw(8, { ...young, threads: 9 }),
    raw(9, { ...young, cpu_ms: 400, threads: 1 }),
  ]);
  assert.deepEqual([now.get(7), now.get(8), now.get(9)], [50, 95, 20]);
});

Deno.test("ps of Linux: names and arguments with spaces, states, units; other lines are skipped", () => {
  const line = (comm: string, args: string) =>
    `  412     1   412     412 Ssl+  2048 50.0  1.5      12    3 Mon Nov 23 11:59:36 2026 ${
      comm.padEnd(20)
    } ${args}`;
  const lines = [
    line("tmux: server", "tmux new"),
    line("kworker/0:1", "[kworker/0:1]"),
    "a line of its own",
    "",
  ];
  const rows = linuxProcesses(parsePs(lines.join("\n"), "linux"), T0);
  assert.deepEqual(rows, [
    {
      pid: 412,
      ppid: 1,
      name: "tmux: server",
      argv: ["tmux", "new"],
      command: "tmux new",
      status: "sleeping",
      started: T0 - 24_000,
      cpu_ms: 12_000,
      cpu_step_ms: 24,
      rss: 2048 * 1024,
      memory_percent: 1.5,
      threads: 3,
    },
    {
      ...rows[0],
      name: "kworker/0:1",
      argv: [],
      command: "[kworker/0:1]",
    },
  ]);
  // The time of start as `ps` derives it wobbles; the one seen first stays.
  const [again] = linuxProcesses(parsePs(line("x", "x"), "linux"), T0, new Map([[412, T0 - 25_000]]));
  assert.equal(again!.started, T0 - 25_000);
});

Deno.test("ps of macOS: paths with spaces, hundredths of a second", () => {
  const path = "/Applications/Claude.app/Contents/MacOS/Claude Helper";
  const rows = macosProcesses(
    parsePs(
      `  99     1    99 ffffe1c0 S+    2048  3.0  0.5   1:02.34 Mon Nov  2 10:00:00 2026     ${path} --type=gpu`,
      "darwin",
    ),
    `  99 ${path}\n`,
  );
  assert.deepEqual(rows, [{
    pid: 99,
    ppid: 1,
    name: "Claude Helper",
    executable: path,
    argv: [path, "--type=gpu"],
    command: `${path} --type=gpu`,
    status: "sleeping",
    started: Date.parse("2026-11-02T10:00:00Z"),
    cpu_ms: 62_340,
    cpu_step_ms: 10,
    rss: 2048 * 1024,
    memory_percent: 0.5,
  }]);
  assert.equal(parseMacTime("1-02:03:04.50"), (26 * 3600 + 3 * 60 + 4.5) * 1000);
});

Deno.test("/proc: a name with parentheses, the units of the machine, sockets", () => {
  const stat = parseStat(
    "42 (a) b (c)) T 7 42 42 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 9 0 12345 1000 250 18446744073709551615 1",
  );
  assert.deepEqual(stat, {
    name: "a) b (c)",
    state: "T",
    ppid: 7,
    pgid: 42,
    session: 42,
    cpu_ticks: 200,
    threads: 9,
    start_ticks: 12345,
    rss_pages: 250,
  });
  const auxv = new BigUint64Array([6n, 16384n, 17n, 250n, 0n, 0n]);
  assert.deepEqual(parseAuxv(new Uint8Array(auxv.buffer)), { page_bytes: 16384, ticks_per_second: 250 });
  assert.deepEqual(
    parseSocketInodes(
      "  sl  local_address\n   0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 0 0 4711 1\n   1: a b c d e f g h 0 1\n",
    ),
    ["4711"],
  );
});

Deno.test("network: sums over all interfaces but the loopback", () => {
  const text = [
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop",
    "    lo:  900       9    0    0    0     0          0         0      900       9    0    0    0     0       0          0",
    "  eth0: 1000      10    1    2    0     0          0         0     2000      20    3    4    0     0       0          0",
    "  eth1:1000      10    1    2    0     0          0         0     2000      20    3    4    0     0       0          0",
  ].join("\n");
  assert.deepEqual(parseNetDev(text), {
    bytes_sent: 4000,
    bytes_recv: 2000,
    packets_sent: 40,
    packets_recv: 20,
    errors_sent: 6,
    errors_recv: 2,
    drop_sent: 8,
    drop_recv: 4,
  });
  assert.equal(parseNetDev("Inter-|   Receive\n"), undefined);
  assert.equal(usageBetween({ busy: 10, total: 100 }, { busy: 60, total: 200 }), 50);
  assert.equal(usageBetween({ busy: 10, total: 100 }, { busy: 10, total: 100 }), 0);
});

Deno.test("network: what `ip` and macOS's `netstat` print", () => {
  const link = (flags: string[], bytes: number) => ({
    flags,
    stats64: {
      rx: { bytes, packets: 10, errors: 1, dropped: 2 },
      tx: { bytes: 2 * bytes, packets: 20, errors: 3, dropped: 4 },
    },
  });
  const links = [link(["LOOPBACK", "UP"], 900), link(["UP"], 1000), link([], 500), { flags: [] }];
  assert.deepEqual(parseIpLink(JSON.stringify(links)), {
    bytes_sent: 3000,
    bytes_recv: 1500,
    packets_sent: 40,
    packets_recv: 20,
    errors_sent: 6,
    errors_recv: 2,
    drop_sent: 8,
    drop_recv: 4,
  });
  assert.equal(parseIpLink("[]"), undefined);
  const netstat = [
    "Name  Mtu   Network       Address            Ipkts Ierrs     Ibytes    Opkts Oerrs     Obytes  Coll Drop",
    "lo0   16384 <Link#1>                           9     0        900        9     0        900     0   0",
    "lo0   16384 127           127.0.0.1            9     -        900        9     -        900     -   -",
    "en0   1500  <Link#4>    a4:83:e7:00:00:01     10     1       1000       20     3       2000     0   4",
    "en0   1500  192.168.1     192.168.1.2         10     -       1000       20     -       2000     -   -",
    "utun0 1380  <Link#9>                           5     0        500        5     0        500     0   0",
  ].join("\n");
  assert.deepEqual(parseNetstat(netstat), {
    bytes_sent: 2500,
    bytes_recv: 1500,
    packets_sent: 25,
    packets_recv: 15,
    errors_sent: 3,
    errors_recv: 1,
    drop_sent: 4,
  });
});

Deno.test("owners: a task's process and its descendants, except those that run their own task", () => {
  const a = { task_id: "a", agent: "x" };
  const b = { task_id: "b", agent: "x" };
  const rows = [[1, 0], [2, 1], [3, 2], [4, 3], [5, 4], [6, 1], [7, 7]].map(([pid, ppid]) => ({
    pid: pid!,
    ppid: ppid!,
  }));
  const owners = inheritOwners(rows, new Map([[2, a], [4, b], [99, a]]));
  assert.deepEqual([...owners].map(([pid, { task_id }]) => [pid, task_id]).sort(), [
    [2, "a"],
    [3, "a"],
    [4, "b"],
    [5, "b"],
  ]);
});

Deno.test("scanner: callers within half a second share one scan", async () => {
  const clock = fakeClock();
  let scans = 0;
  let rows = [
    raw(10, { name: "opencode", argv: ["opencode"], command: `opencode ${"😀".repeat(5000)}` }),
    raw(11, { ppid: 10 }),
    raw(12, { name: "claude", argv: ["claude"] }),
    raw(13, { ppid: 11 }),
  ];
  const scanner = createProcessScanner({
    classify: createClassifier(BUILT_IN_MAKES.recognizers),
    clock,
    source: source("proc"),
    self_pid: 12,
    ownChildren: () => new Map([[11, { task_id: "t", agent: "demo", activity: "Testing" }]]),
    processes: {
      run: () => {
        scans++;
        return Promise.resolve(rows.map((row) => ({ ...row, cpu_percent: 1, memory_percent: 2 })));
      },
    },
  });
  const [one, two] = await Promise.all([scanner.scan(), scanner.scan()]);
  assert.equal(one, two);
  clock.ms = 499;
  assert.equal(await scanner.scan(), one);
  assert.equal(scans, 1);
  for (const { process } of one.processes) assert.deepEqual(Process.parse(process), process);
  assert.deepEqual(processCounts(one), {
    active_processes: 4,
    // The server itself is none, whatever it is called.
    claude_processes: 2,
    opencode_processes: 1,
    claude_desktop_processes: 0,
  });
  assert.equal(one.processes[1]!.process.task_id, "t");
  assert.equal(one.processes[1]!.process.activity, "Testing");
  assert.deepEqual(one.processes.map(({ own }) => own), [undefined, "child", undefined, "descendant"]);
  assert.deepEqual(claudeProcesses(one).map((process) => ClaudeProcess.parse(process).pid), [10, 11]);

  clock.ms = 1000;
  rows = [rows[0]!, raw(11, { started: T0 })];
  const later = await scanner.scan();
  assert.equal(scans, 2);
  assert.equal(later.processes[0]!.discovered_at, one.processes[0]!.discovered_at);
  assert.notEqual(later.processes[1]!.discovered_at, one.processes[1]!.discovered_at);

  const overtaken = (scanner.expire(), scanner.scan());
  scanner.expire();
  const newest = await scanner.scan();
  assert.notEqual(await overtaken, newest);
  assert.equal(scanner.latest(), newest);
  assert.equal(scans, 4);
});

Deno.test("scanner: a failed scan rejects its callers, and the next call scans again", async () => {
  let fail = true;
  const scanner = createProcessScanner({
    classify: createClassifier(BUILT_IN_MAKES.recognizers),
    clock: fakeClock(),
    source: source("proc"),
    ownChildren: () => new Map(),
    processes: { run: () => fail ? Promise.reject(new Error("no ps")) : Promise.resolve([]) },
  });
  await assert.rejects(scanner.scan(), /no ps/);
  fail = false;
  assert.deepEqual((await scanner.scan()).processes, []);
});

Deno.test("scanner: a scan that another overtakes while it reads folders still returns what it saw", async () => {
  let rows = [raw(10, { name: "opencode", argv: ["opencode"] })];
  const waiting: (() => void)[] = [];
  const scanner = createProcessScanner({
    classify: createClassifier(BUILT_IN_MAKES.recognizers),
    clock: fakeClock(),
    source: {
      ...source("ps"),
      workingDirs: () =>
        new Promise((resolve) => waiting.push(() => resolve(new Map([[10, "/a"], [20, "/b"]])))),
    },
    ownChildren: () => new Map(),
    processes: {
      run: () => Promise.resolve(rows.map((row) => ({ ...row, cpu_percent: 1, memory_percent: 2 }))),
    },
  });
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  const overtaken = scanner.scan();
  await settle();
  rows = [raw(20, { name: "claude", argv: ["claude"] })];
  scanner.expire();
  const newest = scanner.scan();
  await settle();
  for (const go of waiting) go();
  const seen = (await Promise.all([overtaken, newest])).flatMap(({ processes }) =>
    processes.map(({ process, discovered_at }) => [process.pid, process.working_dir, discovered_at])
  );
  const at = new Date(T0).toISOString();
  assert.deepEqual(seen, [[10, "/a", at], [20, "/b", at]]);
});
