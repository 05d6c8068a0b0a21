/** How many tasks that do nothing are run a second: from the request to the recorded end. */
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import type { Figure } from "./figure.ts";
import { startTask } from "./load.ts";
import { withBullMq } from "./peers/bullmq.ts";
import { orWhyMissing } from "./peers/node_peer.ts";

const TASKS = 1000;
const SLOTS = 4;
const BATCH = 50;
const GOAL = 300;
/** Each look makes the server count its tasks: looking every 20 ms took a twelfth of its time. */
const LOOK_EVERY_MS = 100;

export async function trivialTasks(): Promise<Figure[]> {
  const rate = await ours();
  const xargs = await byXargs();
  const peers = [`xargs -P${SLOTS}: ${Math.round(xargs)}/s`, await orWhyMissing(byBullMq)];
  return [{
    what: `trivial tasks (\`true\`), ${SLOTS} slots, start to recorded end`,
    measured: `${Math.round(rate)}/s (${peers.join("; ")})`,
    goal: `≥ ${GOAL}/s`,
    met: rate >= GOAL,
  }];
}

async function ours(): Promise<number> {
  let rate = 0;
  const config = {
    limits: { enabled: false },
    agents: { true: { protocol: "command", command: ["true"] } },
    tasks: { default_agent: "true", max_concurrent: SLOTS },
  };
  await withServer({ config }, async (server) => {
    const socket = await server.connect();
    // The first run starts the reaper.
    await socket.request(startTask("first", 0, "bench"));
    await until(async () => await finished(server) === 1);
    const started = performance.now();
    for (let from = 0; from < TASKS; from += BATCH) {
      const requests = Array.from(
        { length: BATCH },
        (_, i) => startTask(`true_${from + i}`, from + i, "bench"),
      );
      await socket.request({ type: "batch", requests });
    }
    await until(async () => await finished(server) === TASKS + 1, 60_000, LOOK_EVERY_MS);
    rate = TASKS / (performance.now() - started) * 1000;
    await socket.close();
  });
  return rate;
}

async function finished(server: Parameters<Parameters<typeof withServer>[1]>[0]): Promise<number> {
  const { reply } = await server.post({ type: "list_tasks", filter: { status: ["completed"] }, limit: 1 });
  return Number(reply.filtered_count);
}

async function byXargs(): Promise<number> {
  const started = performance.now();
  const { success } = await new Deno.Command("sh", {
    args: ["-c", `seq ${TASKS} | xargs -P${SLOTS} -n1 true`],
  }).output();
  if (!success) throw new Error("xargs has failed");
  return TASKS / (performance.now() - started) * 1000;
}

async function byBullMq(): Promise<string> {
  return await withBullMq(async ({ title, run }) => {
    const { per_second } = await run<{ per_second: number }>(`
      import { spawn } from "node:child_process";
      const queue = new bullmq.Queue("true", { connection });
      const work = () => new Promise((resolve, reject) => {
        const child = spawn("true");
        child.on("error", reject);
        child.on("close", resolve);
      });
      const worker = new bullmq.Worker("true", work, { connection, concurrency: ${SLOTS} });
      await worker.waitUntilReady();
      let done = 0;
      const all = new Promise((resolve) => worker.on("completed", () => ++done === ${TASKS} && resolve()));
      const started = performance.now();
      for (let from = 0; from < ${TASKS}; from += ${BATCH}) {
        await queue.addBulk(Array.from({ length: ${BATCH} }, (_, i) => ({ name: "true", data: { id: from + i } })));
      }
      await all;
      console.log(JSON.stringify({ per_second: ${TASKS} / (performance.now() - started) * 1000 }));
      await worker.close();
      await queue.close();
    `);
    return `${title}: ${Math.round(per_second)}/s`;
  });
}
