import assert from "node:assert/strict";
import { descendants, parseProcesses, type ProcessRow } from "../../src/host/process_tree.ts";

Deno.test("ps: rows of Linux and macOS, names with spaces, and what is no row", () => {
  const linux = [
    "    1     0     0     0 SLl  Mon Nov 23 20:43:43 2026 /sbin/init --firmware",
    "    2     0     0     0 S    Mon Nov  3 20:43:43 2026 [kthreadd]",
    "  412     1   412   412 Ss+  Tue Feb 29 00:00:59 2028 /opt/My Agent/my agent --name a  b PATH=/usr/bin X=1 2",
    "  413   412   412   412 Z    Tue Feb 29 00:00:59 2028 [sh] <defunct>",
    "  414   412   412   412 R    Tue Feb 29 00:00:59 2028",
    "TASK_PROMPT=a line of its own",
    "",
  ].join("\n");
  assert.deepEqual(parseProcesses(linux), [
    {
      pid: 1,
      ppid: 0,
      pgid: 0,
      session: 0,
      state: "S",
      started: Date.UTC(2026, 10, 23, 20, 43, 43),
      command: "/sbin/init --firmware",
    },
    {
      pid: 2,
      ppid: 0,
      pgid: 0,
      session: 0,
      state: "S",
      started: Date.UTC(2026, 10, 3, 20, 43, 43),
      command: "[kthreadd]",
    },
    {
      pid: 412,
      ppid: 1,
      pgid: 412,
      session: 412,
      state: "S",
      started: Date.UTC(2028, 1, 29, 0, 0, 59),
      command: "/opt/My Agent/my agent --name a  b PATH=/usr/bin X=1 2",
    },
    {
      pid: 413,
      ppid: 412,
      pgid: 412,
      session: 412,
      state: "Z",
      started: Date.UTC(2028, 1, 29, 0, 0, 59),
      command: "[sh] <defunct>",
    },
    {
      pid: 414,
      ppid: 412,
      pgid: 412,
      session: 412,
      state: "R",
      started: Date.UTC(2028, 1, 29, 0, 0, 59),
      command: "",
    },
  ]);
  const [mac] = parseProcesses("  501     1   501 ffffe1c0 Ss   Mon Nov 23 20:43:43 2026     /usr/sbin/x");
  assert.deepEqual([mac?.pid, mac?.session, mac?.command.trim()], [501, 0, "/usr/sbin/x"]);
});

const at = (pid: number, ppid: number, pgid: number, session: number, started = 1000): ProcessRow => ({
  pid,
  ppid,
  pgid,
  session,
  started,
  state: "S",
  command: "",
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

Deno.test("tree: a number that another process bears by now leads to nothing", () => {
  const rows = [at(10, 1, 10, 10, 60_000), at(11, 10, 10, 10, 60_000)];
  assert.deepEqual([...descendants(rows, [{ pid: 10, started: 1000 }])], []);
  assert.deepEqual(
    [...descendants(rows, [{ pid: 10, started: 59_000 }])],
    [10, 11],
    "ps may err by a second",
  );
});
