/** The server's figures for Prometheus, at `/metrics`. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { TaskStatus } from "../protocol/task.ts";

/** What is read at each scrape. */
export interface Readings {
  connections(): number;
  tasks(): Readonly<Record<TaskStatus, number>>;
  agents(): number;
  log_bytes(): number;
  uptime_seconds(): number;
  resident_bytes(): number;
}

const DURATION_BUCKETS_SECONDS = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

export class Prometheus {
  readonly #registry = new Registry();
  readonly #requests: Counter<"type" | "outcome">;
  readonly #durations: Histogram;

  constructor(readings: Readings) {
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: "opencode_agents_requests_total",
      help: "Requests by type and outcome.",
      labelNames: ["type", "outcome"],
      registers,
    });
    this.#durations = new Histogram({
      name: "opencode_agents_request_duration_seconds",
      help: "Time from a request to its reply.",
      buckets: DURATION_BUCKETS_SECONDS,
      registers,
    });
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name: `opencode_agents_${name}`,
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
    new Gauge({
      name: "opencode_agents_tasks",
      help: "Tasks by status.",
      labelNames: ["status"],
      registers,
      collect() {
        const counts = readings.tasks();
        for (const status of TaskStatus.options) this.set({ status }, counts[status]);
      },
    });
  }

  note(type: string, duration_ms: number, failed: boolean): void {
    this.#requests.inc({ type, outcome: failed ? "error" : "ok" });
    this.#durations.observe(duration_ms / 1000);
  }

  /** The exposition text and its content type. */
  async text(): Promise<{ body: string; content_type: string }> {
    return { body: await this.#registry.metrics(), content_type: this.#registry.contentType };
  }
}
