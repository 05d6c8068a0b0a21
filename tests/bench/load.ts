/** Many clients that start many tasks. */
import type { TestServer } from "../fixtures/server.ts";
import { LoadSocket } from "./load_socket.ts";

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
  const load = await Load.open(server, { clients, batch, prompt });
  const seconds = await load.start(count);
  load.close();
  return count / seconds;
}

/** Clients that start tasks, each one batch after another. */
export class Load {
  readonly #sockets: LoadSocket[] = [];
  readonly #batch: number;
  readonly #prompt: string;
  #serial = 0;

  private constructor(batch: number, prompt: string) {
    this.#batch = batch;
    this.#prompt = prompt;
  }

  static async open(
    { url }: Pick<TestServer, "url">,
    { clients, batch, prompt }: { clients: number; batch: number; prompt: string },
  ): Promise<Load> {
    const load = new Load(batch, prompt);
    for (let i = 0; i < clients; i++) load.#sockets.push(await LoadSocket.connect(url));
    return load;
  }

  /** Starts `count` more tasks. Returns the seconds until the last is acknowledged. */
  async start(count: number): Promise<number> {
    const end = this.#serial + count;
    const started = performance.now();
    await Promise.all(this.#sockets.map(async (socket) => {
      while (this.#serial < end) {
        const requests = Array.from({ length: Math.min(this.#batch, end - this.#serial) }, () => {
          const id = this.#serial++;
          return startTask(`load_${id}`, id, this.#prompt);
        });
        const reply = await socket.request(
          requests.length === 1 ? requests[0]! : { type: "batch", requests },
        );
        if (reply.includes('"type":"error"')) throw new Error(reply.slice(0, 500));
      }
    }));
    return (performance.now() - started) / 1000;
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}

/** One task runs and never ends, so that all others wait. */
export const WAITING = {
  limits: { enabled: false },
  agents: { sleep: { protocol: "command", command: ["sleep", "1000"] } },
  tasks: { default_agent: "sleep", max_concurrent: 1 },
};
