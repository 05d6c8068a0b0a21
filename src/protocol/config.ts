/** The configuration file: every key optional, unknown keys refused. */
import { z } from "zod";

const names = z.array(z.string().min(1).max(4096));

export const AgentConfig = z.strictObject({
  protocol: z.enum(["acp", "command"]).describe(
    "How the server speaks to it: Agent Client Protocol on stdio, or any program.",
  ),
  command: z.array(z.string().max(4096)).min(1).max(100)
    .describe(
      "Program and arguments; no shell. May hold {id}, {type}, {description}, {prompt}, {files_pattern}.",
    ),
  env: z.record(z.string(), z.string()).default({}).describe("Variables set for the agent."),
  pass_env: names.default([]).describe("Variables of the server's own environment that the agent gets."),
  unresponsive_limit_ms: z.int().min(0).optional()
    .describe("Instead of tasks.unresponsive_limit_ms, for a program that is silent while it works well."),
  profile: z.enum(["opencode", "claude", "codex", "gemini", "generic"]).optional()
    .describe("Which agent's habits to expect; found from the command when absent."),
});
export type AgentConfig = z.infer<typeof AgentConfig>;

const milliseconds = z.int().min(1);

/** The agents known without any configuration. */
export const DEFAULT_AGENTS: Record<string, z.input<typeof AgentConfig>> = {
  opencode: {
    protocol: "acp",
    command: ["opencode", "acp"],
    pass_env: [
      "XDG_CONFIG_HOME",
      "XDG_DATA_HOME",
      "XDG_CACHE_HOME",
      "XDG_STATE_HOME",
      "ANTHROPIC_API_KEY",
      "OPENAI_API_KEY",
      "OPENCODE_CONFIG",
      "OPENCODE_CONFIG_CONTENT",
    ],
  },
  claude: {
    protocol: "acp",
    command: ["claude-agent-acp"],
    pass_env: [
      "ANTHROPIC_API_KEY",
      "ANTHROPIC_AUTH_TOKEN",
      "ANTHROPIC_BASE_URL",
      "CLAUDE_CODE_OAUTH_TOKEN",
      "CLAUDE_CONFIG_DIR",
    ],
  },
  codex: {
    protocol: "acp",
    command: ["codex-acp"],
    pass_env: ["OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_HOME"],
  },
  gemini: {
    protocol: "acp",
    command: ["gemini", "--acp"],
    pass_env: ["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL"],
  },
};

export const Config = z.strictObject({
  server: z.strictObject({
    host: z.string().min(1).default("127.0.0.1"),
    port: z.int().min(0).max(65535).default(8080).describe("0 picks a free one."),
    tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
    allowed_origins: names.default([]).describe("Origins of other web pages that may reach the API."),
    allowed_hosts: names.default([]).describe(
      "Host names, besides the address and localhost, by which the server is reached.",
    ),
    trusted_proxies: names.default([]),
  }).prefault({}),
  store: z.strictObject({ path: z.string().optional(), url: z.string().optional() }).prefault({}),
  agents: z.record(z.string().regex(/^[a-zA-Z0-9_-]{1,100}$/), AgentConfig).default({})
    .describe("Named ways to run a task; added to those known (opencode, claude, codex, gemini)."),
  tasks: z.strictObject({
    default_agent: z.string().default("opencode"),
    agent_by_type: z.record(z.string(), z.string()).default({}),
    max_concurrent: z.int().min(1).max(1000).default(4),
    default_timeout: z.int().min(1000).max(86_400_000).default(3_600_000),
    working_dir: z.string().default("."),
    allowed_dirs: names.default(["."]),
    retention_days: z.number().min(0).default(30),
    max_finished: z.int().min(1).default(100_000)
      .describe("Of more finished tasks than these the oldest are removed before their time."),
    max_attempts: z.int().min(1).max(100).default(3),
    unresponsive_after_ms: z.int().min(0).default(300_000)
      .describe("An agent that gives no sign of life for this long is reported. 0: never."),
    unresponsive_limit_ms: z.int().min(0).default(1_800_000)
      .describe(
        "An agent that gives no sign of life for this long is ended, and its task tried again. 0: never.",
      ),
    retry_delay_ms: milliseconds.default(10_000)
      .describe("The wait before the second attempt; it doubles with each one after that."),
    retry_delay_max_ms: milliseconds.default(600_000),
    permissions: z.enum(["ask", "allow", "deny"]).default("ask"),
    permission_timeout_ms: milliseconds.default(300_000)
      .describe("A permission request that nobody answers is denied after this long."),
  }).prefault({}),
  limits: z.strictObject({
    enabled: z.boolean().default(true),
    connections: z.int().min(1).default(100),
    connections_per_second: z.int().min(1).default(10),
    reconnections_per_minute: z.int().min(1).default(5),
    global_messages_per_minute: z.int().min(1).default(1000),
    messages_per_minute: z.int().min(1).default(100),
    burst_per_second: z.int().min(1).default(20),
    tasks_per_minute: z.int().min(1).default(10),
    status_checks_per_minute: z.int().min(1).default(50),
    kills_per_minute: z.int().min(1).default(5),
    file_operations_per_minute: z.int().min(1).default(100),
    log_queries_per_minute: z.int().min(1).default(20),
    max_memory_bytes: z.int().min(64 << 20).optional()
      .describe("Above this much resident memory new tasks are refused. Absent: no limit."),
    max_message_bytes: z.int().min(1024).max(64 << 20).default(1_048_576),
  }).prefault({}),
  security: z.strictObject({
    auth: z.enum(["none", "required"]).default("none"),
    ip_whitelist: names.default([]),
    ip_blacklist: names.default([]),
    session_minutes: z.int().min(1).default(60),
  }).prefault({}),
  logs: z.strictObject({
    retention_days: z.number().min(0).default(14),
    max_bytes: z.int().min(1 << 20).default(1_073_741_824),
  }).prefault({}),
  monitor: z.strictObject({
    resources_interval_ms: z.int().min(100).default(5000),
    processes_interval_ms: z.int().min(100).default(30_000),
    task_summary_interval_ms: z.int().min(100).default(15_000),
    metrics: z.boolean().default(true).describe("Whether the use of the API is counted."),
  }).prefault({}),
});
export type Config = z.infer<typeof Config>;
