/**
 * Requests for what this client does not offer, and says so: files and terminals. Agents work on the machine themselves. Some
 * ask all the same, and get a proper answer.
 */
import type { AgentMake } from "../makes/agent_make.ts";
import type { EventQueue } from "../reporting/event_queue.ts";

export const UNOFFERED = [
  "fs/read_text_file",
  "fs/write_text_file",
  "terminal/create",
  "terminal/output",
  "terminal/wait_for_exit",
  "terminal/kill",
  "terminal/release",
] as const;
export type Unoffered = (typeof UNOFFERED)[number];

export class UnofferedRequests {
  readonly #make: AgentMake;
  readonly #events: EventQueue;
  readonly #noted = new Set<Unoffered>();

  constructor(make: AgentMake, events: EventQueue) {
    this.#make = make;
    this.#events = events;
  }

  /** Returns whether the request is taken as the news that it is. Otherwise it is to be refused, and the log says so once. */
  async take(method: Unoffered): Promise<boolean> {
    if (method === "fs/write_text_file" && this.#make.tells_writes) return true;
    if (!this.#noted.has(method)) {
      this.#noted.add(method);
      const text = `The agent asked for ${method}, which this server does not offer: it was refused`;
      await this.#events.note("warn", text, "acp");
    }
    return false;
  }
}
