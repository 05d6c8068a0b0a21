/**
 * A well-behaved client beside others that flood, storm the door or do not read: its median answer at most doubles.
 * Run with `TIMED=1`, on a machine that does nothing else: times measured beside other work say little.
 */
import assert from "node:assert/strict";
import { RawSocket } from "../fixtures/raw_socket.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import type { TestSocket } from "../fixtures/socket.ts";
import { TIMED } from "../fixtures/time_limit.ts";
import type { FloodOrder } from "./fixtures/flooder.ts";

const FLOODING = 100;
const STORMING = 50;
const STALLED = 20;
/** Of nine kilobytes each: more than sockets hold that are not read. */
const LINES = 700;
/** All tries together stay within the documented hundred messages a minute. */
const PINGS = 9;
/** Slower than the documented burst of 20 a second. */
const PING_EVERY_MS = 60;
/** What is too short to be told from the machine's other work. */
const NOISE_MS = 1;
/** One that something else on the machine has spoiled is made again. */
const TRIES = 5;

const CONFIG = {
  limits: {
    connections: FLOODING + 50,
    connections_per_second: 1_000,
    global_messages_per_minute: 1_000_000,
    reconnections_per_minute: 10_000,
  },
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh" },
};

async function medianAnswer(quiet: TestSocket): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < PINGS; i++) {
    const begun = performance.now();
    await quiet.request({ type: "ping", timestamp: i });
    times.push(performance.now() - begun);
    quiet.forget();
    await new Promise((resolve) => setTimeout(resolve, PING_EVERY_MS));
  }
  return times.sort((a, b) => a - b)[Math.floor(PINGS / 2)]!;
}

const ignore = !TIMED;

/** Fails when the median is more than twice as high beside `others`, whom what `others` answers sends away. */
async function holds(server: TestServer, others: () => Promise<() => void>): Promise<void> {
  const seen: string[] = [];
  const quiet = await server.connect();
  let alone = Infinity;
  for (let i = 0; i < TRIES; i++) {
    alone = Math.min(alone, await medianAnswer(quiet));
    const end = await others();
    const beside = await medianAnswer(quiet);
    end();
    seen.push(`${alone.toFixed(2)} ms alone, ${beside.toFixed(2)} ms beside them`);
    if (beside <= 2 * alone + NOISE_MS) return console.log(seen.join("; "));
  }
  assert.fail(seen.join("; "));
}

/** How many log queries were answered. */
async function logRequests({ url }: TestServer): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/requests_total\{type="request_log_entries",outcome="ok"\} (\d+)/.exec(metrics)?.[1] ?? 0);
}

/** Others on a thread of their own, at work when this resolves. */
async function flooder({ url }: TestServer, kind: FloodOrder["kind"], count: number) {
  const worker = new Worker(import.meta.resolve("./fixtures/flooder.ts"), { type: "module" });
  let done = 0;
  worker.onmessage = ({ data }) => done = data;
  worker.postMessage({ kind, url: `${url.replace("http", "ws")}/ws`, count } satisfies FloodOrder);
  await until(() => done > 5 * count);
  return () => worker.terminate();
}

Deno.test(
  `a client's median answer at most doubles beside ${FLOODING} that flood`,
  { ignore },
  () => withServer({ config: CONFIG }, (server) => holds(server, () => flooder(server, "flood", FLOODING))),
);

Deno.test(`a client's median answer at most doubles beside a storm of upgrades, ${STORMING} at a time`, {
  ignore,
}, () => withServer({ config: {} }, (server) => holds(server, () => flooder(server, "storm", STORMING))));

Deno.test(`a client's median answer at most doubles beside ${STALLED} that ask for much and do not read`, {
  ignore,
}, () =>
  withServer({ config: CONFIG }, async (server) => {
    const prompt = `i=0; while [ $i -lt ${LINES} ]; do printf '%07d%09000d\\n' $i 0; i=$((i+1)); done`;
    const task = {
      id: "prints",
      type: "testing",
      priority: "low",
      description: "prints",
      execution: { prompt },
    };
    const watching = await server.connect();
    await watching.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    assert.equal((await watching.request({ type: "start_task", task })).type, "task_started");
    await watching.next((m) => m.task_id === "prints" && m.new_status === "completed");
    await watching.close();
    const ask = JSON.stringify({ type: "request_log_entries", limit: LINES });
    let answered = 0;
    await holds(server, async () => {
      const stalled: RawSocket[] = [];
      for (let i = 0; i < STALLED; i++) {
        const socket = await RawSocket.upgrade(server.url);
        assert.equal(socket.status, 101);
        // The second is not carried out before the first is read.
        for (let n = 0; n < 2; n++) await socket.sendText(ask);
        stalled.push(socket);
      }
      // The first is carried out, and its reply on the way.
      answered += STALLED;
      await until(async () => await logRequests(server) >= answered);
      return () => {
        for (const socket of stalled) socket.close();
      };
    });
  }));
