/**
 * The server is killed (SIGKILL) at random moments, again and again, while clients start, cancel and retry tasks, make
 * and end schedules, and follow the log. After every start: all that was acknowledged holds, and no process of the
 * killed server's agents is left. At the end: each task was run as its attempts say, and no attempt twice.
 * `CRASH_ROUNDS` sets the number of rounds.
 */
import assert from "node:assert/strict";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";
import { sizeOf } from "../fixtures/tier.ts";
import { type Acknowledged, type Found, nothingYet, requireKept } from "./fixtures/acknowledged.ts";

const ROUNDS = sizeOf("CRASH_ROUNDS");
const LIFE_MS = 600;
/** How long the tasks' commands take, so that some are hit in the middle; the figure is in no other process's line. */
const SLEEP = "0.0631";
const LONG_SLEEP = "600.0631";

const line = `printf '%s %s\\n' "$TASK_ID" "$TASK_ATTEMPT" >> lines`;
const sh = (script: string) => ({ protocol: "command", command: ["sh", "-c", script] });
const config = {
  limits: { enabled: false },
  agents: {
    append: sh(`echo begun $TASK_ID; sleep ${SLEEP}; ${line}; sleep ${SLEEP}`),
    // A grandchild in the background, which must go with the rest.
    slow: sh(`sleep ${LONG_SLEEP} & sleep ${LONG_SLEEP}`),
    fails: sh("exit 3"),
  },
  tasks: { default_agent: "append", max_concurrent: 6, max_attempts: 100 },
};

/** One client's work until the server dies. Each step is counted only once it has been answered. */
type Client = (socket: TestSocket, round: number, told: Acknowledged) => Promise<void>;

const start = (socket: TestSocket, id: string, more: object = {}) =>
  acknowledgedBy(socket, {
    type: "start_task",
    task: { id, type: "testing", priority: "medium", description: id, ...more },
  });

async function acknowledgedBy(socket: TestSocket, message: Message): Promise<Message> {
  const reply = await socket.request(message);
  assert.notEqual(reply.type, "error", JSON.stringify(reply));
  return reply;
}

const CLIENTS: Record<string, Client> = {
  async starts(socket, round, told) {
    for (let n = 0; n < 8; n++) {
      await start(socket, `s${round}_${n}`);
      told.started.add(`s${round}_${n}`);
    }
  },
  async cancels(socket, round, told) {
    for (let n = 0; n < 12; n++) {
      const task_id = `c${round}_${n}`;
      await start(socket, task_id, {
        execution: { agent: "slow" },
        ...(n === 0 && { priority: "critical" }),
      });
      told.started.add(task_id);
      await acknowledgedBy(socket, { type: "cancel_task", task_id });
      told.cancelled.add(task_id);
    }
  },
  async retries(socket, round, told) {
    const task_id = `f${round}`;
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    await start(socket, task_id, { execution: { agent: "fails", max_attempts: 1 }, priority: "critical" });
    told.started.add(task_id);
    for (let n = 0; n < 3; n++) {
      await socket.next((m) => m.task_id === task_id && m.new_status === "failed");
      socket.forget();
      const { retry_count } = await acknowledgedBy(socket, { type: "retry_task", task_id });
      told.retried.set(task_id, retry_count as number);
    }
  },
  async schedules(socket, round, told) {
    for (let n = 0; n < 16; n++) {
      const task_id = `p${round}_${n}`;
      const scheduled_time = new Date(Date.now() + 86_400_000).toISOString();
      const task = { id: task_id, type: "testing", priority: "low", description: task_id, scheduled_time };
      await acknowledgedBy(socket, { type: "schedule_task", task });
      told.scheduled.add(task_id);
      if (n % 4 === 0) continue;
      // From now on it may be there or not, until the answer.
      told.scheduled.delete(task_id);
      await acknowledgedBy(socket, { type: "unschedule_task", task_id });
      told.unscheduled.add(task_id);
    }
  },
  async follows(socket, _round, told) {
    await acknowledgedBy(socket, {
      type: "request_log_entries",
      limit: 1,
      filter: { source_file: "stdout", follow: true },
    });
    for (;;) {
      const found = await socket.next((m) => m.type === "log_entry");
      told.seen.add((found.log as Message).message as string);
      socket.messages.splice(socket.messages.indexOf(found), 1);
    }
  },
};

const everyKindCame = (told: Acknowledged) => Object.values(told).every(({ size }) => size > 0);

/**
 * All clients at once, until the server is killed at a random moment under them; in the last round not before each
 * kind of load has come.
 */
async function round(server: TestServer, n: number, told: Acknowledged): Promise<void> {
  let isKilled = false;
  const sockets = await Promise.all(Object.values(CLIENTS).map(() => server.connect()));
  const work = Object.values(CLIENTS).map((client, i) => client(sockets[i]!, n, told));
  // What a client meets once its server is dead is no failure; what it met before is.
  const failures: unknown[] = [];
  const guarded = work.map((client) => client.catch((error) => void (isKilled || failures.push(error))));
  if (n === ROUNDS - 1) await until(() => failures.length > 0 || everyKindCame(told));
  await new Promise((resolve) => setTimeout(resolve, Math.random() * LIFE_MS));
  isKilled = true;
  await server.stop("SIGKILL");
  await Promise.all(guarded);
  assert.deepEqual(failures, []);
}

async function found(server: TestServer): Promise<Found> {
  const tasks = new Map<string, Message>();
  for (let offset = 0;; offset += 1000) {
    const { reply } = await server.post({ type: "list_tasks", limit: 1000, offset });
    for (const task of reply.tasks as Message[]) tasks.set(task.id as string, task);
    if (tasks.size >= (reply.total_count as number) || (reply.tasks as unknown[]).length === 0) break;
  }
  const { reply } = await server.post({ type: "list_schedules" });
  return { tasks, schedules: new Set((reply.schedules as Message[]).map(({ id }) => id as string)) };
}

/** What was started and not cancelled before the kill would hold its slot for long. */
async function cancelLeft(server: TestServer, { tasks }: Found, told: Acknowledged): Promise<void> {
  for (const task_id of tasks.keys()) {
    if (!task_id.startsWith("c") || told.cancelled.has(task_id)) continue;
    const { reply } = await server.post({ type: "cancel_task", task_id });
    assert.equal(reply.type, "task_cancelled", JSON.stringify(reply));
    told.cancelled.add(task_id);
  }
}

async function logged(server: TestServer): Promise<Set<string>> {
  const messages = new Set<string>();
  let cursor: string | undefined;
  do {
    const { reply } = await server.post({
      type: "request_log_entries",
      limit: 1000,
      filter: { source_file: "stdout" },
      ...(cursor !== undefined && { cursor }),
    });
    const { entries, pagination } = reply.data as {
      entries: Message[];
      pagination: { next_cursor?: string };
    };
    for (const { message } of entries) messages.add(message as string);
    cursor = pagination.next_cursor;
  } while (cursor !== undefined);
  return messages;
}

/** However long all that is left takes: what may not be is that none of it ends for a minute. What is due tomorrow stays. */
async function allEnded(server: TestServer): Promise<void> {
  const isOpen = ({ id, status }: Message) =>
    !(id as string).startsWith("p") && ["queued", "running", "pending"].includes(status as string);
  const count = async () => (await found(server)).tasks.values().filter(isOpen).toArray().length;
  for (let left = await count(); left > 0;) {
    const before = left;
    await until(async () => (left = await count()) < before, 60_000);
  }
}

Deno.test(`kill -9 at random moments, ${ROUNDS} rounds: what was acknowledged holds, no process is left`, async () => {
  await withServer({ config }, async (server) => {
    const told = nothingYet();
    for (let n = 0; n < ROUNDS; n++) {
      await round(server, n, told);
      const isClean = async () =>
        await server.processesMatching(`sleep ${SLEEP}`) +
            await server.processesMatching(`sleep ${LONG_SLEEP}`) === 0;
      await until(isClean);
      await server.start();
      const kept = await found(server);
      requireKept(told, kept, `round ${n}`);
      await cancelLeft(server, kept, told);
    }
    await allEnded(server);
    const last = await found(server);
    requireKept(told, last, "at the end");
    const log = await logged(server);
    for (const message of told.seen) assert.ok(log.has(message), `'${message}' was shown and is lost`);

    const lines = (await Deno.readTextFile(`${server.dir}/lines`)).trim().split("\n");
    assert.equal(new Set(lines).size, lines.length, "an attempt was run twice");
    let repeated = 0;
    for (const [id, task] of last.tasks) {
      if (!id.startsWith("s")) continue;
      assert.equal(task.status, "completed", JSON.stringify(task));
      const runs = lines.filter((line) => line.startsWith(`${id} `)).length;
      const attempt = task.attempt as number;
      assert.ok(runs >= 1 && runs <= attempt, `${id}: ${runs} runs in ${attempt} attempts`);
      assert.equal(task.retry_count, attempt - 1, `${id} was attempted again and does not say so`);
      if (attempt > 1) repeated++;
    }
    const { started, cancelled, retried, scheduled, unscheduled, seen } = told;
    console.log(
      `${ROUNDS} rounds: ${started.size} starts, ${cancelled.size} cancels, ${retried.size} retried tasks, ` +
        `${scheduled.size} schedules kept and ${unscheduled.size} ended, ${seen.size} log lines shown; ` +
        `${repeated} tasks attempted again, ${last.tasks.size} in the store`,
    );
    for (const some of [started, cancelled, scheduled, unscheduled]) {
      assert.ok(some.size > ROUNDS / 10, "hardly anything happened");
    }
    assert.ok(everyKindCame(told), "one kind of load never came");
  });
});
