/** The log entries of one source, such as the agent's tool calls, followed from the first use on. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { LogEntry } from "../../../domain/log_entry.ts";
import type { FollowFilter } from "../../../client/log_follow.ts";
import { client } from "../../data/server.ts";

export interface TaskLog {
  /** The oldest first. */
  entries: readonly LogEntry[];
  /** Whether the existing entries have been loaded. */
  isThere: boolean;
  /** Whether there may be older entries that were not loaded. */
  mayLack: boolean;
  error?: unknown;
}

/** What an agent says, without what it thinks; and its tool calls. */
export const SAYS: FollowFilter = { source_file: "agent", level: ["info", "warn", "error"] };
export const TOOLS: FollowFilter = { source_file: "tool" };

/** How many existing entries are loaded: one query. */
const TAIL = 1000;
/** The most entries kept; older ones are dropped. */
const ENTRIES_MAX = 5000;

/** `filter`: `SAYS` or `TOOLS`. It is followed as soon as it is wanted, until the user leaves the task's page. */
export function useTaskLog(task_id: string, filter: FollowFilter, isWanted: boolean): TaskLog {
  const [log, setLog] = useState<TaskLog>({ entries: [], isThere: false, mayLack: false });
  const wasWanted = useRef(false);
  wasWanted.current ||= isWanted;
  useEffect(() => {
    if (!wasWanted.current) return;
    let isLeft = false;
    let isFramePending = false;
    const entries: LogEntry[] = [];
    // Entries arrive by the hundred, so the page is drawn at most once per frame.
    const draw = () => {
      if (isFramePending || isLeft) return;
      isFramePending = true;
      requestAnimationFrame(() => {
        isFramePending = false;
        if (isLeft) return;
        setLog({ entries: entries.slice(-ENTRIES_MAX), isThere: true, mayLack: entries.length >= TAIL });
      });
    };
    const following = client.followLogs({ ...filter, agent: task_id }, { tail: TAIL });
    const read = async () => {
      for await (const entry of await following) {
        // The filter also matches sources that merely contain the word.
        if (entry.source === filter.source_file) entries.push(entry);
        if (entries.length > 2 * ENTRIES_MAX) entries.splice(0, ENTRIES_MAX);
        draw();
      }
    };
    following.then(draw, () => {});
    read().catch((error) => {
      if (!isLeft) setLog((log) => ({ ...log, isThere: true, error }));
    });
    return () => {
      isLeft = true;
      following.then((entries) => entries.return?.(), () => {
        // The follow never began; `read` has reported why.
      });
    };
  }, [task_id, wasWanted.current]);
  return log;
}
