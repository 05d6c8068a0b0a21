/** How many tasks are acknowledged, each after it is durable: one by one, and in batches. */
import { withServer } from "../fixtures/server.ts";
import type { Figure } from "./figure.ts";
import { Load, startTask, WAITING } from "./load.ts";
import { withBullMq } from "./peers/bullmq.ts";
import { orWhyMissing } from "./peers/node_peer.ts";
import { withPgBoss } from "./peers/pg_boss.ts";
import { processorSeconds } from "./processor_seconds.ts";

const TASKS = 20_000;
/** Before anything is measured, here and at the peers. */
const WARM_UP = 5_000;
const CLIENTS = 50;
const BATCH = 50;
const GOAL = 12_000;
const TASK = JSON.stringify(startTask("", 0, "bench").task);

export async function startTasks(): Promise<Figure[]> {
  return [
    {
      ...await measured({ clients: CLIENTS, batch: 1 }, [bullMqOneByOne, pgBossOneByOne]),
      what: `start_task, durable, ${CLIENTS} clients`,
    },
    {
      ...await measured({ clients: 1, batch: BATCH }, [bullMqInBulk]),
      what: `batch of ${BATCH} start_task, durable, one client`,
    },
  ];
}

async function measured(
  shape: { clients: number; batch: number },
  peers: readonly (() => Promise<string>)[],
): Promise<Omit<Figure, "what">> {
  let rate = 0;
  let cost = "";
  await withServer({ config: WAITING }, async (server) => {
    const load = await Load.open(server, { ...shape, prompt: "bench" });
    await load.start(WARM_UP);
    const before = await processorSeconds(server.pid);
    rate = TASKS / await load.start(TASKS);
    const after = await processorSeconds(server.pid);
    if (before !== undefined && after !== undefined) {
      cost = `, ${Math.round((after - before) / TASKS * 1e6)} µs of the server's processor each`;
    }
    load.close();
  });
  const others: string[] = [];
  for (const peer of peers) others.push(await orWhyMissing(peer));
  return {
    measured: `${Math.round(rate)}/s${cost} (${others.join("; ")})`,
    goal: `≥ ${GOAL}/s`,
    met: rate >= GOAL,
  };
}

/** A module's code that measures `add(count)` and prints how many a second it adds. */
const MEASURE = `
  let serial = 0;
  const task = () => ({ ...${TASK}, id: "load_" + serial++ });
  const measure = async (add) => {
    await add(${WARM_UP});
    const started = performance.now();
    await add(${TASKS});
    console.log(JSON.stringify({ per_second: ${TASKS} / (performance.now() - started) * 1000 }));
  };
  const atOnce = (one) => (count) => {
    const end = serial + count;
    return Promise.all(Array.from({ length: ${CLIENTS} }, async () => {
      while (serial < end) await one();
    }));
  };
`;

interface Measured {
  per_second: number;
}

function bullMqOneByOne(): Promise<string> {
  return withBullMq(async ({ title, run }) => {
    const { per_second } = await run<Measured>(`${MEASURE}
      const queue = new bullmq.Queue("tasks", { connection });
      await measure(atOnce(() => {
        const data = task();
        return queue.add("task", data, { jobId: data.id });
      }));
      await queue.close();
    `);
    return `${title}, add: ${Math.round(per_second)}/s`;
  });
}

function bullMqInBulk(): Promise<string> {
  return withBullMq(async ({ title, run }) => {
    const { per_second } = await run<Measured>(`${MEASURE}
      const queue = new bullmq.Queue("tasks", { connection });
      await measure(async (count) => {
        for (let added = 0; added < count; added += ${BATCH}) {
          const jobs = Array.from({ length: ${BATCH} }, task);
          await queue.addBulk(jobs.map((data) => ({ name: "task", data, opts: { jobId: data.id } })));
        }
      });
      await queue.close();
    `);
    return `${title}, addBulk: ${Math.round(per_second)}/s`;
  });
}

function pgBossOneByOne(): Promise<string> {
  return withPgBoss(async ({ title, run }) => {
    const { per_second } = await run<Measured>(`${MEASURE}
      await boss.createQueue("tasks");
      await measure(atOnce(() => boss.send("tasks", task())));
      process.exit();
    `);
    return `${title}, send: ${Math.round(per_second)}/s`;
  });
}
