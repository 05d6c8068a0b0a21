/** All pages: a new one is a folder beside this file and a line in this list. */
import {
  Bot,
  CalendarClock,
  ChartNoAxesColumn,
  CirclePlus,
  LayoutTemplate,
  type LucideIcon,
  Server,
  SquareCheckBig,
} from "lucide-preact";
import type { ComponentType } from "preact";
import { agentsCount, tasksCount } from "../data/attention.ts";
import { lazyPage } from "../ui/lazy_page.tsx";
import { AgentsPage } from "./agents/agents_page.tsx";
import { HealthPage } from "./health/health_page.tsx";
import { LogsPage } from "./logs/logs_page.tsx";
import { SystemPage } from "./system/system_page.tsx";
import { TaskPage } from "./task/task_page.tsx";
import { TasksPage } from "./tasks/tasks_page.tsx";

/** They load with their first use, so that the page itself opens soon. */
const AccessPage = lazyPage(async () => (await import("./access/access_page.tsx")).AccessPage);
const ApiPage = lazyPage(async () => (await import("./api/api_page.tsx")).ApiPage);
const AuditPage = lazyPage(async () => (await import("./audit/audit_page.tsx")).AuditPage);
const EditTaskPage = lazyPage(async () => (await import("./new_task/edit_task_page.tsx")).EditTaskPage);
const InsightsPage = lazyPage(async () => (await import("./insights/insights_page.tsx")).InsightsPage);
const LimitsPage = lazyPage(async () => (await import("./limits/limits_page.tsx")).LimitsPage);
const NewTaskPage = lazyPage(async () => (await import("./new_task/new_task_page.tsx")).NewTaskPage);
const NotificationsPage = lazyPage(async () =>
  (await import("./notifications/notifications_page.tsx")).NotificationsPage
);
const RememberedPage = lazyPage(async () =>
  (await import("./remembered/remembered_page.tsx")).RememberedPage
);
const SchedulesPage = lazyPage(async () => (await import("./schedules/schedules_page.tsx")).SchedulesPage);
const TenantsPage = lazyPage(async () => (await import("./tenants/tenants_page.tsx")).TenantsPage);
const TemplatesPage = lazyPage(async () => (await import("./templates/templates_page.tsx")).TemplatesPage);
const WorktreesPage = lazyPage(async () => (await import("./worktrees/worktrees_page.tsx")).WorktreesPage);

export interface PageEntry {
  /** The route. The component receives the value of `:id` as a prop. */
  path: string;
  title: string;
  /** Without a component, the page opens the first of its tabs. */
  // deno-lint-ignore no-explicit-any
  component?: ComponentType<any>;
  /** The navigation group that lists it. Pages without a group are reached by links. */
  group?: "work" | "operate";
  icon?: LucideIcon;
  /** The keys that open it, such as `g t`. */
  key?: string;
  /** Whether the phone's tab bar has it. */
  isUnderThumb?: boolean;
  /** The path of the page that shows it as a tab. */
  tabOf?: string;
  /** The count that the navigation shows beside it. */
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
  { path: "/tasks/:id/edit", title: "Edit task", component: EditTaskPage },
  { path: "/new", title: "New task", component: NewTaskPage, icon: CirclePlus, key: "c", isUnderThumb: true },
  { path: "/schedules", title: "Schedules", component: SchedulesPage, group: "work", icon: CalendarClock, key: "g s" },
  { path: "/templates", title: "Templates", component: TemplatesPage, group: "work", icon: LayoutTemplate, key: "g p" },
  { path: "/agents", title: "Agents", component: AgentsPage, group: "operate", icon: Bot, key: "g a", isUnderThumb: true, count: agentsCount },
  { path: "/insights", title: "Insights", component: InsightsPage, group: "operate", icon: ChartNoAxesColumn, key: "g n" },
  { path: "/server", title: "Server", group: "operate", icon: Server, key: "g v" },
  { path: "/server/health", title: "Health", component: HealthPage, tabOf: "/server" },
  { path: "/server/system", title: "System", component: SystemPage, tabOf: "/server" },
  { path: "/server/logs", title: "Logs", component: LogsPage, tabOf: "/server" },
  { path: "/server/limits", title: "Limits", component: LimitsPage, tabOf: "/server" },
  { path: "/server/notifications", title: "Notifications", component: NotificationsPage, tabOf: "/server" },
  { path: "/server/access", title: "Access", component: AccessPage, tabOf: "/server" },
  { path: "/server/tenants", title: "Tenants", component: TenantsPage, tabOf: "/server" },
  { path: "/server/audit", title: "Audit", component: AuditPage, tabOf: "/server" },
  { path: "/server/remembered", title: "Remembered", component: RememberedPage, tabOf: "/server" },
  { path: "/server/worktrees", title: "Worktrees", component: WorktreesPage, tabOf: "/server" },
  { path: "/server/api", title: "API", component: ApiPage, tabOf: "/server" },
];

/** Whether a path belongs to the page, to one of its tabs, or to an item that it lists. */
export function isWithin(path: string, page: PageEntry): boolean {
  return path === page.path || path.startsWith(`${page.path}/`);
}
