/** Resident memory, idle and after many tasks. */
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { builtProgram } from "../fixtures/program.ts";
import { residentBytes } from "../fixtures/resident_bytes.ts";
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import type { Figure } from "./figure.ts";
import { startMany } from "./load.ts";
import { BARE, PEER, productOn, started } from "./peer_server.ts";

const TASKS = 1000;
const GOAL_IDLE_MB = 80;
/** More than that is more than code that was not in use before. */
const GOAL_GROWTH_MB = 15;
/** The runtime tidies up 10 to 30 s after the last work. */
const SETTLE_MS = 45_000;

async function residentMB({ pid }: { pid: number }): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return await residentBytes(pid) / 1e6;
}

/** A server without a task yet, and a bare `Deno.serve`. */
async function idleMB(): Promise<{ idle: number; bare: number }> {
  const folder = await Deno.makeTempDir({ prefix: "oa-bench-" });
  const servers = [await started(await productOn(folder)), await started(BARE)];
  try {
    const [idle, bare] = await Promise.all(servers.map(residentMB));
    return { idle: idle!, bare: bare! };
  } finally {
    for (const server of servers) await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** What runs beside the server, such as the reaper, which starts with the first task. */
async function childrenMB(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "--ppid", String(pid)] }).output();
  const sizes = new TextDecoder().decode(stdout).split("\n").map(Number);
  return sizes.reduce((sum, size) => sum + size, 0) * 1024 / 1e6;
}

export async function memory(): Promise<Figure[]> {
  const { idle, bare } = await idleMB();
  let after = 0;
  let beside = 0;
  const config = {
    limits: { enabled: false },
    agents: { echo: { protocol: "command", command: ["echo", "{prompt}"] } },
    tasks: { default_agent: "echo", max_concurrent: 4 },
  };
  await withServer({ command: builtProgram(START_PERMISSIONS), config }, async (server) => {
    await startMany(server, { count: TASKS, clients: 10, batch: 10, prompt: "done" });
    await until(async () => {
      const { reply } = await server.post({ type: "list_tasks", filter: { status: "completed" }, limit: 1 });
      return reply.filtered_count === TASKS;
    }, 300_000);
    after = await residentMB(server);
    beside = await childrenMB(server.pid);
  });
  return [
    {
      what: "resident memory, idle",
      measured: `${idle.toFixed(0)} MB, where ${PEER} has ${bare.toFixed(0)}`,
      goal: `< ${GOAL_IDLE_MB} MB`,
      met: idle < GOAL_IDLE_MB,
    },
    {
      what: `resident memory after ${TASKS.toLocaleString("en")} finished tasks`,
      measured: `${after.toFixed(0)} MB, and ${beside.toFixed(0)} MB beside it`,
      goal: `as before, within ${GOAL_GROWTH_MB} MB`,
      met: after - idle < GOAL_GROWTH_MB,
    },
  ];
}
