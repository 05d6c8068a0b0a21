/** The part of the log that a page shows: bounded, live at its end, older lines on demand. */
import { signal } from "@preact/signals";
import { systemClock } from "../../clock/clock.ts";
import type { LogPage } from "../../client/log_follow.ts";
import type { LogEntry, LogLevel } from "../../domain/log_entry.ts";
import type { LogFilter } from "../../protocol/log_messages.ts";
import { printable } from "./log_text.ts";
import { ask, askWaiting, client } from "./server.ts";

export type WindowFilter = Omit<LogFilter, "follow" | "since">;
export type LevelCounts = Record<LogLevel, number>;

export interface LogLine {
  /** One more than that of the line before. */
  id: number;
  entry: LogEntry;
  /** The message as it is displayed. */
  text: string;
}

/** The largest page that the server allows, since it allows few log queries per minute. */
const PAGE = 1000;
/** The most lines kept. Beyond that, the oldest are dropped, many at once. */
export const LINES_MAX = 200_000;
const DROPPED_AT_ONCE = 20_000;
/** A longer list is rendered less often than every frame. */
const LONG = 20_000;
const DRAWN_EVERY_MS = 80;
const IDS_OF_AN_OPENING = 100_000_000;
const NEWEST_FIRST = { field: "time", order: "desc" } as const;
const OLDEST_FIRST = { field: "time", order: "asc" } as const;

type Page = LogPage["data"];

export class LogWindow {
  /** Without gaps, the oldest first. */
  lines: LogLine[] = [];
  phase: "opening" | "there" | "failed" = "opening";
  error: unknown;
  isLive = false;
  /** The page that is being loaded. */
  busy: "older" | "newer" | undefined;
  /** Whether older lines were loaded and dropped again. */
  hasDropped = false;
  /** How many entries the whole log has. */
  total = 0;
  /** How many match, by level. */
  counts: LevelCounts = { debug: 0, info: 0, warn: 0, error: 0, fatal: 0 };
  /** When the server's limit allows the next log query, in milliseconds since the epoch. */
  waits_until: number | undefined;
  /** Grows with each change of the above, at most once per frame. */
  readonly version = signal(0);
  readonly #filter: WindowFilter;
  #older: string | undefined;
  #newer: string | undefined;
  #follow: Promise<AsyncIterableIterator<LogEntry, undefined>> | undefined;
  /** How many entries the counts already include although they have not arrived. */
  #counted = 0;
  /** Replies to requests of an earlier turn are ignored. */
  #turn = 0;
  /** The first id of this opening, far from those of the previous opening. */
  #base = 0;
  #isFramePending = false;

  constructor(filter: WindowFilter) {
    this.#filter = filter;
  }

  /** Identifies the opening: a new value each time. */
  get opening(): number {
    return this.#base;
  }

  get hasOlder(): boolean {
    return this.#older !== undefined;
  }

  get hasNewer(): boolean {
    return this.#newer !== undefined;
  }

  get isFull(): boolean {
    return this.lines.length >= LINES_MAX;
  }

  /** Whether the first loaded line is the log's first. */
  get isAtStart(): boolean {
    return this.phase === "there" && !this.hasOlder && !this.hasDropped;
  }

  /** Shows the newest lines and follows new ones. If the time range has an end, shows the newest before it. */
  async openEnd(): Promise<void> {
    const turn = this.#begin();
    await this.#attempt(turn, async () => {
      if (this.#filter.time_range?.end === undefined) return await this.#live(turn, { tail: PAGE });
      const page = await this.#ask(turn, { sort: NEWEST_FIRST });
      if (turn !== this.#turn) return;
      this.#opened(page);
      this.#older = page.pagination.next_cursor;
      this.#append(page.entries.reverse());
    });
  }

  /** Shows the oldest lines. Later ones load on demand. */
  async openStart(): Promise<void> {
    const turn = this.#begin();
    await this.#attempt(turn, () => this.#onwards(turn, undefined));
  }

  /** Loads the page before the first line. */
  async older(): Promise<void> {
    if (this.busy || !this.#older || this.isFull || this.phase !== "there") return;
    const turn = this.#turn;
    const cursor = this.#older;
    this.busy = "older";
    this.#changed();
    await this.#attempt(turn, async () => {
      const page = await this.#ask(turn, { sort: NEWEST_FIRST, cursor });
      // The lines after these have been dropped in the meantime.
      if (turn !== this.#turn || this.#older !== cursor) return;
      this.#older = page.pagination.next_cursor;
      const first = this.lines[0]?.id ?? this.#base;
      const older = page.entries.map((entry, i) => lineOf(first - 1 - i, entry)).reverse();
      this.lines = [...older, ...this.lines];
    });
  }

  /** Loads the page after the last line; after the last page the window is live. */
  async newer(): Promise<void> {
    if (this.busy || !this.#newer || this.phase !== "there") return;
    const turn = this.#turn;
    const cursor = this.#newer;
    this.busy = "newer";
    this.#changed();
    await this.#attempt(turn, () => this.#onwards(turn, cursor));
  }

  close(): void {
    this.#turn++;
    this.#follow?.then((entries) => entries.return?.(), () => {
      // The follow never began, and whoever awaited it got the error.
    });
    this.#follow = undefined;
    this.isLive = false;
  }

  #begin(): number {
    this.close();
    this.lines = [];
    this.#base += IDS_OF_AN_OPENING;
    this.phase = "opening";
    this.error =
      this.busy =
      this.waits_until =
      this.#older =
      this.#newer =
        undefined;
    this.hasDropped = false;
    this.#changed();
    return this.#turn;
  }

  async #attempt(turn: number, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (turn !== this.#turn) return;
      this.error = error;
      if (this.phase === "opening") this.phase = "failed";
      this.isLive = false;
    }
    if (turn !== this.#turn) return;
    this.busy = undefined;
    this.#changed();
  }

  async #ask(turn: number, fields: { sort: typeof NEWEST_FIRST | typeof OLDEST_FIRST; cursor?: string }) {
    const { data } = await askWaiting(
      "request_log_entries",
      { filter: this.#filter, limit: PAGE, ...fields },
      (wait_ms) => this.#waits(turn, wait_ms),
    );
    if (turn === this.#turn) this.waits_until = this.error = undefined;
    return data;
  }

  #waits(turn: number, wait_ms: number): void {
    if (turn !== this.#turn) return;
    this.waits_until = systemClock.now() + wait_ms;
    this.#changed();
  }

  #opened({ total_count, summary }: Page): void {
    this.phase = "there";
    this.waits_until = undefined;
    this.total = total_count;
    this.counts = levelCounts(summary);
    this.#changed();
  }

  async #onwards(turn: number, cursor: string | undefined): Promise<void> {
    const page = await this.#ask(turn, { sort: OLDEST_FIRST, cursor });
    if (turn !== this.#turn) return;
    this.#opened(page);
    this.#append(page.entries);
    this.#newer = page.pagination.next_cursor;
    if (this.#newer !== undefined || this.#filter.time_range?.end !== undefined) return;
    // Entries with the last timestamp arrive again. Those already shown are skipped.
    const last = this.lines.at(-1)?.entry.time;
    const known = new Map<string, number>();
    for (let i = this.lines.length - 1; i >= 0 && this.lines[i]!.entry.time === last; i--) {
      const text = JSON.stringify(this.lines[i]!.entry);
      known.set(text, (known.get(text) ?? 0) + 1);
    }
    await this.#live(turn, {}, last, known);
  }

  /** Follows the log. Resolves when the first page has arrived. */
  async #live(turn: number, options: { tail?: number }, since?: string, known?: Map<string, number>) {
    const opened = (page: Page) => {
      if (turn !== this.#turn) return;
      this.#opened(page);
      this.#older = page.pagination.next_cursor;
      this.#counted = page.entries.length;
    };
    const filter = since === undefined ? this.#filter : { ...this.#filter, since };
    const waits = (wait_ms: number) => this.#waits(turn, wait_ms);
    this.#counted = 0;
    this.#follow = client.followLogs(filter, { ...options, opened, waits });
    const entries = await this.#follow;
    if (turn !== this.#turn) return;
    this.isLive = true;
    // Not awaited: the log may never end.
    void this.#attempt(turn, () => this.#read(turn, entries, known));
  }

  async #read(turn: number, entries: AsyncIterable<LogEntry>, known: Map<string, number> | undefined) {
    for await (const entry of entries) {
      if (turn !== this.#turn) return;
      const times = known?.size ? known.get(JSON.stringify(entry)) ?? 0 : 0;
      if (times > 0) {
        known!.set(JSON.stringify(entry), times - 1);
        continue;
      }
      if (this.#counted > 0) this.#counted--;
      else {
        this.total++;
        this.counts[entry.level]++;
      }
      this.waits_until = undefined;
      this.#append([entry]);
    }
    if (turn === this.#turn) this.isLive = false;
  }

  #append(entries: readonly LogEntry[]): void {
    let id = this.lines.at(-1)?.id ?? this.#base - 1;
    for (const entry of entries) this.lines.push(lineOf(++id, entry));
    if (this.lines.length >= LINES_MAX + DROPPED_AT_ONCE) {
      this.lines.splice(0, this.lines.length - LINES_MAX);
      this.#older = undefined;
      this.hasDropped = true;
    }
    this.#changed();
  }

  #changed(): void {
    if (this.#isFramePending) return;
    this.#isFramePending = true;
    const draw = () => {
      this.#isFramePending = false;
      this.version.value++;
    };
    // A longer list takes longer to lay out, and this page must read as fast as the server sends.
    if (this.lines.length > LONG) systemClock.after(DRAWN_EVERY_MS, draw);
    else requestAnimationFrame(draw);
  }
}

/** How many entries of each level match. */
export async function countLevels(filter: WindowFilter): Promise<LevelCounts> {
  const { data } = await ask("request_log_entries", { filter, limit: 1 });
  return levelCounts(data.summary);
}

function levelCounts(summary: Page["summary"]): LevelCounts {
  const { debug_count, info_count, warn_count, error_count, fatal_count } = summary;
  return {
    debug: debug_count,
    info: info_count,
    warn: warn_count,
    error: error_count,
    fatal: fatal_count,
  };
}

function lineOf(id: number, entry: LogEntry): LogLine {
  return { id, entry, text: printable(entry.message) };
}
