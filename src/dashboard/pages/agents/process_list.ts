/** The processes to show and their order, from the address. */
import { computed } from "@preact/signals";
import type { Process, ProcessType } from "../../../protocol/process.ts";
import { knownMakes } from "../../data/known_agents.ts";

const TYPE_NAMES: Record<Exclude<ProcessType, "unknown">, string> = {
  opencode: "OpenCode",
  claude: "Claude Code",
  claude_desktop: "Claude Desktop",
  anthropic_claude: "Claude (SDK)",
  cursor_claude: "Claude (Cursor)",
};

/** The names of the kinds of processes: the API's types, and agents that have no type. */
export const kindNames = computed((): Record<string, string> => ({
  ...Object.fromEntries(knownMakes.value.map(({ name, display_name }) => [name, display_name])),
  ...TYPE_NAMES,
  task: "Task's own",
  other: "Other",
}));

/** A key of `kindNames`; `task`: started for a task, but not a known agent. */
export function kindOf({ type, agent, task_id }: Process): string {
  if (agent !== undefined && !Object.hasOwn(TYPE_NAMES, agent)) return agent;
  if (type !== "unknown") return type;
  return task_id === undefined ? "other" : "task";
}

/** Whether the server would end it; it refuses all others. */
export function isEndable({ agent, task_id }: Process): boolean {
  return agent !== undefined || task_id !== undefined;
}

export interface Column {
  key: keyof Process;
  name: string;
  isNumber?: boolean;
  /** Hidden on narrow screens. */
  isMinor?: boolean;
}

export const COLUMNS: readonly Column[] = [
  { key: "pid", name: "PID", isNumber: true },
  { key: "name", name: "Name" },
  { key: "cmdline", name: "Command", isMinor: true },
  { key: "type", name: "Type", isMinor: true },
  { key: "task_id", name: "Task" },
  { key: "cpu_percent", name: "CPU", isNumber: true },
  { key: "memory_rss", name: "Memory", isNumber: true },
  { key: "threads", name: "Threads", isNumber: true, isMinor: true },
  { key: "open_files", name: "Files", isNumber: true, isMinor: true },
  { key: "runtime_seconds", name: "Runtime", isNumber: true },
];

export interface View {
  text: string;
  kind: string;
  status: string;
  sort: keyof Process;
  isDescending: boolean;
}

/** The highest figures come first, unless the address says otherwise. */
export function viewOf(place: URLSearchParams): View {
  const sort = COLUMNS.find(({ key }) => key === place.get("sort"))?.key ?? "cpu_percent";
  return {
    text: place.get("q") ?? "",
    kind: place.get("type") ?? "",
    status: place.get("status") ?? "",
    sort,
    isDescending: place.get("order") !== "asc",
  };
}

export function shown(processes: readonly Process[], view: View): Process[] {
  const text = view.text.toLowerCase();
  return processes.filter((process) =>
    (view.kind === "" || kindOf(process) === view.kind) &&
    (view.status === "" || process.status === view.status) &&
    (text === "" || `${process.pid} ${process.name} ${process.cmdline} ${process.task_id ?? ""}`
      .toLowerCase().includes(text))
  ).sort((a, b) => (view.isDescending ? -1 : 1) * compare(a, b, view.sort) || a.pid - b.pid);
}

function compare(a: Process, b: Process, key: keyof Process): number {
  const [left, right] = key === "type" ? [kindOf(a), kindOf(b)] : [a[key], b[key]];
  if (typeof left === "number" || typeof right === "number") return Number(left ?? -1) - Number(right ?? -1);
  return String(left ?? "").localeCompare(String(right ?? ""));
}
