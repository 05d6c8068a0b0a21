/** How much each client has used the API over the last hour, and which limits refused it. Bounded. */
import type { LimitName } from "../protocol/limits.ts";
import { SlidingWindow } from "./windows.ts";

const MINUTE_MS = 60_000;
/** How many clients are remembered. The one seen longest ago is forgotten first. */
const CLIENTS_MAX = 1000;
const VIOLATIONS_MAX = 200;

export interface Violation {
  client: string;
  limit: LimitName;
  /** Monotonic milliseconds of the last one. */
  at_ms: number;
  /** Refusals of one client by one limit within a minute are one entry. */
  count: number;
}

interface Counts {
  messages: SlidingWindow;
  refused: SlidingWindow;
}

export interface ClientUsage {
  client: string;
  messages: number;
  refused: number;
}

export class UsageHistory {
  readonly #all = newCounts();
  readonly #clients = new Map<string, Counts>();
  readonly #byLimit = new Map<LimitName, SlidingWindow>();
  readonly #violations: Violation[] = [];
  /** The client seen last. */
  #last: string | undefined;

  message(client: string, now_ms: number): void {
    this.#all.messages.add(now_ms);
    this.#of(client).messages.add(now_ms);
  }

  refused(client: string, limit: LimitName, now_ms: number): void {
    this.#all.refused.add(now_ms);
    this.#of(client).refused.add(now_ms);
    let window = this.#byLimit.get(limit);
    if (!window) this.#byLimit.set(limit, window = new SlidingWindow(MINUTE_MS));
    window.add(now_ms);
    const known = this.#violations.findLast((one) => one.client === client && one.limit === limit);
    if (known && minuteOf(known.at_ms) === minuteOf(now_ms)) {
      known.count++;
      known.at_ms = now_ms;
      return;
    }
    this.#violations.push({ client, limit, at_ms: now_ms, count: 1 });
    if (this.#violations.length > VIOLATIONS_MAX) this.#violations.shift();
  }

  /** The counts of the last minutes, the oldest first. */
  history(
    minutes: number,
    client: string | undefined,
    now_ms: number,
  ): { messages: number; refused: number }[] {
    const { messages, refused } = client === undefined ? this.#all : this.#clients.get(client) ?? newCounts();
    const stopped = refused.newest(minutes, now_ms);
    return messages.newest(minutes, now_ms).map((count, i) => ({ messages: count, refused: stopped[i]! }));
  }

  /** The clients that sent the most messages, including refused ones. */
  top(count: number, minutes: number, now_ms: number): ClientUsage[] {
    return [...this.#clients].map(([client, { messages, refused }]) => ({
      client,
      messages: sum(messages.newest(minutes, now_ms)),
      refused: sum(refused.newest(minutes, now_ms)),
    })).filter((one) => one.messages + one.refused > 0)
      .sort((a, b) => b.messages + b.refused - a.messages - a.refused || (a.client < b.client ? -1 : 1))
      .slice(0, count);
  }

  /** The newest first. */
  violations(minutes: number, client: string | undefined, now_ms: number): Violation[] {
    const since_ms = now_ms - minutes * MINUTE_MS;
    return this.#violations
      .filter((one) => one.at_ms > since_ms && (client === undefined || one.client === client))
      .sort((a, b) => b.at_ms - a.at_ms);
  }

  /** How often each limit refused something. */
  byLimit(minutes: number, now_ms: number): Partial<Record<LimitName, number>> {
    const counts = [...this.#byLimit].map(([limit, window]) =>
      [limit, sum(window.newest(minutes, now_ms))] as const
    );
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  #of(client: string): Counts {
    const counts = this.#clients.get(client) ?? newCounts();
    if (client === this.#last) return counts;
    this.#last = client;
    // Moved to the end, so that the first is the one unseen for longest.
    this.#clients.delete(client);
    this.#clients.set(client, counts);
    if (this.#clients.size > CLIENTS_MAX) this.#clients.delete(this.#clients.keys().next().value!);
    return counts;
  }
}

function newCounts(): Counts {
  return { messages: new SlidingWindow(MINUTE_MS), refused: new SlidingWindow(MINUTE_MS) };
}

function minuteOf(at_ms: number): number {
  return Math.floor(at_ms / MINUTE_MS);
}

function sum(counts: number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
