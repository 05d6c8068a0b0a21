/** The server's metrics for Prometheus, at `/metrics`. They are read at each request. */
import type { Registry } from "prom-client";
import { TaskStatus } from "../domain/task.ts";

export interface Readings {
  requests(): { requests: { type: string; answered: number; failed: number }[]; spent_seconds: number };
  connections(): number;
  tasks(): Readonly<Record<TaskStatus, number>>;
  agents(): number;
  /** Attempts that have failed since the server started. */
  failures(): Iterable<{ agent: string; kind: string; count: number }>;
  /** The agents that their providers refuse now. */
  held(): Iterable<string>;
  log_bytes(): number;
  uptime_seconds(): number;
  resident_bytes(): number;
}

const PREFIX = "opencode_agents_";

export class Prometheus {
  readonly #readings: Readings;
  #registry: Registry | undefined;

  constructor(readings: Readings) {
    this.#readings = readings;
  }

  /** The exposition text and its content type. */
  async text(): Promise<{ body: string; content_type: string }> {
    const registry = this.#registry ??= await registryOf(this.#readings);
    return { body: await registry.metrics(), content_type: registry.contentType };
  }
}

async function registryOf(readings: Readings): Promise<Registry> {
  // Loaded by the first request: most servers get none. It is CommonJS, which has only a default export in a bundle.
  const { Counter, Gauge, Registry } = (await import("prom-client")).default;
  const registry = new Registry();
  const registers = [registry];
  new Counter({
    name: `${PREFIX}requests_total`,
    help: "Requests by type and outcome.",
    labelNames: ["type", "outcome"],
    registers,
    collect() {
      this.reset();
      for (const { type, answered, failed } of readings.requests().requests) {
        if (answered > 0) this.inc({ type, outcome: "ok" }, answered);
        if (failed > 0) this.inc({ type, outcome: "error" }, failed);
      }
    },
  });
  new Counter({
    name: `${PREFIX}request_seconds_total`,
    help: "Seconds from requests to their replies, in total.",
    registers,
    collect() {
      this.reset();
      this.inc(readings.requests().spent_seconds);
    },
  });
  new Gauge({
    name: `${PREFIX}tasks`,
    help: "Tasks by status.",
    labelNames: ["status"],
    registers,
    collect() {
      const counts = readings.tasks();
      for (const status of TaskStatus.options) this.set({ status }, counts[status]);
    },
  });
  new Counter({
    name: `${PREFIX}failed_attempts_total`,
    help: "Attempts that failed, by agent and kind of failure.",
    labelNames: ["agent", "kind"],
    registers,
    collect() {
      this.reset();
      for (const { agent, kind, count } of readings.failures()) this.inc({ agent, kind }, count);
    },
  });
  new Gauge({
    name: `${PREFIX}agents_held`,
    help: "1 for each agent that its model's provider refuses for a time.",
    labelNames: ["agent"],
    registers,
    collect() {
      this.reset();
      for (const agent of readings.held()) this.set({ agent }, 1);
    },
  });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: PREFIX + name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge("connections", "Open WebSocket connections.", readings.connections);
  gauge("agents_running", "Agents at work.", readings.agents);
  gauge("log_bytes", "Size of the stored log.", readings.log_bytes);
  gauge("uptime_seconds", "Seconds since the server started.", readings.uptime_seconds);
  gauge("resident_memory_bytes", "Memory of the server.", readings.resident_bytes);
  return registry;
}
