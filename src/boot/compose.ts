/**
 * The server, composed of its parts: configuration → store → agents → engine → api → doors.
 *
 * `composeServer` has no state outside what it returns: no signal handlers, no exit, no console, no logging of its
 * own. Several servers run in one process at once. A test composes one like this:
 *
 * ```ts
 * const server = await composeServer({
 *   clock: systemClock,
 *   config: effectiveConfig({ server: { port: 0 } }, { base: folder }),
 *   base: folder,                                   // what relative paths in the configuration start from
 *   folder,                                         // the data folder: worktrees, temporary files
 *   openStore: (clock) => loadStore(new MemoryKeyValue(), clock),
 *   openRunner: () => scriptedRunner,               // an AgentRunner; `localAgents` runs real ones
 * });
 * await server.start();                             // listens at `server.url` and starts tasks
 * await server.stop();                              // closes connections, ends runs, closes the store
 * ```
 *
 * The store is open once `composeServer` resolves, so call `stop` even if `start` was never called. Running tasks stay
 * recoverable: compose again over the same key-value data (`MemoryKeyValue.reopened`) to test a restart.
 */
import { Masker } from "../domain/masking.ts";
import { serverSecrets } from "./server_secrets.ts";
import { keepsAudit } from "../protocol/config.ts";
import type { Store } from "../store/open.ts";
import { startedWithin } from "../domain/started_within.ts";
import { TaskTokens } from "../access/task_tokens.ts";
import { agentAccess } from "./agent_access.ts";
import { composeAccess } from "./compose_access.ts";
import { composeDoors } from "./compose_doors.ts";
import { composeEngine } from "./compose_engine.ts";
import { composeMonitor } from "./compose_monitor.ts";
import { composeDailyReports, composeNotifications } from "./compose_notifications.ts";
import type { ComposeOptions, Listening } from "./compose_options.ts";
import { opened, type Part, Parts } from "./parts.ts";

export interface ComposedServer extends Part, Listening {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Opens the store and wires the parts; nothing runs before `start`. Throws what the store throws. */
export async function composeServer(options: ComposeOptions): Promise<ComposedServer> {
  const store = await options.openStore(options.clock);
  try {
    return await compose(options, store);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function compose(options: ComposeOptions, store: Store): Promise<ComposedServer> {
  const masker = new Masker(serverSecrets(options.config, Deno.env.toObject()));
  store.logs.masker = masker;
  const audit = keepsAudit(options.config)
    ? await (await import("./compose_audit.ts")).composeAudit(options, store, masker)
    : undefined;
  const tokens = new TaskTokens();
  const ofAgents = agentAccess(
    tokens,
    () => listening,
    options.owners_certificate?.certificate,
    (task_id) =>
      startedWithin(task_id, {
        task: (id) => store.tasks.get(id),
        schedule: (id) => store.schedules.get(id),
        key: (id) => store.keys.get(id),
        projectOf: (task) => projectOf(task),
      }),
  );
  const {
    engine,
    keepAwake,
    pullRequests,
    endings,
    reviews,
    usage,
    reports,
    scheduler,
    templates,
    remembered,
    hooks,
    bus,
    runner,
    directory,
    projects,
    attachments,
    projectOf,
  } = await composeEngine(options, store, ofAgents, audit?.auditor);
  const access = await composeAccess(options, store, bus, tokens);
  const monitor = composeMonitor(options, store, engine, usage, access, masker);
  const notifications = composeNotifications(options, { store, bus, projectOf }, () => server.url);
  const server = composeDoors(options, {
    store,
    bus,
    engine,
    endings,
    pullRequests: pullRequests.opening,
    scheduler,
    templates,
    remembered,
    hooks,
    directory,
    projects,
    notifications,
    access,
    audit: audit?.auditor,
    monitor,
    attachments,
    usage,
    reports,
    reviews,
    runner,
  });
  const listening: Listening = {
    get url() {
      return server.url;
    },
    get fingerprint() {
      return access.certificate?.fingerprint;
    },
    onFingerprint: (changed) => access.certificate?.onChange(changed) ?? (() => {}),
    owner_token: access.owner_token,
  };
  const parts = new Parts("server", [
    opened("store", () => store.close()),
    ...(audit ? [audit.part] : []),
    opened("server log", () => options.serverLog?.close()),
    opened("agents", () => runner.close()),
    { name: "agent directory", start: () => directory.clear(), stop: () => directory.close() },
    { name: "one-off schedules", start: () => scheduler.recover(), stop: () => {} },
    { name: "recovery", start: () => engine.recover(), stop: () => engine.leave() },
    opened("load scaling", () => access.scaling.stop()),
    ...(access.certificate ? [access.certificate] : []),
    server,
    ...(options.announce ? [options.announce(listening)] : []),
    keepAwake,
    notifications,
    composeDailyReports(options, store, notifications, reports),
    { name: "dispatch", start: () => engine.open(), stop: () => engine.close() },
    pullRequests.part,
    { name: "endings", start: () => endings.recovery.start(), stop: () => endings.recovery.stop() },
    scheduler,
    { name: "deliveries", start: () => hooks.start(), stop: () => hooks.stop() },
  ]);
  return {
    name: parts.name,
    get url() {
      return server.url;
    },
    get fingerprint() {
      return listening.fingerprint;
    },
    onFingerprint: listening.onFingerprint,
    owner_token: listening.owner_token,
    start: () => parts.start(),
    stop: () => parts.stop(),
  };
}
