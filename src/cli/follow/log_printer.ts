/** Prints a followed task's log entries as they arrive. */
import type { Client } from "../../client/client.ts";
import type { FollowFilter } from "../../client/log_follow.ts";
import { type Clock, within } from "../../clock/clock.ts";
import type { LogEntry } from "../../domain/log_entry.ts";
import type { View } from "./view.ts";

/** How long to wait for the last log entries of an ended task. */
const LAST_ENTRIES_MS = 3000;

export class LogPrinter {
  readonly #entries: AsyncIterable<LogEntry>;
  readonly #view: View;
  /** How often each of those that are known already will come. */
  readonly #known = new Map<string, number>();
  #count = 0;
  #printed = Promise.withResolvers<void>();

  /** `known`: entries that may come first, and are not printed. */
  constructor(entries: AsyncIterable<LogEntry>, view: View, known: readonly LogEntry[] = []) {
    this.#entries = entries;
    this.#view = view;
    for (const entry of known) {
      const text = JSON.stringify(entry);
      this.#known.set(text, (this.#known.get(text) ?? 0) + 1);
    }
  }

  /** Resolves when the entries end. */
  async run(): Promise<void> {
    for await (const entry of this.#entries) {
      if (!this.#isKnown(entry)) this.#view.entry(entry);
      this.#count++;
      this.#printed.resolve();
      this.#printed = Promise.withResolvers<void>();
    }
  }

  #isKnown(entry: LogEntry): boolean {
    if (this.#known.size === 0) return false;
    const text = JSON.stringify(entry);
    const times = this.#known.get(text) ?? 0;
    if (times === 0) return false;
    this.#known.set(text, times - 1);
    return true;
  }

  /** Waits until all stored entries of an ended task that fit are printed: its end may be pushed before the last of them. */
  async printAll(clock: Clock, client: Client, filter: FollowFilter): Promise<void> {
    const { data } = await client.request("request_log_entries", { limit: 1, filter });
    const deadline = clock.monotonic() + LAST_ENTRIES_MS;
    while (this.#count < data.filtered_count) {
      const left_ms = deadline - clock.monotonic();
      if (left_ms <= 0) return;
      await within(clock, left_ms, this.#printed.promise, undefined);
    }
  }
}
