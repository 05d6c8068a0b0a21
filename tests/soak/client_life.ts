/** One client that does, at random, all that clients do, and comes and goes. */
import type { TestServer } from "../fixtures/server.ts";
import type { TestSocket } from "../fixtures/socket.ts";

export interface Tally {
  requests: number;
  refused: number;
  /** Connections that the server closed: their reader was too slow. */
  dropped: number;
  tasks: number;
  connections: number;
}

const PROMPTS = [
  "echo one; echo two >&2",
  "for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done",
  "seq 2000",
  `echo '{"progress":{"completed_steps":1,"total_steps":2}}'; sleep 1`,
  "exit 3",
  "(sleep 2 &) ; sleep 1",
  "sleep 60",
];
const DEMOS = [
  "demo:steps=3 demo:delay=100",
  "demo:steps=2 demo:delay=50 demo:ask",
  "demo:steps=2 demo:fail",
  "demo:hang",
];
const CHANNELS = [
  "system_resources",
  "task_status",
  "task_progress",
  "task_manager",
  "agents",
  "log_entries",
  "processes",
  "claude_processes",
  "connection",
  "rate_limits",
];
const READS: Record<string, unknown>[] = [
  { type: "ping", timestamp: 1 },
  { type: "request_status" },
  { type: "list_tasks", limit: 100, filter: { status: ["running", "queued"] } },
  { type: "request_log_entries", limit: 100, filter: { message_contains: "line" } },
  { type: "request_log_entries", limit: 20, filter: { follow: true } },
  { type: "request_system_resources" },
  { type: "request_process_list", include_system_processes: true },
  { type: "request_system_health" },
  { type: "request_metrics", time_range: "1h" },
  { type: "list_schedules" },
  { type: "no_such_message" },
];
const PAUSE_MS = 100;
const LIFE_REQUESTS = 60;

function pick<T>(from: readonly T[]): T {
  return from[Math.floor(Math.random() * from.length)]!;
}

/** Lives, one connection after another, until it is told to stop. Throws when it is not answered. */
export class ClientLife {
  readonly #server: TestServer;
  readonly #number: number;
  readonly #tally: Tally;
  #serial = 0;
  /** Tasks of the connection of now. */
  #mine: string[] = [];

  constructor(server: TestServer, number: number, tally: Tally) {
    this.#server = server;
    this.#number = number;
    this.#tally = tally;
  }

  async live(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const socket = await this.#server.connect();
      this.#tally.connections++;
      this.#mine = [];
      for (let i = 0; i < LIFE_REQUESTS && !signal.aborted; i++) {
        try {
          await this.#ask(socket, pick([true, false, false]) ? this.#change() : pick(READS));
        } catch (error) {
          // Closed for reading too slowly, which a client under this load may meet.
          const closed = await Promise.race([
            socket.closed,
            new Promise((resolve) => setTimeout(resolve, 5000)),
          ]);
          if (closed === undefined) throw error;
          this.#tally.dropped++;
          break;
        }
        socket.forget();
        await new Promise((resolve) => setTimeout(resolve, Math.random() * PAUSE_MS));
      }
      await socket.close();
      await this.#cancelAll();
    }
  }

  /** What still waits goes with its connection, or the queue would grow as fast as this asks. */
  async #cancelAll(): Promise<void> {
    for (const task_id of this.#mine) await this.#server.post({ type: "cancel_task", task_id });
  }

  async #ask(socket: TestSocket, message: Record<string, unknown>): Promise<void> {
    this.#tally.requests++;
    const reply = await socket.request(message);
    if (reply.type === "error") this.#tally.refused++;
    const asked = socket.messages.filter(({ type }) => type === "permission_request");
    for (const { task_id, permission_id } of asked) {
      const decision = pick(["allow", "deny"]);
      await socket.request({ type: "respond_to_permission", task_id, permission_id, decision });
    }
  }

  #change(): Record<string, unknown> {
    const task_id = this.#mine.length > 0 ? pick(this.#mine) : "none";
    const kind = pick(["start", "start", "start", "cancel", "retry", "pause", "resume", "schedule", "watch"]);
    switch (kind) {
      case "start":
        return { type: "start_task", task: this.#newTask() };
      case "schedule":
        return pick([
          { type: "schedule_task", task: { ...this.#newTask(), scheduled_time: inTwoMinutes() } },
          { type: "unschedule_task", task_id },
        ]);
      case "watch": {
        const channels = CHANNELS.filter(() => Math.random() < 0.3);
        return { type: "subscribe_to_updates", channels: channels.length > 0 ? channels : ["task_status"] };
      }
      default:
        return { type: `${kind}_task`, task_id };
    }
  }

  #newTask(): Record<string, unknown> {
    const id = `soak_${this.#number}_${++this.#serial}`;
    const before = this.#mine.at(-1);
    const isDemo = Math.random() < 0.15;
    this.#tally.tasks++;
    this.#mine.push(id);
    return {
      id,
      type: "testing",
      priority: pick(["low", "medium", "high", "critical"]),
      description: "soak",
      timeout: 15_000,
      ...(before !== undefined && Math.random() < 0.2 ? { dependencies: [before] } : {}),
      execution: {
        agent: isDemo ? "demo" : "sh",
        prompt: pick(isDemo ? DEMOS : PROMPTS),
        permissions: pick(["ask", "allow"]),
      },
    };
  }
}

function inTwoMinutes(): string {
  return new Date(Date.now() + 120_000).toISOString();
}
