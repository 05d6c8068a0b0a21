/** The navigation at the side: a list with names, or a rail of icons on narrower screens. */
import { ChevronRight, Keyboard, Moon, Plus, Search, Sun, SunMoon } from "lucide-preact";
import { Link } from "wouter-preact";
import { agents } from "../data/machine.ts";
import { link } from "../data/server.ts";
import { chosenTenant, showTenant } from "../data/tenant.ts";
import { useHashPath } from "../hash_location.ts";
import { GROUPS, isWithin, type PageEntry, PAGES } from "../pages/registry.ts";
import { chosenProject } from "../data/projects.ts";
import { ProjectSwitch, tasksOf } from "./project_switch.tsx";
import { switchTheme, theme } from "../ui/theme.ts";
import "./navigation.css";

const THEME_ICONS = { system: SunMoon, light: Sun, dark: Moon };
const LINK_STATES = { connecting: "Connecting", connected: "Live", lost: "No connection" };

export interface NavigationProps {
  search: () => void;
  showKeys: () => void;
}

export function Navigation({ search, showKeys }: NavigationProps) {
  return (
    <header class="nav">
      <Link class="brand" href="/tasks" title="opencode-agents">
        <i class="logo" aria-hidden="true">
          <ChevronRight size={14} strokeWidth={3} />
        </i>
        <span>opencode-agents</span>
      </Link>
      <ProjectSwitch />
      <TenantNote />
      <div class="nav-find">
        <button type="button" class="nav-search" aria-label="Search (/)" title="Search (/)" onClick={search}>
          <Search size={14} aria-hidden="true" />
          <span>Search</span>
          <kbd>/</kbd>
        </button>
        <Link class="button primary icon-button" href="/new" aria-label="New task (c)" title="New task (c)">
          <Plus size={16} aria-hidden="true" />
        </Link>
      </div>
      <nav aria-label="Pages">
        {GROUPS.map(({ group, name }) => (
          <div key={group} role="group" aria-label={name}>
            {name !== undefined && <p class="nav-group" aria-hidden="true">{name}</p>}
            {PAGES.filter((page) => page.group === group).map((page) => (
              <PageLink key={page.path} page={page} />
            ))}
          </div>
        ))}
      </nav>
      <div class="nav-foot">
        <div class="nav-row nav-slots" title="Each agent at work takes one of the server's slots">
          <span>Slots in use</span>
          <span class="figure">{agents.value.length}</span>
        </div>
        <div class="nav-row">
          <span class="nav-link">{LINK_STATES[link.value.state]}</span>
          <ThemeButton />
          <button
            type="button"
            class="icon-button"
            aria-label="Keys (?)"
            title="Keys (?)"
            onClick={showKeys}
          >
            <Keyboard size={16} aria-hidden="true" />
          </button>
        </div>
      </div>
    </header>
  );
}

/** Whose tasks are shown, if not those of the default tenant. */
function TenantNote() {
  const tenant = chosenTenant();
  if (tenant === undefined) return null;
  return (
    <div class="nav-row nav-tenant">
      <span title={`Everything on these pages is of the tenant ${tenant}`}>Tenant {tenant}</span>
      <button type="button" onClick={() => showTenant("default")}>Leave</button>
    </div>
  );
}

export function PageLink({ page, size = 16 }: { page: PageEntry; size?: number }) {
  const { path, title, icon: Icon, count } = page;
  const [here] = useHashPath();
  const { number = 0, needsYou = false, means } = count?.() ?? {};
  return (
    <Link
      href={path === "/tasks" ? tasksOf(chosenProject.value) : path}
      title={title}
      aria-current={isWithin(here, page) ? "page" : undefined}
    >
      {Icon && <Icon size={size} aria-hidden="true" />}
      <span>{title}</span>
      {number > 0 && (
        <span class={`count${needsYou ? " need" : ""}`} title={means}>
          {number}
          <span class="visually-hidden">{means}</span>
        </span>
      )}
    </Link>
  );
}

export function ThemeButton() {
  const Icon = THEME_ICONS[theme.value];
  return (
    <button
      type="button"
      class="icon-button"
      onClick={switchTheme}
      aria-label={`Theme: ${theme.value}`}
      title={`Theme: ${theme.value} (t)`}
    >
      <Icon size={16} aria-hidden="true" />
    </button>
  );
}
