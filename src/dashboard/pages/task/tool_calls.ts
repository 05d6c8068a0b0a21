/** Log entries about tool calls, grouped by call, and the files that the calls changed. */
import { epochOf } from "../../../clock/clock.ts";
import type { FileDiff } from "../../../domain/file_diff.ts";
import type { LogEntry } from "../../../domain/log_entry.ts";

export interface ToolCall {
  key: string;
  title: string;
  kind: string;
  /** As the agent names it: pending, in_progress, completed, failed. */
  status: string;
  attempt: number | undefined;
  started_at: string;
  /** When the call completed or failed. */
  ended_at?: string;
  locations: readonly string[];
  input?: unknown;
  /** Why it failed. */
  error?: string;
  diffs: readonly FileDiff[];
  /** What it has printed, as far as the log has it. */
  output: string;
}

/** The most of its output that is shown under a call: the end of it. */
const OUTPUT_MAX = 64 * 1024;

const ENDED = ["completed", "failed"];

/** The tool calls in the order in which they began. */
export function callsOf(entries: readonly LogEntry[]): ToolCall[] {
  const calls: ToolCall[] = [];
  const open = new Map<string, ToolCall>();
  /** By id, the newest of each. A command in the background prints after its call has ended. */
  const newest = new Map<string, ToolCall>();
  for (const entry of entries) {
    const { time, message, details, context } = entry;
    const status = String(details.status ?? "");
    const attempt = typeof context.attempt === "number" ? context.attempt : undefined;
    // Call ids start again in each attempt.
    const id = `${attempt} ${details.tool_call_id}`;
    if (details.output === true) {
      const printing = newest.get(id);
      if (printing) printing.output = `${printing.output}${message}\n`.slice(-OUTPUT_MAX);
      continue;
    }
    let call = open.get(id);
    if (!call) {
      call = {
        key: `${id} ${calls.length}`,
        title: message,
        kind: "other",
        status,
        attempt,
        started_at: time,
        locations: [],
        diffs: [],
        output: "",
      };
      calls.push(call);
      open.set(id, call);
      newest.set(id, call);
    }
    call.status = status;
    call.kind = String(details.kind ?? call.kind);
    if (Array.isArray(details.locations)) call.locations = details.locations.map(String);
    if (details.raw_input !== undefined) call.input = details.raw_input;
    if (Array.isArray(details.diffs)) call.diffs = details.diffs as FileDiff[];
    if (!ENDED.includes(status)) continue;
    call.ended_at = time;
    call.title = titleOf(message, status) || call.title;
    if (status === "failed") call.error = message.slice(message.indexOf(": failed: ") + ": failed: ".length);
    if (call.error === message || message.endsWith(": failed")) delete call.error;
    open.delete(id);
  }
  return calls;
}

/** Cuts the outcome off `Edit a.ts: completed` or `Edit a.ts: failed: no such file`. */
function titleOf(message: string, status: string): string {
  const end = message.indexOf(`: ${status}`);
  return end < 0 ? message : message.slice(0, end);
}

export function durationOf({ started_at, ended_at }: ToolCall): number | undefined {
  return ended_at === undefined ? undefined : Math.max(0, epochOf(ended_at) - epochOf(started_at));
}

export interface FileEdit extends FileDiff {
  key: string;
  time: string;
  title: string;
}

export interface ChangedFile {
  path: string;
  added: number;
  removed: number;
  /** In order. */
  edits: FileEdit[];
}

/** Each file with its edits, in the order of the first edit. */
export function changedFiles(calls: readonly ToolCall[]): ChangedFile[] {
  const files = new Map<string, ChangedFile>();
  for (const call of calls) {
    for (const [index, diff] of call.diffs.entries()) {
      const file = files.get(diff.path) ?? { path: diff.path, added: 0, removed: 0, edits: [] };
      file.added += diff.added;
      file.removed += diff.removed ?? 0;
      file.edits.push({
        ...diff,
        key: `${call.key} ${index}`,
        time: call.ended_at ?? call.started_at,
        title: call.title,
      });
      files.set(diff.path, file);
    }
  }
  return [...files.values()];
}
