/** The one place where the parts are wired together: configuration → store → agents → engine → api → server. */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { getLogger } from "@logtape/logtape";
import manifest from "../../deno.json" with { type: "json" };
import type { mcpOver } from "./mcp_http.ts";
import { DENO_ENV } from "../agents/supervision/reaper_link.ts";
import { BUILT_IN_MAKES } from "../agents/makes/built_in.ts";
import { createAgentRunner } from "../agents/runner.ts";
import { gitWorkspaces } from "../workspaces/worktree.ts";
import { Router } from "../api/router.ts";
import { loadConfig, masked, type ServeFlags } from "./config_file.ts";
import { dataDir } from "../cli/data_dir.ts";
import { demoConfig, playDemo } from "./demo.ts";
import { DEMO_DATA, openDemoFolder } from "./demo_folder.ts";
import { logToStderr } from "./logging.ts";
import { refuseImpossible } from "./refused_config.ts";
import { runObstacle } from "./run_permission.ts";
import { selfCommand } from "./self.ts";
import { forgetAddress, readAddress, writeAddress } from "../cli/server_address.ts";
import { untilSignalled } from "../cli/signals.ts";
import { systemClock as clock } from "../clock/clock.ts";
import { Engine } from "../engine/engine.ts";
import { EventBus } from "../engine/events.ts";
import { Scheduler } from "../engine/scheduler.ts";
import { TaskIndex } from "../read/task_index.ts";
import { entryOfChange } from "../engine/task_events.ts";
import { allowedWorkingDirs } from "../engine/working_dir.ts";
import { HealthMonitor } from "../monitor/health.ts";
import { loadPerCore } from "../host/resources/load.ts";
import { createMachine } from "../monitor/machine.ts";
import { memoryObstacle } from "../monitor/memory_limit.ts";
import { Prometheus } from "../monitor/prometheus.ts";
import { RequestMetrics } from "../monitor/request_metrics.ts";
import { configuredAgents } from "../protocol/basic_messages.ts";
import { Authentication } from "../access/authentication.ts";
import { ClientAddresses } from "../access/client_addresses.ts";
import { Keys } from "../access/keys.ts";
import { SecurityWatch } from "../access/alerts.ts";
import { LimitControl } from "../access/limit_control.ts";
import { RateLimits } from "../access/limits.ts";
import { LoadScaling } from "../access/load_scale.ts";
import { DashboardFiles } from "../doors/http/dashboard_files.ts";
import { startServer } from "../doors/server.ts";
import { ServerLog } from "./server_log.ts";
import { standingProducers } from "../api/channels/standing.ts";
import { SubscriptionHub } from "../api/channels/subscriptions.ts";
import { openStore } from "../store/open.ts";

const log = getLogger(["opencode-agents", "main"]);
const securityLog = getLogger(["opencode-agents", "security"]);
/** What runs our own subcommands. */
const ENTRY = new URL("../../main.ts", import.meta.url).href;
const DAY_MS = 86_400_000;

/** Runs the server until it is told to end; the exit code. */
export async function serve(flags: ServeFlags): Promise<number> {
  const { config: written, base } = await loadConfig(flags);
  if (flags.printConfig) {
    console.log(JSON.stringify(masked(written), null, 2));
    return 0;
  }
  const serverLog = new ServerLog(clock);
  await logToStderr(Deno.stderr.writable, "info", serverLog.sink);
  refuseImpossible(written, flags.insecure ?? false);
  const demoFolder = flags.demo ? await openDemoFolder(clock.now()) : undefined;
  const demoAgent = {
    command: selfCommand(ENTRY, "demo-agent", ["--allow-read", "--allow-write", "--allow-env"]),
    // Without them it would look for its modules in another cache than ours, and download them all again.
    pass_env: DENO_ENV,
  };
  const config = demoFolder === undefined
    ? written
    : demoConfig(written, demoAgent, await Deno.realPath(demoFolder));
  const folder = resolve(
    flags.data ?? config.store.path ?? (demoFolder && join(demoFolder, DEMO_DATA)) ?? dataDir(),
  );

  const bus = new EventBus();
  const store = await openStore({ folder, clock });
  const instance = crypto.randomUUID();
  const runner = createAgentRunner({
    clock,
    store_id: store.id,
    instance_id: instance,
    reaper_command: selfCommand(ENTRY, "reaper", ["--allow-run", "--allow-env"]),
    server_env: Deno.env.toObject(),
    tmp_root: join(folder, "tmp"),
    makes: BUILT_IN_MAKES,
  });
  const index = new TaskIndex(store.tasks, store.changes);
  const cannotRun = await runObstacle();
  const engine = new Engine({
    clock,
    store,
    index,
    bus,
    runner,
    working_dirs: allowedWorkingDirs(base, config.tasks.working_dir, config.tasks.allowed_dirs),
    workspaces: gitWorkspaces(join(folder, "worktrees")),
    settings: {
      agents: config.agents,
      default_timeout_ms: config.tasks.default_timeout,
      permissions: config.tasks.permissions,
      permission_timeout_ms: config.tasks.permission_timeout_ms,
      unresponsive_after_ms: config.tasks.unresponsive_after_ms,
      unresponsive_limit_ms: config.tasks.unresponsive_limit_ms,
      retry_delay_ms: config.tasks.retry_delay_ms,
      retry_delay_max_ms: config.tasks.retry_delay_max_ms,
      agentFor: ({ spec }) =>
        spec.execution?.agent ?? config.tasks.agent_by_type[spec.type] ?? config.tasks.default_agent,
    },
    max_concurrent: config.tasks.max_concurrent,
    max_starting: navigator.hardwareConcurrency,
    max_attempts: config.tasks.max_attempts,
    retention_ms: config.tasks.retention_days * DAY_MS,
    max_finished: config.tasks.max_finished,
    log_retention: config.logs,
    cannotRun: () => cannotRun() ?? memoryObstacle(Deno.memoryUsage().rss, config.limits.max_memory_bytes),
  });
  const { schedules, logs, changes } = store;
  changes.subscribe("log", (entries) => {
    serverLog.quietly(() => bus.publish({ kind: "log.appended", entries }));
  });
  serverLog.attach((entry) => logs.append(entry));
  bus.listen((event) => {
    const entry = event.kind === "task.changed" ? entryOfChange(event.before, event.after) : undefined;
    if (entry) void logs.append(entry);
  });
  const scheduler = new Scheduler({
    clock,
    engine,
    index,
    schedules,
    changes,
    tell: (entry) => void logs.append(entry),
  });
  const started_ms = clock.monotonic();
  const metrics = new RequestMetrics(clock, config.monitor.metrics);
  const prometheus = new Prometheus({
    requests: () => metrics.ever(),
    connections: () => hub.size,
    tasks: () => engine.summary(),
    agents: () => engine.agents().length,
    log_bytes: () => logs.bytes,
    uptime_seconds: () => (clock.monotonic() - started_ms) / 1000,
    resident_bytes: () => Deno.memoryUsage().rss,
  });
  const watch = new SecurityWatch(clock, (alert) => {
    bus.publish({ kind: "security.alert", alert });
    securityLog.warn("{alert_type} from {client_ip}: {attempts} times within a minute", {
      alert_type: alert.alert_type,
      severity: alert.severity,
      ...alert.details,
    });
  });
  const keys = new Keys(store.keys, clock);
  const auth = new Authentication({
    clock,
    keys,
    required: config.security.auth === "required",
    session_ms: config.security.session_minutes * 60_000,
    note: (alert, client, details) => watch.note(alert, client, details),
  });
  const owner_token = auth.openForOwner(readAddress(folder)?.token);
  const limits = new RateLimits(
    config.limits,
    clock,
    (client, limit) => watch.note("rate_limit_exceeded", client, { limit }),
  );
  const scaling = new LoadScaling({
    clock,
    load: loadPerCore,
    apply: (factor) => limits.policy.factor = factor,
  });
  const machine = createMachine(clock, folder, () => engine.children(), BUILT_IN_MAKES.recognizers);
  const health = new HealthMonitor(clock, {
    websocket_server: () => limits.findings(),
    task_manager: () => engine.findings(),
    process_monitoring: () => machine.processFindings(),
    file_monitoring: () => machine.diskFindings(),
    database: () => store.probe().then(() => []),
  });
  const hub: SubscriptionHub = new SubscriptionHub(
    bus,
    clock,
    standingProducers({
      clock,
      engine,
      machine,
      intervals: config.monitor,
      clients: () => hub.size,
      limits: () => limits.usage(),
    }),
  );
  changes.subscribe("log", () => hub.caughtUp());
  let mcp: Promise<ReturnType<typeof mcpOver>> | undefined;
  const server = await startServer({
    router: new Router({
      clock,
      engine,
      scheduler,
      logs,
      metrics,
      machine,
      health,
      agents: configuredAgents(config),
      auth,
      keys,
      limits: new LimitControl(limits, scaling),
    }),
    mcp: async (request, body, ask) => {
      mcp ??= import("./mcp_http.ts").then(({ mcpOver }) => mcpOver(bus));
      return await (await mcp)(request, body, ask);
    },
    auth,
    addresses: new ClientAddresses({ ...config.server, ...config.security }),
    onForeign: (ip, reason) => watch.note("suspicious_activity", ip, { reason }),
    dashboard: new DashboardFiles(fileURLToPath(new URL("../../dist/dashboard", import.meta.url))),
    hub,
    clock,
    limits,
    metrics,
    health,
    prometheus,
    version: manifest.version,
    known_agents: BUILT_IN_MAKES.known,
    ...config.server,
    max_message_bytes: config.limits.max_message_bytes,
  });
  keys.onRevoked = () => server.recheck();
  const signalled = untilSignalled(clock);
  await writeAddress(folder, { url: server.url, token: owner_token });
  console.log(`listening on ${server.url}`);
  log.info("Listening on {url}, version {version}", { url: server.url, version: manifest.version });
  log.info("Data in {folder}; at most {slots} tasks at once", { folder, slots: config.tasks.max_concurrent });
  await engine.start();
  scheduler.start();
  const ending = new AbortController();
  if (flags.demo) {
    playDemo(
      { url: server.url, api_key: owner_token },
      clock.now(),
      ending.signal,
      (line) => console.error(line),
    )
      .catch((error) => log.error("The demo failed: {error}", { error }));
  }

  const signal = await signalled;
  ending.abort();
  log.info("{signal}: stopping; running tasks go on at the next start", { signal });
  await forgetAddress(folder);
  await server.stop();
  scheduler.stop();
  scaling.stop();
  await engine.stop();
  await runner.close();
  serverLog.close();
  await store.close();
  if (demoFolder !== undefined) await Deno.remove(demoFolder, { recursive: true });
  return 0;
}
