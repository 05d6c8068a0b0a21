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
  #count = 0;
  #printed = Promise.withResolvers<void>();

  constructor(entries: AsyncIterable<LogEntry>, view: View) {
    this.#entries = entries;
    this.#view = view;
  }

  /** Resolves when the entries end. */
  async run(): Promise<void> {
    for await (const entry of this.#entries) {
      this.#view.entry(entry);
      this.#count++;
      this.#printed.resolve();
      this.#printed = Promise.withResolvers<void>();
    }
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
