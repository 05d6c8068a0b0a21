/** The log entries about the agent's tool calls, followed from their first use until the task's page is left. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { LogEntry } from "../../../domain/log_entry.ts";
import { client } from "../../data/server.ts";

export interface ToolLog {
  /** The oldest first. */
  entries: readonly LogEntry[];
  /** Whether the existing entries have been loaded. */
  isThere: boolean;
  /** Whether there may be older ones, which were not read. */
  mayLack: boolean;
  error?: unknown;
}

const SOURCE = "tool";
/** How many existing entries are loaded: one query. */
const TAIL = 1000;
/** The newest are kept of an agent that calls more tools than anybody reads. */
const ENTRIES_MAX = 5000;

export function useToolLog(task_id: string, isWanted: boolean): ToolLog {
  const [log, setLog] = useState<ToolLog>({ entries: [], isThere: false, mayLack: false });
  const wasWanted = useRef(false);
  wasWanted.current ||= isWanted;
  useEffect(() => {
    if (!wasWanted.current) return;
    let isLeft = false;
    let isFramePending = false;
    const entries: LogEntry[] = [];
    // They come by the hundred: the page is drawn once for all of a frame.
    const draw = () => {
      if (isFramePending || isLeft) return;
      isFramePending = true;
      requestAnimationFrame(() => {
        isFramePending = false;
        if (isLeft) return;
        setLog({ entries: entries.slice(-ENTRIES_MAX), isThere: true, mayLack: entries.length >= TAIL });
      });
    };
    const following = client.followLogs({ agent: task_id, source_file: SOURCE }, { tail: TAIL });
    const read = async () => {
      for await (const entry of await following) {
        // The filter takes any source that holds the word.
        if (entry.source === SOURCE) entries.push(entry);
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
        // It never began; `read` has reported why.
      });
    };
  }, [task_id, wasWanted.current]);
  return log;
}
