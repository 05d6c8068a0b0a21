/** A tool call in words: what it did, and to what; and reading gathered into one line. Pure. */
import { toldFrom } from "../../../domain/task_folder.ts";
import type { ToolCall } from "./tool_calls.ts";

export interface ToolWords {
  /** What it did, such as `Ran`. Empty if the object says it all. */
  verb: string;
  object: string;
  /** Whether the object is code: a path, a command. */
  isCode: boolean;
}

const VERBS: Record<string, { past: string; present: string }> = {
  read: { past: "Read", present: "Reading" },
  edit: { past: "Changed", present: "Changing" },
  delete: { past: "Deleted", present: "Deleting" },
  move: { past: "Moved", present: "Moving" },
  search: { past: "Searched", present: "Searching" },
  execute: { past: "Ran", present: "Running" },
  fetch: { past: "Fetched", present: "Fetching" },
};

/** Fields of a tool's input that say what it is about. */
const OBJECTS: Record<string, readonly string[]> = {
  search: ["pattern", "query", "regex"],
  execute: ["command", "cmd"],
  fetch: ["url", "query"],
};

/** `isOver`: whether the call has ended, or will not go on. `root`: the task's folder, left out of paths. */
export function wordsOf(call: ToolCall, isOver: boolean, root?: string): ToolWords {
  const { kind, title, input, diffs } = call;
  const verbs = VERBS[kind];
  if (verbs === undefined) return { verb: "", object: toldFrom(root, title), isCode: false };
  const verb = isOver ? verbs.past : verbs.present;
  const named = (OBJECTS[kind] ?? []).map((name) => textOf((input as Record<string, unknown>)?.[name])).find(
    (text) => text !== undefined,
  );
  if (named !== undefined) return { verb, object: toldFrom(root, named), isCode: true };
  const paths = diffs.length > 0 ? diffs.map(({ path }) => path) : call.locations;
  if (paths.length > 0 && kind !== "execute") {
    const more = paths.length > 1 ? ` and ${paths.length - 1} more` : "";
    return { verb, object: toldFrom(root, paths[0]!) + more, isCode: true };
  }
  return { verb: "", object: toldFrom(root, title), isCode: false };
}

/** A command is a text or a list of words. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string" && value.trim() !== "") return value.trim();
  return Array.isArray(value) && value.length > 0 ? value.join(" ") : undefined;
}

export interface Gathered {
  key: string;
  calls: readonly ToolCall[];
}

const LOOKS = ["read", "search"];

/** Reading and searching that went well and follows each other is one line; all else stands for itself. */
export function gathered(calls: readonly ToolCall[]): (ToolCall | Gathered)[] {
  const lines: (ToolCall | Gathered)[] = [];
  let looks: ToolCall[] = [];
  const close = () => {
    if (looks.length > 1) lines.push({ key: `looks ${looks[0]!.key}`, calls: looks });
    else lines.push(...looks);
    looks = [];
  };
  for (const call of calls) {
    if (LOOKS.includes(call.kind) && call.status === "completed") {
      looks.push(call);
      continue;
    }
    close();
    lines.push(call);
  }
  close();
  return lines;
}
