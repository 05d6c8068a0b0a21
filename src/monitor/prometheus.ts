/** The server's metrics for Prometheus, at `/metrics`. They are read at each request. */
import type { Registry } from "prom-client";
import { TaskStatus } from "../domain/task.ts";

export interface Readings {
  requests(): { requests: { type: string; answered: number; failed: number }[]; spent_seconds: number };
  /** What all turns that are over have used. */
  usage(): Promise<readonly UsageReading[]>;
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

export interface UsageReading {
  agent?: string;
  model?: string;
  turns: number;
  cost_usd: number;
  duration_ms: number;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
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
  const add = (
    name: string,
    help: string,
    labelNames: string[],
    collect: (this: Counted) => Promise<void>,
  ) => new Counter({ name: PREFIX + name, help, labelNames, registers, collect });
  addUsage(readings, add);
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

interface Counted {
  reset(): void;
  inc(labels: Record<string, string>, by: number): void;
}

/** Counters of what turns have used, by agent and model. */
function addUsage(
  { usage }: Readings,
  add: (name: string, help: string, labels: string[], collect: (this: Counted) => Promise<void>) => unknown,
): void {
  let asked: Promise<readonly UsageReading[]> | undefined;
  // All counters of one request share an answer.
  const read = () => asked ??= usage().finally(() => asked = undefined);
  const counter = (name: string, help: string, of: (reading: UsageReading) => number) =>
    add(name, help, ["agent", "model"], async function () {
      const readings = await read();
      this.reset();
      for (const reading of readings) {
        const { agent = "", model = "" } = reading;
        this.inc({ agent, model }, of(reading));
      }
    });
  counter("cost_usd_total", "What turns have cost in USD, as far as that is known.", (one) => one.cost_usd);
  counter("turns_total", "Turns of agents.", (one) => one.turns);
  counter("turn_seconds_total", "Seconds that turns took, in total.", (one) => one.duration_ms / 1000);
  add("tokens_total", "Tokens by kind.", ["agent", "model", "kind"], async function () {
    const readings = await read();
    this.reset();
    for (const { agent = "", model = "", input_tokens, output_tokens, cached_tokens } of readings) {
      for (
        const [kind, tokens] of Object.entries({
          input: input_tokens,
          output: output_tokens,
          cached: cached_tokens,
        })
      ) this.inc({ agent, model, kind }, tokens);
    }
  });
}
