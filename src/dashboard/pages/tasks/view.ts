/** Which tasks are shown, where and in which order, according to the address. Pure. */
import { projectOf } from "../../data/projects.ts";
import { isToJudge, needOf } from "../../../domain/needs.ts";
import type { Priority, Task, TaskStatus } from "../../../domain/task.ts";
import { PRIORITIES as RISING, TASK_STATUSES } from "../../../domain/task_values.ts";

export interface Column {
  key: LaneKey | "list";
  name: string;
  /** Statuses that its tasks may have. */
  statuses: readonly TaskStatus[];
  /** Statuses that go without saying in this column. */
  usual: readonly TaskStatus[];
  /** The text of the empty column. */
  empty: string;
}

type LaneKey = "waiting" | "running" | "needs" | "review" | "done";

const ENDED: readonly TaskStatus[] = ["completed", "failed", "cancelled"];
const WAITING: readonly TaskStatus[] = ["queued", "paused", "pending"];

const COLUMNS: readonly (Column & { key: LaneKey })[] = [
  { key: "waiting", name: "Waiting", statuses: WAITING, usual: [], empty: "Nothing waits" },
  {
    key: "running",
    name: "Running",
    statuses: ["running"],
    usual: ["running"],
    empty: "No agent is at work",
  },
  {
    key: "needs",
    name: "Needs you",
    statuses: ["running", ...WAITING],
    usual: ["running"],
    empty: "Nobody asks for you",
  },
  {
    key: "review",
    name: "To review",
    statuses: ENDED,
    usual: ["completed"],
    empty: "No changes to look at",
  },
  { key: "done", name: "Done", statuses: ENDED, usual: ["completed"], empty: "Nothing is done yet" },
];

/** The column of a task. Completed work without changes is done; what a person is waited for stands apart. */
function laneOf(task: Task): LaneKey {
  const need = needOf(task);
  if (need !== undefined) return isToJudge(need) ? "review" : "needs";
  if (task.status === "running") return "running";
  return WAITING.includes(task.status) ? "waiting" : "done";
}

/** In the order of interest: running, waiting, ended. */
const INTEREST = ["running", "queued", "paused", "pending", "completed", "failed", "cancelled"];
export const STATUSES: readonly TaskStatus[] = TASK_STATUSES.toSorted((a, b) =>
  INTEREST.indexOf(a) - INTEREST.indexOf(b)
);

/** The highest first. */
export const PRIORITIES: readonly Priority[] = RISING.toReversed();

export const VIEWS = ["board", "list", "graph"] as const;
export type ViewKind = typeof VIEWS[number];

const SORT_KEYS = ["task", "status", "type", "priority", "agent", "progress", "created", "time"] as const;
export type SortKey = typeof SORT_KEYS[number];

export interface View {
  /** In lower case. A task matches if it contains all of them. */
  words: readonly string[];
  text: string;
  /** Empty: all. */
  statuses: readonly TaskStatus[];
  type: string;
  priority: string;
  agent: string;
  project: string;
  /** Only tasks that need a person. */
  needsYou: boolean;
  /** Archived tasks, and no others. */
  isArchived: boolean;
  /** Undefined: each column in its usual order. */
  sort: SortKey | undefined;
  isDescending: boolean;
  kind: ViewKind;
}

/** The change that removes all filters from the address. */
export const NO_FILTERS = { q: "", status: "", type: "", priority: "", agent: "", needs: "", project: "" };

export function viewOf(place: URLSearchParams): View {
  const text = place.get("q") ?? "";
  const sort = place.get("sort") ?? "";
  const key = sort.replace(/^-/, "");
  const requested = (place.get("status") ?? "").split(",");
  return {
    text,
    words: text.toLowerCase().split(/\s+/).filter((word) => word !== ""),
    statuses: STATUSES.filter((status) => requested.includes(status)),
    type: place.get("type") ?? "",
    priority: place.get("priority") ?? "",
    agent: place.get("agent") ?? "",
    project: place.get("project") ?? "",
    needsYou: place.has("needs"),
    isArchived: place.has("archived"),
    sort: SORT_KEYS.find((one) => one === key),
    isDescending: sort.startsWith("-"),
    kind: VIEWS.find((kind) => kind === place.get("view")) ?? "board",
  };
}

export function isFiltered(view: View): boolean {
  const { words, statuses, type, priority, agent, project, needsYou } = view;
  return words.length > 0 || statuses.length > 0 || needsYou ||
    [type, priority, agent, project].some((one) => one !== "");
}

/** A task's agent: the agent at work on it, else the agent that it names. */
export type AgentOf = (task: Task) => string | undefined;

/** The tasks that match. `isAnyStatus` ignores the filters by status and need, for the counts. */
export function matching(
  tasks: readonly Task[],
  view: View,
  agentOf: AgentOf,
  isAnyStatus = false,
): readonly Task[] {
  const { words, statuses, type, priority, agent, project, needsYou } = view;
  if (!isFiltered(view)) return tasks;
  return tasks.filter((task) =>
    (isAnyStatus || statuses.length === 0 || statuses.includes(task.status)) &&
    (isAnyStatus || !needsYou || needOf(task) !== undefined) &&
    (project === "" || projectOf(task) === project) &&
    (type === "" || task.type === type) &&
    (priority === "" || task.priority === priority) &&
    (agent === "" || agentOf(task) === agent) &&
    (words.length === 0 || holdsAll(`${task.id}\n${task.description}`.toLowerCase(), words))
  );
}

function holdsAll(text: string, words: readonly string[]): boolean {
  return words.every((word) => text.includes(word));
}

/** When the task last changed. */
function lastMoment({ completed_at, started_at, created_at }: Task): string {
  return completed_at ?? started_at ?? created_at;
}

type Compare = (a: Task, b: Task) => number;

const byText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;
const byRank = <T>(ranks: readonly T[], a: T, b: T) => ranks.indexOf(a) - ranks.indexOf(b);

/** Waiting: the next to start first. Needs you: the oldest first. Elsewhere: the latest first. */
const IN_COLUMN: Partial<Record<LaneKey, Compare>> = {
  waiting: (a, b) =>
    byRank(["queued", "paused", "pending"], a.status, b.status) ||
    byRank(PRIORITIES, a.priority, b.priority) ||
    byText(a.created_at, b.created_at),
  needs: (a, b) => byText(lastMoment(a), lastMoment(b)),
};

const LATEST_FIRST: Compare = (a, b) => byText(lastMoment(b), lastMoment(a));

function comparing(key: SortKey, agentOf: AgentOf): Compare {
  switch (key) {
    case "task":
      return (a, b) => byText(a.description.toLowerCase(), b.description.toLowerCase());
    case "status":
      return (a, b) => byRank(STATUSES, a.status, b.status);
    case "type":
      return (a, b) => byText(a.type, b.type);
    case "priority":
      return (a, b) => byRank(PRIORITIES, b.priority, a.priority);
    case "agent":
      return (a, b) => byText(agentOf(a) ?? "", agentOf(b) ?? "");
    case "progress":
      return (a, b) => a.progress - b.progress;
    case "created":
      return (a, b) => byText(a.created_at, b.created_at);
    case "time":
      return (a, b) => byText(lastMoment(a), lastMoment(b));
  }
}

function sorted(tasks: readonly Task[], view: View, usual: Compare, agentOf: AgentOf): readonly Task[] {
  const compare = view.sort === undefined ? usual : comparing(view.sort, agentOf);
  const sign = view.sort !== undefined && view.isDescending ? -1 : 1;
  return [...tasks].sort((a, b) => sign * compare(a, b) || byText(a.id, b.id));
}

export interface Group {
  column: Column;
  tasks: readonly Task[];
}

/** The columns that can hold what is chosen, each with its tasks in order. */
export function columnsOf(tasks: readonly Task[], view: View, agentOf: AgentOf): Group[] {
  const { statuses } = view;
  const byLane = Map.groupBy(tasks, laneOf);
  const columns = COLUMNS.filter((column) =>
    statuses.length === 0 || column.statuses.some((status) => statuses.includes(status)) ||
    byLane.has(column.key)
  );
  return columns.map((column) => ({
    column,
    tasks: sorted(byLane.get(column.key) ?? [], view, IN_COLUMN[column.key] ?? LATEST_FIRST, agentOf),
  }));
}

/** What a list shows first: what needs a person, then what goes on. */
const IN_LIST: readonly LaneKey[] = ["needs", "running", "review", "waiting", "done"];

/** All tasks in one order. */
export function listOf(tasks: readonly Task[], view: View, agentOf: AgentOf): readonly Task[] {
  if (view.sort !== undefined) return sorted(tasks, view, LATEST_FIRST, agentOf);
  return columnsOf(tasks, { ...view, statuses: [] }, agentOf)
    .toSorted((a, b) => byRank<Column["key"]>(IN_LIST, a.column.key, b.column.key))
    .flatMap((group) => group.tasks);
}
