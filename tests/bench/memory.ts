/** Resident memory, idle and after many tasks. */
import { residentBytes } from "../fixtures/resident_bytes.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import type { Figure } from "./figure.ts";
import { startMany } from "./load.ts";

const TASKS = 1000;
const GOAL_IDLE_MB = 110;
/** More than that is more than code that was not in use before. */
const GOAL_GROWTH_MB = 15;
/** The runtime tidies up some 10 to 20 s after the last work. */
const SETTLE_MS = 30_000;

async function residentMB(server: TestServer): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return await residentBytes(server.pid) / 1e6;
}

export async function memory(): Promise<Figure[]> {
  let idle = 0;
  let after = 0;
  const config = {
    limits: { enabled: false },
    agents: { echo: { protocol: "command", command: ["echo", "{prompt}"] } },
    tasks: { default_agent: "echo", max_concurrent: 4 },
  };
  await withServer({ config }, async (server) => {
    idle = await residentMB(server);
    await startMany(server, { count: TASKS, clients: 10, batch: 10, prompt: "done" });
    await until(async () => {
      const { reply } = await server.post({ type: "list_tasks", filter: { status: "completed" }, limit: 1 });
      return reply.filtered_count === TASKS;
    }, 300_000);
    after = await residentMB(server);
  });
  return [
    {
      what: "resident memory, idle",
      measured: `${idle.toFixed(0)} MB`,
      goal: `< ${GOAL_IDLE_MB} MB`,
      met: idle < GOAL_IDLE_MB,
    },
    {
      what: `resident memory after ${TASKS.toLocaleString("en")} finished tasks`,
      measured: `${after.toFixed(0)} MB`,
      goal: `as before, within ${GOAL_GROWTH_MB} MB`,
      met: after - idle < GOAL_GROWTH_MB,
    },
  ];
}
