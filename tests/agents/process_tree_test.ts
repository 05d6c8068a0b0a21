import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { isSameProcess, PS_START_TOLERANCE_MS } from "../../src/host/processes/process_identity.ts";
import { listRows, type ProcessRow } from "../../src/host/processes/process_rows.ts";
import { descendants, type Kin } from "../../src/host/processes/process_tree.ts";
import { listPs, parsePs } from "../../src/host/processes/ps.ts";
import { until } from "../fixtures/until.ts";

Deno.test("ps: parses rows of Linux and macOS and names with spaces; skips other lines", () => {
  const line = (ids: string, state: string, started: string, name: string, args: string) =>
    `${ids} ${state.padEnd(4)}  2048 50.0  1.5      12    3 ${started} ${name.padEnd(20)} ${args}`;
  const linux = [
    line("    1     0     0     0", "SLl", "Mon Nov 23 20:43:43 2026", "init", "/sbin/init --firmware"),
    line("    2     0     0     0", "S", "Mon Nov  3 20:43:43 2026", "kthreadd", "[kthreadd]"),
    line(
      "  412     1   412   412",
      "Ss+",
      "Tue Feb 29 00:00:59 2028",
      "my agent",
      "/opt/My Agent/my agent --name a  b PATH=/usr/bin X=1 2",
    ),
    line("  413   412   412   412", "Z", "Tue Feb 29 00:00:59 2028", "sh", "[sh] <defunct>"),
    line("  414   412   412   412", "R", "Tue Feb 29 00:00:59 2028", "", ""),
    "TASK_PROMPT=a line of its own",
    "",
  ].join("\n");
  const figures = { rss: 2048 * 1024, cpu_percent: 50, memory_percent: 1.5, cpu_ms: 12_000, threads: 3 };
  assert.deepEqual(parsePs(linux, "linux"), [
    {
      ...figures,
      pid: 1,
      ppid: 0,
      pgid: 0,
      session: 0,
      state: "S",
      started: Date.UTC(2026, 10, 23, 20, 43, 43),
      name: "init",
      command: "/sbin/init --firmware",
    },
    {
      ...figures,
      pid: 2,
      ppid: 0,
      pgid: 0,
      session: 0,
      state: "S",
      started: Date.UTC(2026, 10, 3, 20, 43, 43),
      name: "kthreadd",
      command: "[kthreadd]",
    },
    {
      ...figures,
      pid: 412,
      ppid: 1,
      pgid: 412,
      session: 412,
      state: "S",
      started: Date.UTC(2028, 1, 29, 0, 0, 59),
      name: "my agent",
      command: "/opt/My Agent/my agent --name a  b PATH=/usr/bin X=1 2",
    },
    {
      ...figures,
      pid: 413,
      ppid: 412,
      pgid: 412,
      session: 412,
      state: "Z",
      started: Date.UTC(2028, 1, 29, 0, 0, 59),
      name: "sh",
      command: "[sh] <defunct>",
    },
    {
      ...figures,
      pid: 414,
      ppid: 412,
      pgid: 412,
      session: 412,
      state: "R",
      started: Date.UTC(2028, 1, 29, 0, 0, 59),
      name: "",
      command: "",
    },
  ]);
  const [mac] = parsePs(
    "  501     1   501 ffffe1c0 Ss    2048  3.0  0.5   1:02.34 Mon Nov 23 20:43:43 2026     /usr/sbin/x",
    "darwin",
  );
  assert.deepEqual([mac?.pid, mac?.session, mac?.cpu_ms, mac?.command], [501, 0, 62_340, "/usr/sbin/x"]);
});

const at = (pid: number, ppid: number, pgid: number, session: number, started = 1000): Kin => ({
  pid,
  ppid,
  pgid,
  session,
  started,
});

Deno.test("tree: children, groups and sessions of the leader and of what it started", () => {
  const rows = [
    at(1, 0, 0, 0),
    at(10, 1, 10, 10),
    at(11, 10, 10, 10),
    at(12, 11, 12, 12), // A session of its own.
    at(13, 1, 12, 12), // Its parent has ended.
    at(14, 1, 14, 10), // A group of its own, within the leader's session.
    at(20, 1, 20, 20),
    at(21, 20, 20, 20),
  ];
  assert.deepEqual([...descendants(rows, [{ pid: 10, started: 1000 }])].sort(), [10, 11, 12, 13, 14]);
  const leaderless = rows.filter((row) => row.pid !== 10);
  assert.deepEqual([...descendants(leaderless, [{ pid: 10, started: 1000 }])].sort(), [11, 12, 13, 14]);
  assert.deepEqual([...descendants(rows, [])], []);
});

Deno.test("tree: a reused process id has no tree", () => {
  const rows = [at(10, 1, 10, 10, 60_000), at(11, 10, 10, 10, 60_000)];
  assert.deepEqual([...descendants(rows, [{ pid: 10, started: 1000 }])], []);
  assert.deepEqual(
    [...descendants(rows, [{ pid: 10, started: 59_000 }])],
    [10, 11],
    "ps may err by a second",
  );
});

Deno.test(
  { name: "rows: /proc and ps show the same processes", ignore: Deno.build.os !== "linux" },
  async () => {
    const mark = `OA_MARK=${crypto.randomUUID()}`;
    const child = new Deno.Command("sh", {
      args: ["-c", "read line", "an argument"],
      env: Object.fromEntries([mark.split("=")]),
      stdin: "piped",
      detached: true,
    }).spawn();
    try {
      await until(async () => (await listRows(systemClock, child.pid))[0]?.state === "S");
      const [ours, theirs] = await Promise.all([
        listRows(systemClock, "all_with_environment"),
        listPs(systemClock, "all_with_environment"),
      ]);
      const ofChild = (rows: ProcessRow[]) => rows.find((row) => row.pid === child.pid)!;
      const [row, other] = [ofChild(ours), ofChild(theirs)];
      const kin = ({ pid, ppid, pgid, session, state }: ProcessRow) => [pid, ppid, pgid, session, state];
      assert.deepEqual(kin(row), [child.pid, Deno.pid, child.pid, child.pid, "S"]);
      assert.deepEqual(kin(other), kin(row));
      assert.ok(isSameProcess(row, other, PS_START_TOLERANCE_MS), `${row.started} ${other.started}`);
      for (const { command } of [row, other]) {
        assert.match(command, /sh -c read line an argument /);
        assert.ok(command.split(" ").includes(mark));
      }
      assert.match((await listRows(systemClock, child.pid))[0]!.command, /sh -c read line an argument$/);
      assert.ok(Math.abs(ours.length - theirs.length) < 20);
    } finally {
      await child.stdin.close();
      await child.status;
    }
    assert.deepEqual(await listRows(systemClock, child.pid), []);
  },
);
