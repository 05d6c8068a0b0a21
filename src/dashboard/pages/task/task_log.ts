/** Log entries about the agent's tool calls, followed from the first use until the user leaves the task's page. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { LogEntry } from "../../../domain/log_entry.ts";
import { client } from "../../data/server.ts";

export interface ToolLog {
  /** The oldest first. */
  entries: readonly LogEntry[];
  /** Whether the existing entries have been loaded. */
  isThere: boolean;
  /** Whether there may be older entries that were not loaded. */
  mayLack: boolean;
  error?: unknown;
}

const SOURCE = "tool";
/** How many existing entries are loaded: one query. */
const TAIL = 1000;
/** The most entries kept; older ones are dropped. */
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
    const following = client.followLogs({ agent: task_id, source_file: SOURCE }, { tail: TAIL });
    const read = async () => {
      for await (const entry of await following) {
        // The filter also matches sources that merely contain the word.
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
        // The follow never began; `read` has reported why.
      });
    };
  }, [task_id, wasWanted.current]);
  return log;
}
