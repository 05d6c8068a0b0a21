import { isoTime } from "../clock/clock.ts";
import type { LogFilter } from "../protocol/log_messages.ts";
import { many, timestampMs } from "../protocol/scalars.ts";
import { capability, type FollowFilter } from "./capability.ts";

export const requestLogEntries = capability({
  type: "request_log_entries",
  doc:
    "Log entries that match a filter, newest first unless sorted otherwise, a page at a time. With `follow`, the " +
    "entries since `since` come first and then each new one as `log_entry`, without gap or repetition.",
  permission: "read",
  limit: "log_queries_per_minute",
  errors: ["FILTER_VALIDATION_ERROR", "LOG_FILE_ERROR"],
  example: {
    type: "request_log_entries",
    limit: 100,
    filter: { level: ["error", "warn"], agent: ["task_456"], message_contains: "failed" },
    sort: { field: "time", order: "desc" },
  },
  handle: async ({ filter = {}, limit, sort, cursor }, { logs, clock }, session) => {
    const query = {
      ...conditions(filter),
      order: sort?.order ?? (filter.follow ? "asc" as const : "desc" as const),
      sort_field: sort?.field,
      limit,
      cursor,
    };
    // Taken before the query reads: what is appended from here on is pushed, not answered.
    const until_seq = logs.last_seq;
    const subscription_id = filter.follow ? session.follow(following(filter, until_seq)) : undefined;
    const { entries, total_count, filtered_count, has_more, next_cursor, summary } = await logs.query({
      ...query,
      until_seq,
    });
    return {
      subscription_id,
      data: {
        entries,
        total_count,
        filtered_count,
        pagination: { has_more, next_cursor },
        summary,
        timestamp: isoTime(clock.now()),
      },
    };
  },
});

function conditions(filter: LogFilter) {
  const { level, agent, time_range, since } = filter;
  return {
    levels: level === undefined ? undefined : many(level),
    agents: agent === undefined ? undefined : many(agent),
    start_ms: time_range?.start === undefined ? undefined : timestampMs(time_range.start),
    end_ms: time_range?.end === undefined ? undefined : timestampMs(time_range.end),
    since_ms: since === undefined ? undefined : timestampMs(since),
    message_contains: filter.message_contains,
    details_contains: filter.details_contains,
    source_file: filter.source_file,
  };
}

function following(filter: LogFilter, after_seq: number): FollowFilter {
  const contains = (text: string, wanted: string | undefined) =>
    wanted === undefined || text.toLowerCase().includes(wanted.toLowerCase());
  return {
    levels: filter.level === undefined ? undefined : many(filter.level),
    agents: filter.agent === undefined ? undefined : many(filter.agent),
    after_seq,
    matches: ({ message, details, source }) =>
      contains(message, filter.message_contains) && contains(source, filter.source_file) &&
      contains(JSON.stringify(details), filter.details_contains),
  };
}
