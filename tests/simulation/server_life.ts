/** One life of the server: what main.ts wires, over simulated time, disk and agents. A crash leaves nothing of it. */
import { NOBODY } from "../../src/access/identity.ts";
import { Tenancy } from "../../src/api/tenancy.ts";
import { Auditor } from "../../src/access/auditor.ts";
import { Masker } from "../../src/domain/masking.ts";
import { Router } from "../../src/api/router.ts";
import type { AgentConfig } from "../../src/domain/agent_config.ts";
import type { Actor } from "../../src/domain/actor.ts";
import type { ApiContext } from "../../src/api/capability.ts";
import { RememberedAnswers } from "../../src/engine/remembered_answers.ts";
import { AgentHolds } from "../../src/engine/holds/agent_holds.ts";
import type { RunCheck } from "../../src/domain/check.ts";
import { composeAcceptance } from "../../src/boot/compose_acceptance.ts";
import type { RunSettings } from "../../src/engine/run_context.ts";
import type { EndingRecovery } from "../../src/engine/ending_recovery.ts";
import { Engine } from "../../src/engine/engine.ts";
import { saveLastWork } from "../../src/engine/saved_work.ts";
import type { ScheduleContext } from "../../src/engine/schedules/schedule_context.ts";
import { EventBus } from "../../src/engine/events.ts";
import { Scheduler } from "../../src/engine/schedules/scheduler.ts";
import { TaskIndex } from "../../src/read/task_index.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { Config } from "../../src/protocol/config.ts";
import type { ClientLimits } from "../../src/access/client_limits.ts";
import { RateLimits } from "../../src/access/limits.ts";
import type { Listener, Notifier, Topics } from "../../src/store/notifier.ts";
import { AuditLog } from "../../src/store/audit/audit_log.ts";
import { trackActions } from "../../src/store/audit/audited_action.ts";
import { loadStore, type Sharing, type Store } from "../../src/store/open.ts";
import { Connection } from "../../src/doors/ws/connection.ts";
import { SubscriptionHub } from "../../src/api/channels/hub.ts";
import type { KeyValue } from "../../src/store/kv/kv.ts";
import type { SimRunner } from "./sim_agents.ts";
import type { SimMachine } from "./sim_agents.ts";
import { type SimChecks, SIMULATED_CHECKS } from "./sim_checks.ts";
import type { SimDisk, SimPort } from "./sim_disk.ts";
import type { OwnedClock, SimTime } from "./sim_time.ts";
import { SimGit } from "./sim_repository.ts";
import { NO_PROJECTS } from "../fixtures/no_projects.ts";

// Loaded before the first history, as the simulated time goes on while modules are loaded.
await trackActions();

const SIMULATED: AgentConfig = { protocol: "acp", command: ["simulated"], env: {}, pass_env: [] };

/** Some tasks are of another agent, whose provider is another. */
export function agentOfSpec(spec: object): string {
  return "priority" in spec && spec.priority === "low" ? "second" : "simulated";
}

/** What clients may count on; the model knows them from here only. */
export interface Promised {
  max_concurrent: number;
  max_starting: number;
  exclusive_folders: boolean;
  timeout_ms: number;
  tasks_per_minute: number;
  messages_per_minute: number;
  /** Whether an audit log is kept. */
  audited?: boolean;
  retention_ms: number;
  /** 0, and by default: agents wait for a person as long as they live. */
  permission_park_ms?: number;
  permission_timeout_ms?: number;
  /** Of all tasks. */
  budget_usd_per_day?: number;
}

/** The parts of a life, for a planted bug to tamper with before they are put together. */
export interface Parts {
  number: number;
  clock: OwnedClock;
  store: Store;
  runner: SimRunner;
  runCheck: RunCheck;
  bus: EventBus;
  index: TaskIndex;
  git: SimGit;
  /** Whether it goes on with what an earlier life has begun with the work of tasks. */
  takesUpEndings: boolean;
  promised: Promised;
}

export type TaskChange = Topics["task"][number];

export interface Wiring {
  /** Between the store and its disk. */
  port?(port: KeyValue): KeyValue;
  /** Between the store and the engine. */
  parts?(parts: Parts): Parts;
  /** Between the changes of tasks and the engine: `pass` tells the engine of one. */
  taskChanges?(pass: (change: TaskChange) => void, bus: EventBus): (change: TaskChange) => void;
  /** Between the scheduler and the engine's commands. */
  schedulerCommands?(engine: Engine): ScheduleContext["commands"];
  /** Between the events and those who watch. */
  pushedFrom?(bus: EventBus): EventBus;
  beforeStart?(parts: Parts): Promise<void>;
}

/** The notifier as the engine hears it. */
function tampered(changes: Notifier, { taskChanges }: Wiring, bus: EventBus): Notifier {
  if (!taskChanges) return changes;
  return {
    publish: (topic, some) => changes.publish(topic, some),
    subscribe(topic, listener) {
      if (topic !== "task") return changes.subscribe(topic, listener);
      const hear = listener as Listener<"task">;
      const pass = taskChanges((change) => void hear([change]), bus);
      return changes.subscribe("task", (some) => some.forEach((change) => pass(change)));
    },
  };
}

export class ServerLife {
  readonly clock: OwnedClock;
  readonly port: SimPort;
  readonly runner: SimRunner;
  readonly checks: SimChecks;
  readonly bus = new EventBus();
  readonly number: number;
  readonly #machine: SimMachine;
  store: Store | undefined;
  engine: Engine | undefined;
  #scheduler: Scheduler | undefined;
  #endings: EndingRecovery | undefined;
  #router: Router | undefined;
  #limits: RateLimits | undefined;
  #hub: SubscriptionHub | undefined;
  #connections = 0;
  #sessions = new Map<string, ClientLimits>();
  /** Recovered, and at work. */
  isOpen = false;
  isStopping = false;
  isOver = false;

  /** `ahead_ms`: how far its wall clock is ahead. */
  constructor(number: number, time: SimTime, disk: SimDisk, machine: SimMachine, ahead_ms = 0) {
    this.number = number;
    this.clock = time.clock(ahead_ms);
    this.port = disk.open();
    this.runner = machine.runner();
    this.checks = machine.checks;
    this.#machine = machine;
  }

  /** Rejects when it cannot start, as main does. `loaded` is called before anything changes. */
  async start(
    wanted: Promised,
    wiring: Wiring,
    loaded: (store: Store) => void,
    sharing?: Omit<Sharing, "beforeJoin">,
  ): Promise<void> {
    const port = wiring.port?.(this.port) ?? this.port;
    const opened = await loadStore(port, this.clock, {
      openAudit: (options) => AuditLog.open(options),
      sharing: sharing && { ...sharing, beforeJoin: () => this.runner.endStrays() },
    });
    this.store = opened;
    loaded(opened);
    const { number, runner } = this;
    let parts: Parts = {
      number,
      clock: this.clock,
      store: opened,
      runner,
      runCheck: this.checks.runner(runner),
      bus: this.bus,
      index: new TaskIndex(opened.tasks, opened.changes),
      git: new SimGit(this.#machine.repository, this.clock, this.#machine.random),
      takesUpEndings: true,
      promised: wanted,
    };
    parts = wiring.parts?.(parts) ?? parts;
    const { clock, store, index, bus, promised, git } = parts;
    const config = Config.parse({
      limits: {
        tasks_per_minute: promised.tasks_per_minute,
        messages_per_minute: promised.messages_per_minute,
        burst_per_second: 1_000,
        file_operations_per_minute: 1_000_000,
      },
    });
    const settings: RunSettings = {
      agents: { simulated: SIMULATED, second: SIMULATED, third: SIMULATED, fourth: SIMULATED },
      default_timeout_ms: promised.timeout_ms,
      permissions: "ask",
      permission_rules: [],
      permission_timeout_ms: promised.permission_timeout_ms ?? 20_000,
      permission_timeout_action: "deny",
      permission_park_ms: promised.permission_park_ms ?? 0,
      client_commands: true,
      checks: {},
      delegate: false,
      session_timeout_ms: 60_000,
      unresponsive_after_ms: 30_000,
      unresponsive_limit_ms: 45_000,
      retry_delay_ms: 2_000,
      retry_delay_max_ms: 20_000,
      // Longer than the clock is ever set forward.
      provider_limit: { max_wait_ms: 100 * 365 * 86_400_000 },
      retry: {},
      pricing: {},
      timezone: "UTC",
      budget_usd_per_day: promised.budget_usd_per_day,
      projects: () => ({}),
      ...NO_PROJECTS,
      executionOf: ({ spec }) =>
        this.checks.isChecked(spec) ? { ...spec.execution, checks: SIMULATED_CHECKS } : spec.execution ?? {},
      agentFor: ({ spec }) => spec.execution?.agent ?? agentOfSpec(spec),
    };
    const remembered = new RememberedAnswers({ clock, store, settings });
    const engine = this.engine = new Engine({
      clock,
      remembered,
      store: Object.assign(Object.create(store), { changes: tampered(store.changes, wiring, bus) }),
      index,
      bus,
      runner: parts.runner,
      runCheck: parts.runCheck,
      working_dirs: {
        resolve: (wanted) => Promise.resolve(wanted ?? "here"),
        real: (path) => Promise.resolve(path),
      },
      exclusive_folders: promised.exclusive_folders
        ? { rootOf: (wanted) => Promise.resolve(wanted ?? "here") }
        : undefined,
      workspaces: git.workspaces,
      settings,
      holds: new AgentHolds({ clock, store, index, bus, settings, canHold: () => true }),
      max_concurrent: promised.max_concurrent,
      max_starting: promised.max_starting,
      max_attempts: 3,
      retention_ms: promised.retention_ms,
      max_finished: 10_000,
      log_retention: { retention_days: 10_000, max_bytes: 1 << 30 },
      letGo: (task) => endings.releasing.letGo(task),
      cannotRun: () => undefined,
    });
    const endings = composeAcceptance({
      clock,
      store,
      landing: git.landing,
      folders: {
        orphans: () => Promise.resolve([]),
        bytes: () => Promise.resolve(0),
        clear: () => Promise.resolve({ kept_as: [] }),
      },
      say: (task_id, said, by) => engine.commands.say(task_id, said, by),
      save: (task) => saveLastWork({ store, workspaces: git.workspaces, projectOf: () => undefined }, task),
    });
    this.#endings = endings.recovery;
    opened.changes.subscribe("log", (entries) => bus.publish({ kind: "log.appended", entries }));
    const auditor = promised.audited
      ? new Auditor({ log: await opened.openAudit(), masker: new Masker([]), clock })
      : undefined;
    this.#scheduler = new Scheduler({
      clock,
      audited: auditor?.during.bind(auditor),
      commands: wiring.schedulerCommands?.(engine) ?? engine.commands,
      index,
      tasks: store.tasks,
      schedules: store.schedules,
      changes: store.changes,
      bus,
      waitOf: (task) => engine.queries.view(task).waiting_for?.kind,
      tell: (entry) => void opened.logs.append(entry),
    });
    this.#limits = new RateLimits(config.limits, clock);
    this.#router = new Router({
      clock,
      audit: auditor,
      remembered,
      commands: engine.commands,
      queries: engine.queries,
      scheduler: this.#scheduler,
      acceptance: endings.acceptance,
      discarding: endings.discarding,
      workspaceUpdate: endings.update,
      worktrees: {} as ApiContext["worktrees"],
      reviews: {
        withdraw: (...args: Parameters<ApiContext["reviews"]["withdraw"]>) =>
          engine.commands.withdraw(...args),
      } as ApiContext["reviews"],
      pullRequests: {} as ApiContext["pullRequests"],
      logs: store.logs,
      // Nothing is promised of them, and they take megabytes.
      metrics: { note: () => {} } as unknown as ApiContext["metrics"],
      machine: { changed: () => {} } as ApiContext["machine"],
      health: {} as ApiContext["health"],
      limits: {} as ApiContext["limits"],
      tenancy: new Tenancy({}),
      isContained: () => true,
      agents: {} as ApiContext["agents"],
      projects: {} as ApiContext["projects"],
      templates: {} as ApiContext["templates"],
      hooks: {} as ApiContext["hooks"],
      notifications: {} as ApiContext["notifications"],
      usage: {} as ApiContext["usage"],
      reports: {} as ApiContext["reports"],
      makes: [],
      // Everybody may do everything, as without authentication.
      auth: { authorise: () => {} } as unknown as ApiContext["auth"],
      keys: {} as ApiContext["keys"],
      sessions: {} as ApiContext["sessions"],
    });
    this.#hub = new SubscriptionHub(wiring.pushedFrom?.(bus) ?? bus, clock, []);
    await wiring.beforeStart?.(parts);
    await this.#scheduler.recover();
    await engine.recover();
    await engine.open();
    if (this.isStopping) return;
    if (parts.takesUpEndings) void endings.recovery.start();
    this.#scheduler.start();
    this.isOpen = true;
  }

  /** The reply to one message of this actor; undefined while there is no server to ask. */
  ask(
    client: string,
    message: object,
    actor: Actor = NOBODY.actor,
  ): Promise<Record<string, unknown>> | undefined {
    if (!this.#router || this.isStopping) return undefined;
    let limits = this.#sessions.get(client);
    if (!limits) this.#sessions.set(client, limits = this.#limits!.http(client));
    const refuse = () => {
      throw new Error("nothing is pushed over this session");
    };
    const session = {
      id: client,
      limits,
      identity: NOBODY,
      actor,
      untold: () => [],
      identify: () => {},
      subscribe: refuse,
      follow: refuse,
      unsubscribe: refuse,
    };
    return Promise.resolve(this.#router.dispatch(message, session)) as Promise<Record<string, unknown>>;
  }

  /** A connection as the server makes one; undefined where there is no server, or it takes no more from this address. */
  connect(ip: string, socket: WebSocket): Connection | undefined {
    const [router, hub, rates] = [this.#router, this.#hub, this.#limits];
    if (!router || !hub || !rates || this.isStopping) return undefined;
    let limits: ClientLimits;
    try {
      limits = rates.connect(ip);
    } catch (error) {
      if (error instanceof ApiError) return undefined;
      throw error;
    }
    const connection = new Connection({
      api_version: "v1",
      clientsOf: () => 0,
      id: String(++this.#connections),
      socket,
      router,
      hub,
      clock: this.clock,
      limits,
      ip,
      auth: {
        isRequired: false,
        isValid: () => true,
        allows: () => true,
        bind: (identity) => identity,
        leave: () => {},
      },
      identity: NOBODY,
      server_version: "simulated",
      max_message_bytes: 1 << 20,
      closed: () => rates.disconnected(limits),
    });
    return connection;
  }

  /** How many are pushed to. */
  get watching(): number {
    return this.#hub?.size ?? 0;
  }

  /** The orderly end, in main's order. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.#scheduler?.stop();
    this.#endings?.stop();
    this.engine?.close();
    await this.engine?.leave();
    await this.runner.close();
    await this.store?.close();
  }

  /** The process stands still for so long; its agents do not. */
  pause(ms: number): void {
    this.clock.pause(ms);
    this.port.pause(ms);
    this.runner.pause(ms);
  }

  /** The process is gone, in the middle of whatever it did; its agents are not. */
  async crash(): Promise<void> {
    this.isOver = true;
    this.clock.die();
    this.runner.crash();
    await this.port.crash();
  }
}
