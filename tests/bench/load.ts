/** Many clients that start many tasks. */
import type { TestServer } from "../fixtures/server.ts";
import type { TestSocket } from "../fixtures/socket.ts";

export const TYPES = ["feature", "testing", "research", "documentation"] as const;
export const PRIORITIES = ["low", "medium", "high", "critical"] as const;

export function startTask(id: string, serial: number, prompt: string): Record<string, unknown> {
  return {
    type: "start_task",
    task: {
      id,
      type: TYPES[serial % TYPES.length],
      priority: PRIORITIES[(serial >> 2) % PRIORITIES.length],
      description: `Task ${serial} of the ${serial % 10 === 0 ? "parser" : "renderer"}`,
      ...(serial % 5 === 0 ? { files_pattern: "src/**/*.ts" } : {}),
      execution: { prompt },
    },
  };
}

/** Starts `count` tasks, each client one after another, and answers how many a second were acknowledged. */
export async function startMany(
  server: TestServer,
  { count, clients, batch = 1, prompt }: { count: number; clients: number; batch?: number; prompt: string },
): Promise<number> {
  const sockets: TestSocket[] = [];
  for (let i = 0; i < clients; i++) sockets.push(await server.connect());
  let serial = 0;
  const started = performance.now();
  await Promise.all(sockets.map(async (socket) => {
    while (serial < count) {
      const requests = Array.from({ length: Math.min(batch, count - serial) }, () => {
        const id = serial++;
        return startTask(`load_${id}`, id, prompt);
      });
      const reply = await socket.request(requests.length === 1 ? requests[0]! : { type: "batch", requests });
      if (reply.type === "error" || JSON.stringify(reply).includes('"type":"error"')) {
        throw new Error(JSON.stringify(reply).slice(0, 500));
      }
      socket.forget();
    }
  }));
  const seconds = (performance.now() - started) / 1000;
  for (const socket of sockets) await socket.close();
  return count / seconds;
}

/** One task runs and never ends, so that all others wait. */
export const WAITING = {
  limits: { enabled: false },
  agents: { sleep: { protocol: "command", command: ["sleep", "1000"] } },
  tasks: { default_agent: "sleep", max_concurrent: 1 },
};
