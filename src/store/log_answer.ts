/** The answer to a query: its page, and the counts and times of all matching entries. Pure. */
import { ApiError } from "../domain/errors.ts";
import type { LogEntry } from "../domain/log_entry.ts";
import type { LEVELS } from "./log_chunk.ts";
import { cursorOf } from "./log_cursor.ts";
import { entryOfLine } from "./log_line.ts";
import type { LogOrder } from "./log_order.ts";
import type { Page } from "./log_page.ts";
import type { LogMark } from "./log_place.ts";
import { type SeqLine, sumOf } from "./log_query.ts";

export interface LogPage {
  entries: LogEntry[];
  total_count: number;
  filtered_count: number;
  has_more: boolean;
  next_cursor?: string;
  summary: Record<`${typeof LEVELS[number]}_count`, number> & {
    oldest_entry?: string;
    newest_entry?: string;
  };
}

/** The times of the oldest and the newest matching entry. */
export class TimeSpan {
  oldest: string | undefined;
  newest: string | undefined;

  note(from: string, to: string): void {
    if (this.oldest === undefined || from < this.oldest) this.oldest = from;
    if (this.newest === undefined || to > this.newest) this.newest = to;
  }
}

export function answer(
  page: Page,
  order: LogOrder,
  total_count: number,
  counts: readonly number[],
  times: TimeSpan,
  ends: LogMark,
): LogPage {
  const { entries, hasMore } = page;
  const [debug_count, info_count, warn_count, error_count, fatal_count] = counts as [
    number,
    number,
    number,
    number,
    number,
  ];
  const last = entries.at(-1);
  const mark = order.isNatural ? page.markAfter(ends) : last && new Map([[last.node, last.seq]]);
  return {
    entries: entries.map(entryOf),
    total_count,
    filtered_count: sumOf(counts),
    has_more: hasMore,
    ...(hasMore && { next_cursor: cursorOf(order, mark!) }),
    summary: {
      debug_count,
      info_count,
      warn_count,
      error_count,
      fatal_count,
      ...(times.oldest !== undefined && { oldest_entry: times.oldest, newest_entry: times.newest }),
    },
  };
}

function entryOf({ seq, line }: SeqLine): LogEntry {
  try {
    return entryOfLine(line);
  } catch (error) {
    throw new ApiError("LOG_FILE_ERROR", `Entry ${seq} of the log cannot be read`, {
      operation: "read",
      entry: seq,
      reason: (error as Error).message,
    });
  }
}
