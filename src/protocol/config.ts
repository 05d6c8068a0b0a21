/** The configuration file. All keys are optional; unknown keys are refused. */
import * as z from "zod";
import { Permission } from "../domain/access_key.ts";
import { Argv } from "../domain/argv.ts";
import { CheckName } from "../domain/check.ts";
import { ConcurrencyKey } from "../domain/concurrency_key.ts";
import { AgentConfig } from "../domain/agent_config.ts";
import { FailureKind } from "../domain/failure.ts";
import { Notifications } from "../domain/notification.ts";
import { Project, ProjectName } from "../domain/project.ts";
import { NodeName } from "../domain/node_name.ts";
import { KindPolicy } from "../domain/retrying.ts";
import { text, TimeZone } from "../domain/scalars.ts";
import { ApiVersion } from "./api_version.ts";
import { JwtConfig } from "./jwt_config.ts";
import { Pricing } from "../domain/pricing.ts";
import { PermissionRules } from "../domain/permission_rule.ts";
import { PermissionPolicy, TaskType, TimeoutAction } from "../domain/task.ts";
import { TenantName, TenantQuota } from "../domain/tenant.ts";
import { Template, TemplateName } from "../domain/template.ts";

const names = z.array(text(1, 4096));

const milliseconds = z.int().min(1);

/** What the makes of agents add to the configuration. Boot passes it in. */
export interface KnownAgents {
  /** The names that `agents.NAME.profile` may have. */
  profiles: readonly string[];
  /** The agents that exist without any configuration, by name. */
  agents: Readonly<Record<string, z.input<typeof AgentConfig>>>;
  /** The server's variables that this agent usually needs, whatever its name: its keys and folders. */
  usualVariables(agent: Pick<AgentConfig, "command" | "profile">): readonly string[];
}

function namedAgents<Agent extends z.ZodType>(agent: Agent) {
  return z.record(z.string().regex(/^[a-zA-Z0-9_-]{1,100}$/), agent);
}

const addresses = z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]));

export const Tls = z.strictObject({
  cert: z.string().min(1).describe(
    "A PEM file: the server's certificate, then those between it and its authority. A changed file is taken up within 30 s.",
  ),
  key: z.string().min(1).describe("A PEM file: the private key of the certificate."),
  min_version: z.enum(["TLSv1.3", "TLSv1.2"]).default("TLSv1.3").describe(
    "The oldest version of TLS that clients may speak. 1.2 only has ECDHE and AEAD ciphers here.",
  ),
  client_ca: z.string().min(1).optional().describe(
    "A PEM file: the authorities of clients' certificates. client_certs needs it.",
  ),
  client_certs: z.enum(["none", "request", "require"]).default("none").describe(
    "Whether clients are asked for a certificate. require: without one there is no connection.",
  ),
  client_permissions: z.record(z.string().min(1).max(200), z.array(Permission).min(1)).default({}).describe(
    "What a client with a certificate and without a key may do, by the common name (CN) of the certificate's subject. A " +
      "subject that is not named may do nothing.",
  ),
  client_tenants: z.record(z.string().min(1).max(200), TenantName).default({}).describe(
    "The tenant of a client with a certificate, by the common name (CN) of its subject. Default: `default`.",
  ),
});
export type Tls = z.infer<typeof Tls>;

export const Config = z.strictObject({
  $schema: z.string().optional().describe("For editors. The program does not read it."),
  server: z.strictObject({
    host: z.string().min(1).default("127.0.0.1")
      .describe(
        "The address to listen on. One that is not a loopback address needs security.auth, and TLS here or in front; or " +
          "--insecure.",
      ),
    api: ApiVersion.default("v1").describe(
      "The version of the API. v2: every client needs a key, on this machine too, and its WebSocket must offer the " +
        "subprotocol opencode-agents.v2; TLS is 1.3, and the audit log is on.",
    ),
    port: z.int().min(0).max(65535).default(8080).describe("The port to listen on. 0 picks a free one."),
    transport: z.enum(["auto", "fast", "hardened"]).default("auto").describe(
      "How connections are served. hardened: somewhat slower, but bounds what an endless message or a flood " +
        "can cost. auto: hardened, unless only this machine can reach the address.",
    ),
    tls: Tls.optional().describe(
      "A certificate, for https:// and wss://: see docs/security.md. `opencode-agents tls init` makes one.",
    ),
    tls_in_front: z.boolean().default(false).describe(
      "Whether something else, such as a proxy or the host of a container, encrypts what reaches this server. Only then may " +
        "it listen on other than a loopback address without TLS of its own or server.trusted_proxies.",
    ),
    keep_awake: z.boolean().default(false).describe(
      "Whether the machine is kept from sleeping while tasks run or wait for a provider: with systemd-inhibit on Linux, " +
        "with caffeinate on macOS.",
    ),
    public_url: z.string().max(4096).regex(/^https?:\/\/\S+$/, { error: "an http or https URL" }).optional()
      .describe(
        "The address at which people reach the dashboard, for the links in notifications. Default: the one it listens on.",
      ),
    allowed_origins: names.default([]).describe("Origins of other web pages that may use the API."),
    allowed_hosts: names.default([]).describe(
      "Host names, besides the address and localhost, under which clients reach the server.",
    ),
    trusted_proxies: addresses.default([]).describe(
      "Addresses and networks of proxies whose X-Forwarded-For is trusted.",
    ),
  }).prefault({}),
  store: z.strictObject({
    path: z.string().min(1).optional().describe(
      "The data folder. Default: OPENCODE_AGENTS_DATA, else the platform's folder for application data.",
    ),
    url: z.string().max(4096).regex(/^https?:\/\/\S+$/, { error: "an http or https URL" }).optional()
      .describe(
        "The address of a Deno KV that several servers share (denokv, or Deno Deploy): see docs/several_machines.md.",
      ),
    token_file: z.string().min(1).optional().describe(
      "A file with the access token of store.url. Default: the variable DENO_KV_ACCESS_TOKEN.",
    ),
  }).prefault({}),
  cluster: z.strictObject({
    node: NodeName.optional().describe(
      "The name of this server among those that share store.url. Default: the host name.",
    ),
    lease_ms: z.int().min(2_000).max(300_000).default(15_000).describe(
      "After this time without a sign of life from a server, the others take over its tasks.",
    ),
  }).prefault({}).describe("This server as one of several: see docs/several_machines.md."),
  agents: namedAgents(AgentConfig).default({}).describe("Named ways to run a task."),
  projects: z.record(ProjectName, Project).default({}).describe(
    "Folders, usually repositories, with settings for the tasks that work in them: see docs/projects.md.",
  ),
  tenants: z.record(TenantName, TenantQuota).default({}).describe(
    "Groups that share this server and know nothing of each other, and what each may use: see docs/tenants.md. Keys, tokens " +
      "and certificates are of one of them: of `default`, if they say nothing.",
  ),
  checks: z.record(CheckName, Argv).default({}).describe(
    'Programs that check the work of tasks, by name, such as { "test": ["npm", "test"] }: see docs/checks.md.',
  ),
  templates: z.record(TemplateName, Template).default({}).describe(
    "Tasks with blanks, started by hand or by a signed webhook: see docs/templates.md.",
  ),
  tasks: z.strictObject({
    default_agent: z.string().default("opencode").describe("The agent for tasks that name none."),
    agent_by_type: z.partialRecord(TaskType, z.string()).default({})
      .describe("The agent for each type of task; types not listed here go to the default agent."),
    max_concurrent: z.int().min(1).max(1000).default(4)
      .describe(
        "How many tasks run at once. One OpenCode takes about 600 MB. A task that an agent delegates does not wait for " +
          "the slots of those above it.",
      ),
    concurrency: z.array(ConcurrencyKey).max(50).default([]).describe(
      'How many tasks run at once that share something, besides max_concurrent: [{ "by": "agent", "limit": 2 }].',
    ),
    exclusive_folders: z.boolean().optional().describe(
      "Whether two tasks of agents that speak ACP run one after the other if they work in the same repository, each " +
        "without a worktree of its own. Default: true if projects are configured, otherwise false.",
    ),
    default_timeout: z.int().min(1000).max(86_400_000).default(3_600_000)
      .describe("The timeout, in milliseconds, of tasks that name none."),
    working_dir: z.string().min(1).default(".")
      .describe(
        "The folder for tasks that name none, relative to the configuration file. " +
          "Default: the file's own folder if `allowed_dirs` contain it, else the first of them.",
      ),
    allowed_dirs: names.default(["."])
      .describe(
        "Folders that tasks may name, including their subfolders. Symbolic links are resolved first.",
      ),
    retention_days: z.number().min(0).default(30).describe(
      "How long to keep finished tasks. One that failed stays while a schedule depends on it.",
    ),
    max_finished: z.int().min(1).default(100_000)
      .describe("How many finished tasks to keep. The oldest ones beyond this are removed early."),
    max_attempts: z.int().min(1).max(100).default(3)
      .describe("How many attempts a task gets if a crash or a silent agent ends them."),
    unresponsive_after_ms: z.int().min(0).default(300_000)
      .describe("How long an agent may be silent before it is reported. 0: never reported."),
    unresponsive_limit_ms: z.int().min(0).default(1_800_000)
      .describe(
        "How long an agent may be silent before it is ended and its task tried again. 0: never ended.",
      ),
    retry_delay_ms: milliseconds.default(10_000)
      .describe("The wait before the second attempt. It doubles with each further attempt."),
    retry_delay_max_ms: milliseconds.default(600_000).describe("The longest such wait."),
    retry: z.partialRecord(FailureKind, KindPolicy).default({}).describe(
      "For kinds of failures, how often a task that fails so is tried again, within max_attempts, instead of what the " +
        "server does by itself: it tries again after a crash, and when the agent did not answer in time.",
    ),
    provider_limit: z.strictObject({
      action: z.enum(["wait", "fail", "fallback"]).optional().describe(
        "What a task does whose agent's provider refuses it for a time. wait: it goes on when the provider takes requests " +
          "again, and the agent's other tasks wait too. fallback: they go to the agent's `fallback`, and wait if all are " +
          "refused. fail: it fails. Default: fallback for agents that have one, else wait.",
      ),
      max_wait_ms: z.int().min(0).max(31 * 86_400_000).default(86_400_000).describe(
        "How long a refused task waits at most. If it would have to wait longer, it fails.",
      ),
    }).prefault({}),
    permissions: PermissionPolicy.default("ask")
      .describe("How permission requests of agents are answered, unless the task says otherwise."),
    permission_rules: PermissionRules.default([]).describe(
      "Rules that answer permission requests before `permissions` does, after those of the task and its project: see " +
        "docs/permission_rules.md.",
    ),
    delegate: z.boolean().default(false).describe(
      "Whether agents get the server's own tools, to delegate work to other agents: see docs/mcp.md.",
    ),
    client_commands: z.boolean().optional().describe(
      "Whether tasks may name programs to run, such as MCP servers with a command. Default: true while security.auth is " +
        "none and the store is on this machine, else false.",
    ),
    session_timeout_ms: milliseconds.default(60_000)
      .describe(
        "How long an agent that loads an earlier session may be silent. Then it is started again with a new one.",
      ),
    permission_timeout_action: TimeoutAction.default("deny").describe(
      "What becomes of a permission request that nobody answers in time. deny: it is denied, and the agent goes on. fail: the " +
        "task fails at once. wait: it waits without end, and so do questions.",
    ),
    permission_park_ms: z.int().min(0).default(600_000).describe(
      "An agent that has waited for so long for the answer to a permission request or a question is ended, if its session can " +
        "be loaded: its task gives the slot back, and goes on in the session once it is answered. 0: never.",
    ),
    permission_timeout_ms: milliseconds.default(300_000)
      .describe(
        "How long a permission request waits for an answer before it is denied, and a question before it is cancelled.",
      ),
    budget_usd_per_day: z.number().positive().optional().describe(
      "What all tasks may cost in a day of `timezone`. Then turns are ended, and tasks wait until midnight. Default: no limit.",
    ),
    timezone: TimeZone.optional().describe(
      "The IANA time zone whose days usage and budgets count by. Default: the machine's.",
    ),
  }).prefault({}),
  pricing: Pricing.default({}).describe(
    "What models cost in USD per million tokens, for agents that tell no cost: see docs/usage.md.",
  ),
  notifications: Notifications.default([]).describe(
    "Who is told of what happens: { name, events, channel, … }. See docs/notifications.md.",
  ),
  limits: z.strictObject({
    enabled: z.boolean().default(true).describe("false turns all limits off."),
    connections: z.int().min(1).default(100).describe("Simultaneous connections."),
    connections_per_second: z.int().min(1).default(10).describe("New connections per second."),
    reconnections_per_minute: z.int().min(1).default(5).describe(
      "Connections per minute from an address that closed one within the last minute. Not counted: clients that show " +
        "a key or the owner's token, and the server's own pages while security.auth is none.",
    ),
    global_messages_per_minute: z.int().min(1).default(1000).describe(
      "Messages per minute of all clients together.",
    ),
    messages_per_minute: z.int().min(1).default(100).describe(
      "Messages per minute of one connection; over HTTP, of one address.",
    ),
    burst_per_second: z.int().min(1).default(20).describe("Messages per second of one connection."),
    tasks_per_minute: z.int().min(1).default(10).describe(
      "Tasks per minute that one client starts or schedules.",
    ),
    status_checks_per_minute: z.int().min(1).default(50).describe(
      "Requests for tasks per minute by one client.",
    ),
    kills_per_minute: z.int().min(1).default(5).describe("Processes per minute that one client ends."),
    file_operations_per_minute: z.int().min(1).default(100).describe(
      "File operations per minute by one client.",
    ),
    log_queries_per_minute: z.int().min(1).default(20).describe("Log queries per minute by one client."),
    max_memory_bytes: z.int().min(64 << 20).optional()
      .describe("The resident memory above which new tasks are refused. Default: no limit."),
    max_message_bytes: z.int().min(1024).max(64 << 20).default(1_048_576)
      .describe("The largest message. A larger one closes its connection with 1009."),
  }).prefault({}),
  security: z.strictObject({
    auth: z.enum(["none", "required"]).default("none")
      .describe("required: every client must present an API key, made with `opencode-agents keys create`."),
    ip_whitelist: addresses.default([])
      .describe(
        "Addresses and networks that may connect. If there is any entry, all others are refused, this machine's own included.",
      ),
    ip_blacklist: addresses.default([])
      .describe("Addresses and networks that are refused, even if the whitelist has them."),
    session_minutes: z.int().min(1).default(60).describe(
      "How long a session lasts that a key opens over the socket.",
    ),
    jwt: JwtConfig.optional().describe(
      "Tokens of an identity provider, which clients may show instead of API keys.",
    ),
  }).prefault({}),
  audit: z.strictObject({
    enabled: z.boolean().optional().describe(
      "Whether each change, each sign-in and each refusal leaves an entry in the audit log: see docs/audit.md. Default: true " +
        "if security.auth is required.",
    ),
    retention_days: z.number().min(1).default(365).describe("How long to keep entries of the audit log."),
    max_bytes: z.int().min(1 << 20).default(268_435_456).describe(
      "The size of the audit log in the store. Beyond it, the oldest entries are removed early.",
    ),
  }).prefault({}),
  logs: z.strictObject({
    retention_days: z.number().min(0).default(14).describe("How long to keep log entries."),
    max_bytes: z.int().min(1 << 20).default(1_073_741_824)
      .describe(
        "The size of all that the log keeps in the store. Beyond it, the oldest entries are removed early.",
      ),
  }).prefault({}),
  monitor: z.strictObject({
    resources_interval_ms: z.int().min(100).default(5000)
      .describe("How often subscribers get the machine's resources."),
    processes_interval_ms: z.int().min(100).default(30_000).describe(
      "How often subscribers get the machine's processes.",
    ),
    task_summary_interval_ms: z.int().min(100).default(15_000).describe(
      "How often subscribers get the summary of tasks.",
    ),
    metrics: z.boolean().default(true).describe("Whether requests are counted for metrics."),
  }).prefault({}),
  compatibility: z.strictObject({
    pushes: z.boolean().default(false).describe(
      "Whether connections that have not subscribed get the basic pushes, as the first dashboards of this API expect: " +
        "full_status, then resource_update, task_status_update, agent_update and log_entry. They end when the " +
        "connection subscribes, unsubscribes or follows the log.",
    ),
  }).prefault({}),
});
export type Config = z.infer<typeof Config>;

/**
 * The file's schema for these agents. It refuses unknown profiles. A known agent may leave out its protocol and its
 * command; any other agent must have both.
 */
export function configWith({ profiles, agents }: KnownAgents) {
  const { profile, protocol, command } = AgentConfig.shape;
  const agent = AgentConfig.extend({
    protocol: protocol.optional(),
    command: command.optional(),
    profile: z.enum(profiles).optional().describe(profile.description ?? ""),
  });
  const named = namedAgents(agent).superRefine((written, context) => {
    for (const [name, { protocol, command }] of Object.entries(written)) {
      if (Object.hasOwn(agents, name)) continue;
      for (const [key, value] of Object.entries({ protocol, command })) {
        if (value !== undefined) continue;
        context.addIssue({
          code: "invalid_type",
          expected: key === "command" ? "array" : "string",
          path: [name, key],
        });
      }
    }
  });
  return Config.extend({
    agents: named.default({}).describe(
      `Named agents, added to the known ones (${
        Object.keys(agents).join(", ")
      }). What a known one leaves out stays as ` +
        "it is; its env and pass_env are added to.",
    ),
  });
}

/** Whether tasks may name programs to run. */
export function mayNameCommands({ tasks, security, store }: Config): boolean {
  return tasks.client_commands ?? (security.auth === "none" && store.url === undefined);
}

/** Whether the server keeps an audit log. */
export function keepsAudit({ audit, security }: Pick<Config, "audit" | "security">): boolean {
  return audit.enabled ?? security.auth === "required";
}

/** Whether agents that speak ACP take turns in a repository in which they have no worktree of their own. */
export function foldersAreExclusive({ tasks, projects }: Config): boolean {
  return tasks.exclusive_folders ?? Object.keys(projects).length > 0;
}

/** Whether only this machine can reach a server that listens on this address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
