/** The configuration file: every key optional, unknown keys refused. */
import { z } from "zod";
import { AgentConfig } from "../domain/agent_config.ts";
import { text } from "../domain/scalars.ts";
import { PermissionPolicy, TaskType } from "../domain/task.ts";

const names = z.array(text(1, 4096));

const milliseconds = z.int().min(1);

/** What the makes of agents add to the configuration; boot hands it in. */
export interface KnownAgents {
  /** The names that `agents.NAME.profile` may have. */
  profiles: readonly string[];
  /** The agents that are there without any configuration, by name. */
  agents: Readonly<Record<string, z.input<typeof AgentConfig>>>;
}

function namedAgents<Agent extends z.ZodType>(agent: Agent) {
  return z.record(z.string().regex(/^[a-zA-Z0-9_-]{1,100}$/), agent);
}

const addresses = z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]));

/** What a later version will do is named, so that it is refused by name and not as a mistake in writing. */
const NOT_YET = "Not available in this version: refused.";

export const Config = z.strictObject({
  $schema: z.string().optional().describe("For editors; the program does not read it."),
  server: z.strictObject({
    host: z.string().min(1).default("127.0.0.1")
      .describe("The address to listen on. Another than a loopback one needs security.auth, or --insecure."),
    port: z.int().min(0).max(65535).default(8080).describe("0 picks a free one."),
    transport: z.enum(["auto", "fast", "hardened"]).default("auto").describe(
      "How connections are served. hardened: somewhat slower, but no client's endless message " +
        "or flood costs more than its bound. auto: hardened, unless only this machine can reach the address.",
    ),
    tls: z.strictObject({
      cert: z.string().describe(NOT_YET),
      key: z.string().describe(NOT_YET),
    }).optional(),
    allowed_origins: names.default([]).describe("Origins of other web pages that may reach the API."),
    allowed_hosts: names.default([]).describe(
      "Host names, besides the address and localhost, by which the server is reached.",
    ),
    trusted_proxies: addresses.default([]).describe(
      "Addresses and networks of proxies that say in X-Forwarded-For whom they ask for.",
    ),
  }).prefault({}),
  store: z.strictObject({
    path: z.string().optional().describe(
      "The data folder. Absent: OPENCODE_AGENTS_DATA, else the platform's own place.",
    ),
    url: z.string().optional().describe(NOT_YET),
  }).prefault({}),
  agents: namedAgents(AgentConfig).default({}).describe("Named ways to run a task."),
  tasks: z.strictObject({
    default_agent: z.string().default("opencode").describe("Who does a task that names no agent."),
    agent_by_type: z.partialRecord(TaskType, z.string()).default({})
      .describe("Task type to agent, before the default one."),
    max_concurrent: z.int().min(1).max(1000).default(4)
      .describe("How many tasks run at once. An OpenCode takes some 600 MB."),
    default_timeout: z.int().min(1000).max(86_400_000).default(3_600_000)
      .describe("Milliseconds after which a task that names no timeout is ended."),
    working_dir: z.string().default(".")
      .describe(
        "Where a task works that names no folder; relative to the configuration file. " +
          "Left out, the first of `allowed_dirs` when those do not hold the file's own folder.",
      ),
    allowed_dirs: names.default(["."])
      .describe("Folders, with all below them, that a task may name; symbolic links are followed first."),
    retention_days: z.number().min(0).default(30).describe("How long finished tasks are kept."),
    max_finished: z.int().min(1).default(100_000)
      .describe("Of more finished tasks than these the oldest are removed before their time."),
    max_attempts: z.int().min(1).max(100).default(3)
      .describe("How often a task is tried that a crash or a silent agent cut short."),
    unresponsive_after_ms: z.int().min(0).default(300_000)
      .describe("An agent that gives no sign of life for this long is reported. 0: never."),
    unresponsive_limit_ms: z.int().min(0).default(1_800_000)
      .describe(
        "An agent that gives no sign of life for this long is ended, and its task tried again. 0: never.",
      ),
    retry_delay_ms: milliseconds.default(10_000)
      .describe("The wait before the second attempt; it doubles with each one after that."),
    retry_delay_max_ms: milliseconds.default(600_000).describe("The longest such wait."),
    permissions: PermissionPolicy.default("ask")
      .describe("What an agent is answered that asks for a permission, unless its task says otherwise."),
    permission_timeout_ms: milliseconds.default(300_000)
      .describe("A permission request that nobody answers is denied after this long."),
  }).prefault({}),
  limits: z.strictObject({
    enabled: z.boolean().default(true).describe("False: no limits at all."),
    connections: z.int().min(1).default(100).describe("Connections at once."),
    connections_per_second: z.int().min(1).default(10).describe("New connections per second."),
    reconnections_per_minute: z.int().min(1).default(5).describe(
      "Connections per minute from an address that had one closed within the last minute.",
    ),
    global_messages_per_minute: z.int().min(1).default(1000).describe("Messages of all clients together."),
    messages_per_minute: z.int().min(1).default(100).describe(
      "Messages of one connection; over HTTP, of one address.",
    ),
    burst_per_second: z.int().min(1).default(20).describe("Messages of one connection within a second."),
    tasks_per_minute: z.int().min(1).default(10).describe("Tasks that one client starts or schedules."),
    status_checks_per_minute: z.int().min(1).default(50).describe("Questions for tasks of one client."),
    kills_per_minute: z.int().min(1).default(5).describe("Processes that one client ends."),
    file_operations_per_minute: z.int().min(1).default(100).describe("Operations of one client on files."),
    log_queries_per_minute: z.int().min(1).default(20).describe("Questions for the log of one client."),
    max_memory_bytes: z.int().min(64 << 20).optional()
      .describe("Above this much resident memory new tasks are refused. Absent: no limit."),
    max_message_bytes: z.int().min(1024).max(64 << 20).default(1_048_576)
      .describe("A larger frame closes its connection with 1009."),
  }).prefault({}),
  security: z.strictObject({
    auth: z.enum(["none", "required"]).default("none")
      .describe("required: whoever wants anything shows an API key of `opencode-agents keys create`."),
    ip_whitelist: addresses.default([])
      .describe("With any address or network here, all others are refused; this machine's own, too."),
    ip_blacklist: addresses.default([])
      .describe("Addresses and networks that are refused, even when the other list has them."),
    session_minutes: z.int().min(1).default(60).describe(
      "How long a session lasts that a key has opened over the socket.",
    ),
  }).prefault({}),
  logs: z.strictObject({
    retention_days: z.number().min(0).default(14).describe("How long log entries are kept."),
    max_bytes: z.int().min(1 << 20).default(1_073_741_824)
      .describe("Of a larger log the oldest entries are removed before their time."),
  }).prefault({}),
  monitor: z.strictObject({
    resources_interval_ms: z.int().min(100).default(5000)
      .describe("How often those who subscribed are told of the machine's resources."),
    processes_interval_ms: z.int().min(100).default(30_000).describe("The same of its processes."),
    task_summary_interval_ms: z.int().min(100).default(15_000).describe("The same of the tasks' summary."),
    metrics: z.boolean().default(true).describe("Whether the use of the API is counted."),
  }).prefault({}),
});
export type Config = z.infer<typeof Config>;

/** The schema of the file for these agents: it refuses any other profile. */
export function configWith({ profiles, agents }: KnownAgents) {
  const { profile } = AgentConfig.shape;
  const agent = AgentConfig.extend({
    profile: z.enum(profiles).optional().describe(profile.description ?? ""),
  });
  return Config.extend({
    agents: namedAgents(agent).default({})
      .describe(`Named ways to run a task; added to those known (${Object.keys(agents).join(", ")}).`),
  });
}

/** Whether only this machine can reach an address to listen on. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
