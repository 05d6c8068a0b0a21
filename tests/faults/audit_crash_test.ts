/**
 * The server is killed (SIGKILL) at random moments while clients change tasks, schedules and keys. After every start the audit
 * log's chain verifies, each acknowledged change has one entry, and nothing is there that has none. `CRASH_ROUNDS` sets the
 * number of rounds.
 */
import assert from "node:assert/strict";
import type { AuditEntry } from "../../src/domain/audit/audit_entry.ts";
import { recomputed } from "../fixtures/recomputed_chain.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";
import { sizeOf } from "../fixtures/tier.ts";
import { until } from "../fixtures/until.ts";

const ROUNDS = sizeOf("CRASH_ROUNDS");
/** The server is killed when at most so many changes of a round were acknowledged. */
const CHANGES_MAX = 300;
const config = { audit: { enabled: true }, limits: { enabled: false } };

/** What was acknowledged: the action and what it was about, in words of the audit log. */
type Told = Set<string>;

async function acknowledged(
  socket: TestSocket,
  told: Told,
  message: Message,
  target: string,
): Promise<Message> {
  const reply = await socket.request(message);
  assert.notEqual(reply.type, "error", JSON.stringify(reply));
  told.add(`${message.type} ${target}`);
  return reply;
}

const later = () => new Date(Date.now() + 86_400_000).toISOString();

function task(id: string): Message {
  const fields = { id, type: "testing", priority: "low", description: id, scheduled_time: later() };
  return { type: "start_task", task: fields };
}

const CLIENTS: ((socket: TestSocket, round: number, told: Told) => Promise<void>)[] = [
  async (socket, round, told) => {
    for (let n = 0;; n++) {
      const id = `t${round}_${n}`;
      await acknowledged(socket, told, task(id), id);
      await acknowledged(socket, told, { type: "pause_task", task_id: id }, id);
      if (n % 2 === 0) await acknowledged(socket, told, { type: "cancel_task", task_id: id }, id);
    }
  },
  async (socket, round, told) => {
    for (let n = 0;; n++) {
      const requests = Array.from({ length: 20 }, (_, i) => task(`b${round}_${n}_${i}`));
      const { responses } = await socket.request({ type: "batch", requests });
      for (const { type, task_id } of responses as Message[]) {
        assert.equal(type, "task_started");
        told.add(`start_task ${task_id}`);
      }
    }
  },
  async (socket, _round, told) => {
    for (;;) {
      const made = await socket.request({ type: "create_key", key: { name: "ci" } });
      const { id } = made.key as { id: string };
      told.add(`create_key ${id}`);
      await acknowledged(socket, told, { type: "revoke_key", key_id: id }, id);
    }
  },
];

async function round(server: TestServer, n: number, told: Told): Promise<void> {
  let isKilled = false;
  const failures: unknown[] = [];
  const before = told.size;
  const sockets = await Promise.all(CLIENTS.map(() => server.connect()));
  const work = CLIENTS.map((client, i) =>
    client(sockets[i]!, n, told).catch((error) => void (isKilled || failures.push(error)))
  );
  // While the clients go on, so that some changes are under way.
  const wanted = Math.random() * CHANGES_MAX;
  await until(() => failures.length > 0 || told.size - before > wanted);
  isKilled = true;
  await server.stop("SIGKILL");
  await Promise.all(work);
  assert.deepEqual(failures, []);
}

async function entriesOf(server: TestServer): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let cursor: string | undefined;
  do {
    const { reply } = await server.post({ type: "request_audit_log", order: "asc", limit: 1000, cursor });
    assert.equal(reply.type, "audit_log", JSON.stringify(reply));
    entries.push(...reply.entries as AuditEntry[]);
    cursor = reply.next_cursor as string | undefined;
  } while (cursor !== undefined);
  return entries;
}

async function taskIds(server: TestServer): Promise<string[]> {
  const ids: string[] = [];
  for (let isMore = true; isMore;) {
    const { reply } = await server.post({ type: "list_tasks", limit: 1000, offset: ids.length });
    const tasks = reply.tasks as Message[];
    ids.push(...tasks.map(({ id }) => id as string));
    isMore = tasks.length > 0;
  }
  return ids;
}

Deno.test(`kill -9 at random moments, ${ROUNDS} rounds: the audit log is whole, and has all that was done`, () =>
  withServer({ config }, async (server) => {
    const told: Told = new Set();
    for (let n = 0; n < ROUNDS; n++) {
      await round(server, n, told);
      await server.start();
      const { reply: verified } = await server.post({ type: "verify_audit_log" });
      assert.equal(verified.ok, true, JSON.stringify(verified));
      const entries = await entriesOf(server);
      const recorded = entries.map(({ action, target }) => `${action} ${target}`);
      const known = new Set(recorded);
      assert.equal(known.size, recorded.length, "no change has two entries");
      for (const change of told) {
        assert.ok(known.has(change), `'${change}' was acknowledged and has no entry`);
      }
      for (const id of await taskIds(server)) assert.ok(known.has(`start_task ${id}`), `${id} has no entry`);
    }
    const lines = (await entriesOf(server)).map((entry) => JSON.stringify(entry)).join("\n");
    assert.equal((await recomputed(lines)).node_1!.bad, null);
  }));
