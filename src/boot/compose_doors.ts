/** The doors: what clients reach over WebSocket, HTTP and MCP. */
import { Tenancy } from "../api/tenancy.ts";
import manifest from "../../deno.json" with { type: "json" };
import type { Auditor } from "../access/auditor.ts";
import { PeerAgents } from "../access/peer_agents.ts";
import { ANONYMOUS } from "../domain/actor.ts";
import type { AgentRunner } from "../domain/agent_runner.ts";
import { BUILT_IN_MAKES } from "../agents/makes/built_in.ts";
import { SubscriptionHub } from "../api/channels/hub.ts";
import { channelTable, producersOf } from "../api/channels/table.ts";
import { Router } from "../api/router.ts";
import { DashboardFiles } from "../doors/http/dashboard_files.ts";
import { allRoutes } from "../doors/http/routes.ts";
import { Server } from "../doors/server.ts";
import { Connections } from "../doors/ws/connections.ts";
import type { Attachments } from "../engine/attachments.ts";
import type { Engine } from "../engine/engine.ts";
import type { AgentDirectory } from "../engine/agent_directory.ts";
import type { Notifications } from "../notify/notifications.ts";
import type { ProjectDirectory } from "../engine/project_directory.ts";
import type { EventBus } from "../engine/events.ts";
import type { PullRequestOpening } from "../engine/pull_requests/opening.ts";
import type { RememberedAnswers } from "../engine/remembered_answers.ts";
import type { Hooks } from "../engine/templates/hooks.ts";
import type { Templates } from "../engine/templates/templates.ts";
import type { Scheduler } from "../engine/schedules/scheduler.ts";
import type { Store } from "../store/open.ts";
import type { Endings } from "./compose_acceptance.ts";
import type { ComposeOptions } from "./compose_options.ts";
import type { Access } from "./compose_access.ts";
import type { Monitor } from "./compose_monitor.ts";
import type { TaskReviews } from "../engine/task_reviews.ts";
import type { DailyReport } from "../engine/daily_report.ts";
import type { UsageReports } from "../engine/usage_reports.ts";
import { lazyMcp } from "./lazy_mcp.ts";
import { DASHBOARD } from "./self.ts";

export interface Behind {
  store: Store;
  bus: EventBus;
  engine: Engine;
  endings: Endings;
  pullRequests: PullRequestOpening;
  scheduler: Scheduler;
  templates: Templates;
  remembered: RememberedAnswers;
  hooks: Hooks;
  directory: AgentDirectory;
  projects: ProjectDirectory;
  notifications: Notifications;
  access: Access;
  /** Absent if no audit log is kept. */
  audit: Auditor | undefined;
  monitor: Monitor;
  attachments: Attachments | undefined;
  reviews: TaskReviews;
  usage: UsageReports;
  reports: DailyReport;
  runner: Pick<AgentRunner, "isAtWork" | "taskOf">;
}

export function composeDoors({ clock, config }: ComposeOptions, behind: Behind): Server {
  const {
    store,
    bus,
    engine,
    endings,
    reviews,
    pullRequests,
    scheduler,
    directory,
    projects,
    notifications,
  } = behind;
  const { access, monitor, attachments, usage, runner } = behind;
  const { auth, keys, tokens, limits, control, addresses, watch, certificate } = access;
  const { metrics, machine, health, prometheus } = monitor;
  const tenancy = new Tenancy(config.tenants);
  const hub = new SubscriptionHub(
    bus,
    clock,
    producersOf(channelTable(), {
      clock,
      queries: engine.queries,
      machine,
      intervals: config.monitor,
      clients: () => limits.connections,
      limits: () => limits.usage(),
    }),
    {
      basics: config.compatibility.pushes ? { queries: engine.queries, machine } : undefined,
      outside: (message, view) => tenancy.outside(message, view),
    },
  );
  const router = new Router({
    clock,
    commands: engine.commands,
    queries: engine.queries,
    acceptance: endings.acceptance,
    discarding: endings.discarding,
    workspaceUpdate: endings.update,
    worktrees: endings.worktrees,
    pullRequests,
    reviews,
    usage,
    reports: behind.reports,
    scheduler,
    templates: behind.templates,
    remembered: behind.remembered,
    hooks: behind.hooks,
    logs: store.logs,
    metrics,
    machine,
    health,
    agents: directory,
    projects,
    notifications,
    makes: BUILT_IN_MAKES.views,
    auth,
    sessions: auth.sessions,
    keys,
    limits: control,
    audit: behind.audit,
    tenancy,
    isContained: (agent) => config.agents[agent]?.sandbox !== undefined,
    catchUp: store.changes.catchUp?.bind(store.changes),
  });
  const version = manifest.version;
  const { max_message_bytes } = config.limits;
  const connections = new Connections({
    router,
    hub,
    clock,
    version,
    api: config.server.api,
    max_message_bytes,
    auth,
    metrics,
    limits,
  });
  store.changes.subscribe("log", () => hub.caughtUp());
  store.changes.subscribe("key", () => connections.recheck());
  tokens.onEnd(() => connections.recheck());
  auth.sessions.onEnd(() => connections.recheck());
  return new Server({
    ...config.server,
    tls: certificate,
    clock,
    max_message_bytes,
    connections,
    auth,
    addresses,
    limits,
    peers: new PeerAgents({
      clock,
      tokens,
      areAtWork: () => runner.isAtWork ?? false,
      taskOf: (process) => runner.taskOf?.(process),
    }),
    audit: behind.audit,
    refused(ip, reason) {
      watch.note("suspicious_activity", ip, { reason });
      behind.audit?.refused(
        { actor: ANONYMOUS, ip, action: "connect", details: { reason } },
        "PERMISSION_DENIED",
      );
    },
    routes: allRoutes({
      router,
      auth,
      attachments,
      audit: behind.audit,
      hooks: behind.hooks,
      clock,
      max_message_bytes,
      health,
      prometheus,
      version,
      known_agents: BUILT_IN_MAKES.known,
      dashboard: new DashboardFiles(DASHBOARD),
      mcp: lazyMcp(bus, clock),
    }),
  });
}
