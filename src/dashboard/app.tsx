/** The frame round all pages: where one can go, how the connection stands, what the keyboard does. */
import {
  Activity,
  Bot,
  CalendarClock,
  Gauge,
  HeartPulse,
  Kanban,
  Monitor,
  Moon,
  Plus,
  ScrollText,
  Sun,
  SunMoon,
  Waypoints,
} from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Link, Redirect, Route, Router, Switch } from "wouter-preact";
import "./app.css";
import { ConnectionBanner } from "./connection_banner.tsx";
import { agents } from "./data/machine.ts";
import { tasks } from "./data/tasks.ts";
import { navigate, useHashPath, useHashSearch } from "./hash_location.ts";
import { KeyDialog } from "./key_dialog.tsx";
import { KeyHelp } from "./key_help.tsx";
import { focusSearch, useShortcuts } from "./keys.ts";
import { AgentsPage } from "./pages/agents/agents_page.tsx";
import { BoardPage } from "./pages/board/board_page.tsx";
import { GraphPage } from "./pages/graph/graph_page.tsx";
import { HealthPage } from "./pages/health/health_page.tsx";
import { LimitsPage } from "./pages/limits/limits_page.tsx";
import { LogsPage } from "./pages/logs/logs_page.tsx";
import { MetricsPage } from "./pages/metrics/metrics_page.tsx";
import { NewTaskPage } from "./pages/new_task/new_task_page.tsx";
import { SchedulesPage } from "./pages/schedules/schedules_page.tsx";
import { SystemPage } from "./pages/system/system_page.tsx";
import { TaskPage } from "./pages/task/task_page.tsx";
import { switchTheme, theme } from "./ui/theme.ts";
import { Toasts } from "./ui/toast.tsx";

/** In the order of the navigation; `key`: pressed after `g`. */
const PLACES = [
  { path: "/", name: "Tasks", icon: Kanban },
  { path: "/graph", name: "Graph", icon: Waypoints },
  { path: "/schedules", name: "Schedules", icon: CalendarClock },
  { path: "/agents", name: "Agents", icon: Bot },
  { path: "/logs", name: "Logs", icon: ScrollText },
  { path: "/system", name: "System", icon: Monitor },
  { path: "/health", name: "Health", icon: HeartPulse },
  { path: "/limits", name: "Limits", icon: Gauge },
  { path: "/metrics", name: "Metrics", icon: Activity },
];

const THEME_ICONS = { system: SunMoon, light: Sun, dark: Moon };

export function App() {
  return (
    <Router hook={useHashPath} searchHook={useHashSearch} hrefs={(href) => `#${href}`}>
      <Frame />
    </Router>
  );
}

function Frame() {
  const [isHelpOpen, setHelpOpen] = useState(false);
  useShortcuts([
    { key: "/", does: "Search this page", run: focusSearch },
    { key: "n", does: "New task", run: () => navigate("/new") },
    { key: "b", does: "Board of tasks", run: () => navigate("/") },
    { key: "l", does: "Logs", run: () => navigate("/logs") },
    { key: "t", does: "Light, dark or the system's colours", run: switchTheme },
    { key: "?", does: "These keys", run: () => setHelpOpen(true) },
  ], []);
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={toMain}>Skip to content</a>
      <Navigation />
      <div class="content">
        <ConnectionBanner />
        <Pages />
      </div>
      <Toasts />
      <KeyDialog />
      {isHelpOpen && <KeyHelp onClose={() => setHelpOpen(false)} />}
    </div>
  );
}

/** The address's hash is the page's, so the jump is made by hand. */
function toMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Navigation() {
  const [path] = useHashPath();
  const running = tasks.value.filter(({ status }) => status === "running").length;
  const Theme = THEME_ICONS[theme.value];
  return (
    <header class="navigation">
      <Link class="brand" href="/">
        <img src="assets/icon.svg" alt="" width={26} height={26} />
        <span>opencode-agents</span>
      </Link>
      <Link class="button primary new-task" href="/new">
        <Plus size={18} aria-hidden="true" />
        <span>New task</span>
      </Link>
      <nav aria-label="Pages">
        {PLACES.map(({ path: to, name, icon: Icon }) => (
          <Link key={to} href={to} {...(isWithin(path, to) ? { "aria-current": "page" as const } : {})}>
            <Icon size={18} aria-hidden="true" />
            <span>{name}</span>
            {to === "/" && running > 0 && <span class="count" title={`${running} running`}>{running}</span>}
            {to === "/agents" && agents.value.length > 0 && <span class="count">{agents.value.length}</span>}
          </Link>
        ))}
      </nav>
      <div class="navigation-foot">
        <a href="docs">API</a>
        <button
          type="button"
          class="icon-button"
          onClick={switchTheme}
          aria-label={`Colours: ${theme.value}`}
          title={`Colours: ${theme.value}`}
        >
          <Theme size={18} aria-hidden="true" />
        </button>
      </div>
    </header>
  );
}

/** A task's page belongs to the board. */
function isWithin(path: string, place: string): boolean {
  return place === "/"
    ? path === "/" || path.startsWith("/tasks/")
    : path === place || path.startsWith(`${place}/`);
}

function Pages() {
  const [path] = useHashPath();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    // Whoever reads by ear is told of the new page; at the start the browser does that itself.
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
    scrollTo(0, 0);
  }, [path]);
  return (
    <main id="main" ref={main} tabIndex={-1}>
      <Switch>
        <Route path="/" component={BoardPage} />
        <Route path="/tasks/:id">{({ id }) => <TaskPage key={id} id={id} />}</Route>
        <Route path="/new" component={NewTaskPage} />
        <Route path="/graph" component={GraphPage} />
        <Route path="/schedules" component={SchedulesPage} />
        <Route path="/agents" component={AgentsPage} />
        <Route path="/logs" component={LogsPage} />
        <Route path="/system" component={SystemPage} />
        <Route path="/health" component={HealthPage} />
        <Route path="/limits" component={LimitsPage} />
        <Route path="/metrics" component={MetricsPage} />
        <Route>
          <Redirect to="/" />
        </Route>
      </Switch>
    </main>
  );
}
