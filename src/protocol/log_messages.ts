/** The log queries of section 3 of the API document. */
import * as z from "zod";
import { epochOf } from "../clock/clock.ts";
import { alwaysSent } from "../domain/published.ts";
import { exchange, sortBy } from "./exchange.ts";
import { LogEntry, LogLevel } from "../domain/log_entry.ts";
import { oneOrMany, text, Timestamp } from "../domain/scalars.ts";

export const LogFilter = z.strictObject({
  level: oneOrMany(LogLevel).optional(),
  agent: oneOrMany(text(1, 100)).optional(),
  time_range: z.strictObject({ start: Timestamp.optional(), end: Timestamp.optional() })
    // A malformed bound has its own error: NaN is not after anything.
    .refine(({ start, end }) => !start || !end || !(epochOf(start) > epochOf(end)), {
      error: "start not after end",
    }).optional(),
  message_contains: text(1, 1000).optional(),
  details_contains: text(1, 1000).optional(),
  source_file: text(1, 4096).optional(),
  follow: z.boolean().optional(),
  since: Timestamp.optional(),
});
export type LogFilter = z.infer<typeof LogFilter>;

export const LOG_SORT_FIELDS = ["time", "level", "agent", "source", "message"] as const;

export const logMessages = {
  request_log_entries: exchange(
    "request_log_entries",
    {
      limit: z.int().min(1).max(1000).default(50),
      filter: LogFilter.optional(),
      sort: sortBy(LOG_SORT_FIELDS).optional(),
      cursor: text(1, 500).optional(),
    },
    "log_entries",
    {
      subscription_id: z.string().optional(),
      data: z.object({
        entries: z.array(LogEntry),
        total_count: z.int(),
        filtered_count: z.int(),
        pagination: z.object({ has_more: z.boolean(), next_cursor: z.string().optional() }),
        summary: z.object({
          debug_count: alwaysSent(z.int()),
          info_count: z.int(),
          warn_count: z.int(),
          error_count: z.int(),
          fatal_count: alwaysSent(z.int()),
          oldest_entry: z.string().optional(),
          newest_entry: z.string().optional(),
        }),
        timestamp: z.string(),
      }),
    },
  ),
};
