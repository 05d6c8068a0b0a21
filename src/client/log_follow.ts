/** Follows a log over many connections: every entry once and in order, whatever happens to the connection. */
import { ApiError } from "../domain/errors.ts";
import type { LogEntry } from "../domain/log_entry.ts";
import type { LogFilter } from "../protocol/log_messages.ts";
import type { Reply } from "../protocol/messages.ts";
import { PushQueue } from "./push_queue.ts";
import type { Fields } from "./replies.ts";
import { isPassing } from "./subscriptions.ts";

export type FollowFilter = Omit<LogFilter, "follow">;

export interface FollowOptions {
  /** Begin with this many of the newest matching entries (1–1000) instead of all since `filter.since`. */
  tail?: number;
  /** With `tail`: called with the first page, which has the cursor to older entries and the counts. */
  opened?: (page: LogPage["data"]) => void;
  /** Called when the follow must wait because of the server's limit on log queries. */
  waits?: (wait_ms: number) => void;
}

type LogQuery = Fields<"request_log_entries">;
export type LogPage = Reply<"request_log_entries">;

/** What a follow needs from the connection. `arrived` runs before any push that follows the reply is handled. */
export interface LogSource {
  query(
    fields: LogQuery,
    arrived: (page: LogPage) => void,
    waits: ((wait_ms: number) => void) | undefined,
  ): Promise<LogPage>;
  unsubscribe(subscription_id: string): void;
}

/** Entries in one page, the most that the server sends. The queue holds two pages. */
const PAGE = 1000;
const OLDEST_FIRST = { field: "time", order: "asc" } as const;

export class LogFollow {
  readonly entries: PushQueue<LogEntry>;
  readonly #source: LogSource;
  readonly #filter: FollowFilter;
  readonly #options: FollowOptions;
  #subscription_id: string | undefined;
  /** The time of the newest entry delivered, and how often each entry of that time was delivered. */
  #last_time: string | undefined;
  #delivered = new Map<string, number>();
  #tailed = false;
  /** The number of starts. A later start supersedes an earlier one that is still running. */
  #turn = 0;

  constructor(
    source: LogSource,
    filter: FollowFilter,
    options: FollowOptions & { queue_max: number; ended: () => void },
  ) {
    this.#source = source;
    this.#filter = filter;
    this.#options = options;
    this.entries = new PushQueue(Math.max(options.queue_max, 2 * PAGE), () => {
      this.#leave();
      options.ended();
    });
  }

  /** Loads the entries since the last delivered one and subscribes to new ones. Called again after a reconnection. */
  async start(): Promise<void> {
    const turn = ++this.#turn;
    const isOver = () => this.entries.isEnded || turn !== this.#turn;
    this.#subscription_id = undefined;
    const { tail, opened, waits } = this.#options;
    if (tail !== undefined && !this.#tailed) {
      // Without `sort`, one query returns the newest entries, oldest first, and starts the follow.
      await this.#source.query({ filter: { ...this.#filter, follow: true }, limit: tail }, (page) => {
        if (isOver()) return this.#source.unsubscribe(page.subscription_id!);
        this.#tailed = true;
        this.#subscription_id = page.subscription_id;
        opened?.(page.data);
        this.#deliver(page.data.entries, false);
        if (this.entries.isEnded) this.#leave();
      }, waits);
      return;
    }
    while (true) {
      await this.entries.drained();
      if (isOver()) return;
      const filter = this.#since();
      const fields = { filter: { ...filter, follow: true }, limit: PAGE, sort: OLDEST_FIRST };
      const page = await this.#source.query(fields, (page) => {
        if (isOver()) return this.#source.unsubscribe(page.subscription_id!);
        this.#deliver(page.data.entries, true);
        this.#subscription_id = page.subscription_id;
        // More than a page behind, so pushes would come too early. Catch up first, then follow.
        if (page.data.pagination.has_more || this.entries.isEnded) this.#leave();
      }, waits);
      if (isOver() || !page.data.pagination.has_more) return;
      await this.#catchUp(filter, page.data.pagination.next_cursor, isOver);
    }
  }

  /** Starts again after a reconnection. Throws errors that another connection may fix; others end the iterator. */
  async restart(): Promise<void> {
    try {
      await this.start();
    } catch (error) {
      if (error instanceof ApiError && isPassing(error)) throw error;
      this.entries.end(error);
    }
  }

  lost(): void {
    this.#subscription_id = undefined;
  }

  /** Whether the push was for this follow. */
  take(subscription_id: unknown, entry: LogEntry): boolean {
    if (subscription_id === undefined || subscription_id !== this.#subscription_id) return false;
    this.#deliver([entry], false);
    return true;
  }

  async #catchUp(filter: LogFilter, next_cursor: string | undefined, isOver: () => boolean): Promise<void> {
    for (let cursor = next_cursor; cursor !== undefined;) {
      await this.entries.drained();
      if (isOver()) return;
      const { data } = await this.#source.query(
        { filter, limit: PAGE, sort: OLDEST_FIRST, cursor },
        ({ data }) => {
          if (!isOver()) this.#deliver(data.entries, false);
        },
        this.#options.waits,
      );
      cursor = data.pagination.next_cursor;
    }
  }

  #since(): LogFilter {
    return this.#last_time === undefined ? this.#filter : { ...this.#filter, since: this.#last_time };
  }

  /** `repeats`: entries of the last time arrive again; each is skipped as often as it was delivered. */
  #deliver(entries: LogEntry[], repeats: boolean): void {
    const known = repeats ? new Map(this.#delivered) : undefined;
    for (const entry of entries) {
      const text = JSON.stringify(entry);
      const times = known?.get(text) ?? 0;
      if (times > 0) {
        known!.set(text, times - 1);
        continue;
      }
      if (entry.time !== this.#last_time) {
        this.#last_time = entry.time;
        this.#delivered.clear();
      }
      this.#delivered.set(text, (this.#delivered.get(text) ?? 0) + 1);
      this.entries.push(entry);
    }
  }

  #leave(): void {
    if (this.#subscription_id === undefined) return;
    this.#source.unsubscribe(this.#subscription_id);
    this.#subscription_id = undefined;
  }
}
