/** Processes as the API shows them, and the filters for listing them. */
import * as z from "zod";
import { PROCESS_STATUSES } from "./process_statuses.ts";
import { alwaysSent } from "../domain/published.ts";
import { oneOrMany, text, Timestamp } from "../domain/scalars.ts";

export const ProcessStatus = z.enum(PROCESS_STATUSES);
export type ProcessStatus = z.infer<typeof ProcessStatus>;

export const ProcessType = z.enum([
  "opencode",
  "claude",
  "claude_desktop",
  "anthropic_claude",
  "cursor_claude",
  "unknown",
]);
export type ProcessType = z.infer<typeof ProcessType>;

const percent = z.number().min(0).max(100);

/** The fields that both views of a process share. Optional fields are absent if the server cannot read them. */
const common = {
  pid: z.int().min(1),
  name: text(0, 256),
  cmdline: text(0, 4096),
  status: ProcessStatus,
  /** Processor use since the previous scan, as a share of the whole machine. */
  cpu_percent: percent,
  memory_percent: percent,
  type: alwaysSent(ProcessType),
  /** Which coding agent it is. Some, such as `codex` and `gemini`, have no `ProcessType`. */
  agent: z.string().optional(),
  task_id: z.string().optional(),
  working_dir: z.string().optional(),
  activity: z.string().optional(),
  is_opencode: alwaysSent(z.boolean()),
  is_claude_desktop: alwaysSent(z.boolean()),
  start_time: alwaysSent(z.string()),
};

export const Process = z.object({
  ...common,
  /** Bytes. */
  memory_rss: z.int(),
  /** Seconds since the epoch. */
  create_time: z.number(),
  threads: z.int().optional(),
  open_files: z.int().optional(),
  connections: z.int().optional(),
  runtime_seconds: alwaysSent(z.int()),
});
export type Process = z.infer<typeof Process>;

/** A process in `claude_processes` and `claude_processes_update`. */
export const ClaudeProcess = z.object({
  ...common,
  /** Resident memory in bytes. */
  memory_usage: z.int(),
  discovered_at: z.string(),
});
export type ClaudeProcess = z.infer<typeof ClaudeProcess>;

export const SystemLoad = z.object({ load1: z.number(), load5: z.number(), load15: z.number() });
export type SystemLoad = z.infer<typeof SystemLoad>;

export const ResourceSummary = z.object({
  total_cpu_percent: percent,
  total_memory_percent: percent,
  claude_cpu_percent: percent,
  claude_memory_percent: percent,
});
export type ResourceSummary = z.infer<typeof ResourceSummary>;

export const ProcessFilter = z.strictObject({
  type: oneOrMany(ProcessType).optional(),
  status: oneOrMany(ProcessStatus).optional(),
  cpu_percent_min: percent.optional(),
  cpu_percent_max: percent.optional(),
  memory_percent_min: percent.optional(),
  memory_percent_max: percent.optional(),
  name_contains: text(1, 256).optional(),
  cmdline_contains: text(1, 4096).optional(),
  working_dir: text(1, 4096).optional(),
  created_after: Timestamp.optional(),
  created_before: Timestamp.optional(),
});
export type ProcessFilter = z.infer<typeof ProcessFilter>;

export const PROCESS_SORT_FIELDS = [
  "pid",
  "name",
  "cmdline",
  "status",
  "cpu_percent",
  "memory_percent",
  "memory_rss",
  "create_time",
  "type",
  "agent",
  "task_id",
  "working_dir",
  "activity",
  "is_opencode",
  "is_claude_desktop",
  "threads",
  "open_files",
  "connections",
  "start_time",
  "runtime_seconds",
] as const satisfies readonly (keyof Process)[];
export type ProcessSortField = typeof PROCESS_SORT_FIELDS[number];

/** The signals that `kill_process` may send. */
export const KillSignal = z.enum([
  "SIGTERM",
  "SIGINT",
  "SIGHUP",
  "SIGQUIT",
  "SIGKILL",
  "SIGSTOP",
  "SIGCONT",
]);
export type KillSignal = z.infer<typeof KillSignal>;
