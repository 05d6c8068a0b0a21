/** How many tasks are acknowledged, each after it is durable. */
import { withServer } from "../fixtures/server.ts";
import type { Figure } from "./figure.ts";
import { startMany, WAITING } from "./load.ts";

const CLIENTS = 50;
const GOAL = 3000;

export async function startTasks(): Promise<Figure[]> {
  let rate = 0;
  await withServer({ config: WAITING }, async (server) => {
    rate = await startMany(server, { count: 15_000, clients: CLIENTS, prompt: "bench" });
  });
  return [{
    what: `start_task, durable, ${CLIENTS} clients`,
    measured: `${Math.round(rate)}/s`,
    goal: `≥ ${GOAL}/s`,
    met: rate >= GOAL,
  }];
}
