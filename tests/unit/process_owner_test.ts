/** For whom a process works, and who is at the other end of a connection: read from what Linux says. */
import assert from "node:assert/strict";
import { taskOf } from "../../src/agents/supervision/process_owner.ts";
import type { ProcessOrigin } from "../../src/domain/process_origin.ts";
import { isLoopback, peerSockets } from "../../src/host/processes/peer_sockets.ts";

const RUNS = [
  { task_id: "a", pid: 100, group: "/sys/fs/cgroup/user/oa-1/run-1" },
  { task_id: "b", pid: 200, group: "/sys/fs/cgroup/user/oa-1/run-10" },
  { task_id: "c", pid: 300 },
];
const SERVER = 50;
const MARK = "OPENCODE_AGENTS_INSTANCE=here";

const owner = (process: Partial<ProcessOrigin>) =>
  taskOf({ line: [], variables: [], ...process }, RUNS, MARK, SERVER);
const one = (pid: number, pgid = pid, session = pid) => ({ pid, pgid, session });

Deno.test("owner: a process works for the run in whose control group, line, session or process group it is", () => {
  assert.equal(owner({ group: "/user/oa-1/run-1" }), "a");
  assert.equal(owner({ group: "/../oa-1/run-10/deeper" }), "b");
  assert.equal(owner({ group: "/user/oa-2/run-1" }), undefined);
  assert.equal(owner({ line: [one(900), one(800), one(300), one(SERVER)] }), "c");
  assert.equal(owner({ line: [one(900, 100), one(1)] }), "a");
  assert.equal(owner({ line: [one(900, 900, 200), one(1)] }), "b");
});

Deno.test("owner: the mark of this server tells if nothing else does, and another server's does not", () => {
  assert.equal(owner({ variables: [MARK, "TASK_ID=d"], line: [one(900), one(1)] }), "d");
  assert.equal(owner({ variables: [MARK, "TASK_ID=d"], group: "/user/oa-1/run-1" }), "a");
  assert.equal(owner({ variables: ["OPENCODE_AGENTS_INSTANCE=there", "TASK_ID=d"] }), undefined);
});

Deno.test("owner: the server itself, its own children and strangers work for no task", () => {
  assert.equal(owner({ line: [one(SERVER), one(100)] }), undefined);
  assert.equal(owner({ line: [one(900), one(SERVER), one(200)] }), undefined);
  assert.equal(owner({ line: [one(900), one(1)] }), undefined);
});

const LISTENS =
  "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 77 1 0 100 0\n";
const row = (from: string, to: string, uid: number, inode: number) =>
  `  12: 0100007F:${from} 0100007F:${to} 01 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0 20 4\n`;

Deno.test("peer sockets: the client's end is found by its ports, not the server's", () => {
  const tables = LISTENS + row("D431", "1F90", 1000, 4711) + row("1F90", "D431", 0, 4712) +
    row("D432", "1F90", 0, 0);
  assert.deepEqual(peerSockets(tables, 0xd431, 8080), [{ uid: 1000, inode: "4711" }]);
  assert.deepEqual(peerSockets(tables, 0xd432, 8080), [{ uid: 0, inode: "0" }]);
  assert.deepEqual(peerSockets(tables, 0xd433, 8080), []);
  assert.equal(peerSockets(tables, 0xd431, 8081), undefined);
});

Deno.test("peer sockets: addresses that lead to this machine", () => {
  for (const ip of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) assert.ok(isLoopback(ip), ip);
  for (const ip of ["10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "1270::1"]) assert.ok(!isLoopback(ip), ip);
});
