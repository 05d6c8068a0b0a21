/** The tool that reads logs. */
import * as z from "zod";
import { LogLevel } from "../../domain/log_entry.ts";
import { text } from "../../domain/scalars.ts";
import { taskId, tool } from "./tool.ts";

const line = { time: z.string(), level: LogLevel, source: z.string(), message: z.string() };

export const readLogs = tool({
  name: "read_logs",
  title: "Read logs",
  description:
    "What a task's agent printed, which tools it used and what the server did for it; without task_id, of " +
    "all tasks and the server. Gives the last entries, oldest first; with the answer's cursor, those before them.",
  input: {
    task_id: taskId.optional(),
    levels: z.array(LogLevel).min(1).optional().describe("Only entries of these levels"),
    contains: text(1, 1000).optional().describe("Text that the message contains"),
    limit: z.int().min(1).max(500).default(50),
    cursor: text(1, 500).optional().describe("From an earlier answer: the entries before it"),
  },
  output: {
    entries: z.array(z.object(line)),
    total: z.int().describe("How many entries match"),
    cursor: z.string().optional().describe("For the entries before these, if there are any"),
  },
  hints: { readOnlyHint: true },
  async run({ task_id, levels, contains, limit, cursor }, { backend, signal }) {
    const { data } = await backend.request("request_log_entries", {
      limit,
      cursor,
      sort: { field: "time", order: "desc" },
      filter: {
        agent: task_id,
        level: levels,
        message_contains: contains,
      },
    }, { signal });
    return {
      entries: data.entries.map(({ time, level, source, message }) => ({ time, level, source, message }))
        .reverse(),
      total: data.filtered_count,
      cursor: data.pagination.next_cursor,
    };
  },
});
