import { epochOf, isoTime } from "../clock/clock.ts";
import type { LogFilter } from "../protocol/log_messages.ts";
import { many } from "../domain/scalars.ts";
import { isAfter, type LogMark } from "../store/log_place.ts";
import { LogConditions, type LogQuery } from "../store/log_query.ts";
import { capability, type FollowFilter } from "./capability.ts";

/** Newest first. */
const ORDER = "desc";

export const requestLogEntries = capability({
  type: "request_log_entries",
  doc:
    "Returns log entries that match a filter, in pages, by default the newest first. With `follow`, the reply has the " +
    "entries since `since` (by default the newest `limit` of them, oldest first), and each new entry follows as " +
    "`log_entry`, without gap or repetition.",
  permission: "read",
  limit: "log_queries_per_minute",
  errors: ["FILTER_VALIDATION_ERROR", "LOG_FILE_ERROR"],
  example: {
    type: "request_log_entries",
    limit: 100,
    filter: { level: ["error", "warn"], agent: ["task_456"], message_contains: "failed" },
    sort: { field: "time", order: "desc" },
  },
  handle: async ({ filter = {}, limit, sort, cursor }, { logs, clock, scopeOf }, session) => {
    const scope = scopeOf(session.identity);
    const asked = { ...conditions(filter), isVisible: scope && ((agent: string) => scope.sees(agent)) };
    const query = { ...asked, order: sort?.order ?? ORDER, sort_field: sort?.field, limit, cursor };
    // Read before the query: entries appended after this mark are pushed instead.
    const until = logs.mark();
    const subscription_id = filter.follow ? session.follow(following(asked, until)) : undefined;
    const page = logs.query({ ...query, until }).catch((error) => {
      // The client gets an error instead of the subscription's id, so it could not end the subscription.
      if (subscription_id !== undefined) session.unsubscribe(undefined, subscription_id);
      throw error;
    });
    const { entries, total_count, filtered_count, has_more, next_cursor, summary } = await page;
    // Oldest first, so that the pushes continue the page without a gap.
    if (filter.follow && sort === undefined) entries.reverse();
    return {
      subscription_id,
      data: {
        entries,
        // Whoever sees some projects does not learn how much there is of others.
        total_count: scope ? filtered_count : total_count,
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
    start_ms: time_range?.start === undefined ? undefined : epochOf(time_range.start),
    end_ms: time_range?.end === undefined ? undefined : epochOf(time_range.end),
    since_ms: since === undefined ? undefined : epochOf(since),
    message_contains: filter.message_contains,
    details_contains: filter.details_contains,
    source_file: filter.source_file,
  };
}

/** The same conditions, applied to pushed entries. */
function following(
  asked: ReturnType<typeof conditions> & Pick<LogQuery, "isVisible">,
  after: LogMark,
): FollowFilter {
  const conditions = new LogConditions({ ...asked, order: ORDER, limit: 1 });
  return {
    matches: (entry, place) =>
      isAfter(after, place) && conditions.matches({
        ...place,
        scalars: entry,
        // Computed only for the few conditions that look at the whole line.
        get line() {
          return JSON.stringify(entry);
        },
      }),
  };
}
