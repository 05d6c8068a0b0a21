/** Section 6 of the document: what the server says unasked, to those who subscribed. */
import { z } from "zod";
import { Agent } from "./basic_messages.ts";
import { LogEntry } from "../domain/log_entry.ts";
import { ClaudeProcess, Process, SystemLoad } from "./process.ts";
import { SystemResources } from "./resources.ts";
import type { Channel } from "./subscription_messages.ts";
import { TaskSummary } from "./system_messages.ts";
import { PermissionRequest } from "../domain/permission_request.ts";
import { ProgressDetails, TaskStatus } from "../domain/task.ts";

const push = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape, timestamp: z.string() });

export const pushes = {
  task_status_update: push("task_status_update", {
    task_id: z.string(),
    old_status: TaskStatus.describe("Of a task that is new: pending."),
    new_status: TaskStatus,
    progress: z.int(),
    error: z.string().optional(),
  }),
  task_progress_update: push("task_progress_update", {
    task_id: z.string(),
    old_progress: z.int(),
    new_progress: z.int(),
    progress_details: ProgressDetails.optional(),
  }),
  permission_request: push("permission_request", {
    task_id: z.string(),
    ...PermissionRequest.shape,
  }),
  agent_update: push("agent_update", { agent: Agent }),
  resource_update: z.object({ type: z.literal("resource_update"), resources: SystemResources }),
  detailed_process_scan: push("detailed_process_scan", {
    processes: z.array(Process),
    system_load: SystemLoad.optional(),
    scan_duration_ms: z.number(),
  }),
  claude_processes_update: push("claude_processes_update", {
    processes: z.array(ClaudeProcess),
    process_count: z.int(),
    opencode_processes: z.int(),
    claude_desktop_processes: z.int(),
  }),
  task_manager_status: push("task_manager_status", { summary: TaskSummary }),
  connection_status: push("connection_status", {
    status: z.enum(["healthy", "degraded"]),
    client_count: z.int(),
    uptime_seconds: z.int(),
    last_ping: z.string().optional().describe("Its last ping; before the first one, when it connected."),
    message_queue_size: z.int(),
  }),
  security_alert: push("security_alert", {
    alert_type: z.enum([
      "authentication_failure",
      "authorization_denied",
      "rate_limit_exceeded",
      "suspicious_activity",
      "certificate_error",
      "brute_force_attempt",
    ]),
    severity: z.enum(["low", "medium", "high", "critical"]),
    details: z.looseObject({
      client_ip: z.string(),
      attempts: z.int(),
      time_window: z.int().describe("Seconds."),
    }),
  }),
  rate_limit_info: push("rate_limit_info", {
    limits: z.record(z.string(), z.object({ current: z.int(), limit: z.int(), reset_time: z.string() })),
  }),
  log_entry: z.object({
    type: z.literal("log_entry"),
    log: LogEntry,
    subscription_id: z.string().optional(),
  }),
};

/** The channel that carries each push, and when it comes. */
export const PUSHED: Record<keyof typeof pushes, { channel: Channel; when: string }> = {
  task_status_update: { channel: "task_status", when: "A task is new, or its status has changed." },
  task_progress_update: { channel: "task_progress", when: "A task's progress or present step has changed." },
  permission_request: {
    channel: "task_status",
    when: "An agent asks whether it may do something; answer with respond_to_permission.",
  },
  agent_update: {
    channel: "agents",
    when: "An agent starts, ends, or is at something else; and every monitor.resources_interval_ms (5 s).",
  },
  resource_update: { channel: "system_resources", when: "Every monitor.resources_interval_ms (5 s)." },
  detailed_process_scan: { channel: "processes", when: "Every monitor.processes_interval_ms (30 s)." },
  claude_processes_update: {
    channel: "claude_processes",
    when: "Every monitor.processes_interval_ms (30 s).",
  },
  task_manager_status: {
    channel: "task_manager",
    when: "Every monitor.task_summary_interval_ms (15 s).",
  },
  connection_status: { channel: "connection", when: "Every 15 s; about the connection that gets it." },
  security_alert: { channel: "security", when: "Something looks like an attack." },
  rate_limit_info: {
    channel: "rate_limits",
    when: "Every 5 s; and unasked, at most once a second, while 80 % of a limit of this connection are used.",
  },
  log_entry: {
    channel: "log_entries",
    when:
      "An entry was written; also for a followed request_log_entries, whose subscription_id it then carries.",
  },
};

export type Pushes = { [T in keyof typeof pushes]: z.infer<typeof pushes[T]> };
export type SecurityAlert = Pushes["security_alert"];
export type Push = Pushes[keyof Pushes];
