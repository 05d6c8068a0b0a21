/** All pages: a new one is a folder beside this file and a line in this list. */
import { Bot, CalendarClock, CirclePlus, type LucideIcon, Server, SquareCheckBig } from "lucide-preact";
import type { ComponentType } from "preact";
import { agentsCount, tasksCount } from "../data/attention.ts";
import { AgentsPage } from "./agents/agents_page.tsx";
import { ApiPage } from "./api/api_page.tsx";
import { HealthPage } from "./health/health_page.tsx";
import { LimitsPage } from "./limits/limits_page.tsx";
import { LogsPage } from "./logs/logs_page.tsx";
import { NewTaskPage } from "./new_task/new_task_page.tsx";
import { SchedulesPage } from "./schedules/schedules_page.tsx";
import { SystemPage } from "./system/system_page.tsx";
import { TaskPage } from "./task/task_page.tsx";
import { TasksPage } from "./tasks/tasks_page.tsx";

export interface PageEntry {
  /** Its address; `:id` stands for any name, which the component is given. */
  path: string;
  title: string;
  /** A page without one opens the first of its tabs. */
  // deno-lint-ignore no-explicit-any
  component?: ComponentType<any>;
  /** Where the navigation lists it; elsewhere it is reached by links. */
  group?: "work" | "operate";
  icon?: LucideIcon;
  /** What opens it, such as `g t`. */
  key?: string;
  /** Reached with the thumb on a phone. */
  isUnderThumb?: boolean;
  /** The path of the page whose tab it is. */
  tabOf?: string;
  /** What the navigation counts beside it. */
  count?: () => { number: number; means: string; needsYou?: boolean };
}

export const GROUPS = [
  { group: "work", name: undefined },
  { group: "operate", name: "Operate" },
] as const;

// deno-fmt-ignore
export const PAGES: readonly PageEntry[] = [
  { path: "/tasks", title: "Tasks", component: TasksPage, group: "work", icon: SquareCheckBig, key: "g t", isUnderThumb: true, count: tasksCount },
  { path: "/tasks/:id", title: "Task", component: TaskPage },
  { path: "/new", title: "New task", component: NewTaskPage, icon: CirclePlus, key: "c", isUnderThumb: true },
  { path: "/schedules", title: "Schedules", component: SchedulesPage, group: "work", icon: CalendarClock, key: "g s" },
  { path: "/agents", title: "Agents", component: AgentsPage, group: "operate", icon: Bot, key: "g a", isUnderThumb: true, count: agentsCount },
  { path: "/server", title: "Server", group: "operate", icon: Server, key: "g v" },
  { path: "/server/health", title: "Health", component: HealthPage, tabOf: "/server" },
  { path: "/server/system", title: "System", component: SystemPage, tabOf: "/server" },
  { path: "/server/logs", title: "Logs", component: LogsPage, tabOf: "/server" },
  { path: "/server/limits", title: "Limits", component: LimitsPage, tabOf: "/server" },
  { path: "/server/api", title: "API", component: ApiPage, tabOf: "/server" },
];

/** Whether a path is that of the page, of a tab of it, or of something that it lists. */
export function isWithin(path: string, page: PageEntry): boolean {
  return path === page.path || path.startsWith(`${page.path}/`);
}
