/** Section 6 of the API document: what the server pushes to subscribers. */
import * as z from "zod";
import { Agent } from "./basic_messages.ts";
import { ConversationMessage } from "./conversation_messages.ts";
import { LogEntry } from "../domain/log_entry.ts";
import { ClaudeProcess, Process, SystemLoad } from "./process.ts";
import { alwaysSent } from "../domain/published.ts";
import { SystemResources } from "./resources.ts";
import { TaskSummary } from "./system_messages.ts";
import { PermissionRequest } from "../domain/permission_request.ts";
import { Question } from "../domain/question.ts";
import { ProgressDetails, TaskStatus } from "../domain/task.ts";

const push = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape, timestamp: z.string() });

export const pushes = {
  task_status_update: push("task_status_update", {
    task_id: z.string(),
    old_status: TaskStatus.describe("For a new task: pending."),
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
  question_asked: push("question_asked", { task_id: z.string(), ...Question.shape }),
  conversation_message: push("conversation_message", {
    task_id: z.string(),
    message: ConversationMessage,
  }),
  task_changed: push("task_changed", {
    task_id: z.string(),
    changed: z.array(z.string()).describe(
      "The task's fields that have new values; get_task_status has them.",
    ),
  }),
  agent_update: push("agent_update", { agent: Agent }).extend({ timestamp: alwaysSent(z.string()) }),
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
  schedule_changed: push("schedule_changed", {
    task_id: z.string().describe("The schedule, which is new, was changed, has run, or is gone."),
  }),
  connection_status: push("connection_status", {
    status: z.enum(["healthy", "degraded"]),
    client_count: z.int(),
    uptime_seconds: z.int(),
    last_ping: z.string().optional().describe(
      "The time of its last ping, or of its connection before the first ping.",
    ),
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

export type Pushes = { [T in keyof typeof pushes]: z.infer<typeof pushes[T]> };
export type SecurityAlert = Pushes["security_alert"];
export type Push = Pushes[keyof Pushes];
