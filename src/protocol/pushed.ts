/**
 * The channels and their pushes. Separate from the schemas, which are too large for the client and the dashboard.
 */
import type { Push } from "./pushes.ts";

/** Each push with its channel and when it is sent. */
export const PUSHED = {
  resource_update: { channel: "system_resources", when: "Every monitor.resources_interval_ms (5 s)." },
  task_status_update: { channel: "task_status", when: "A task is new, or its status has changed." },
  permission_request: {
    channel: "task_status",
    when: "An agent asks for permission. Answer with respond_to_permission.",
  },
  question_asked: {
    channel: "conversations",
    when: "An agent asks a person something. Answer with answer_question.",
  },
  conversation_message: {
    channel: "conversations",
    when: "A message of a task's conversation is new, is delivered, or is withdrawn.",
  },
  task_changed: {
    channel: "conversations",
    when:
      "A task waits for something else than before, or for nothing; its open requests or questions, its turn, waiting " +
      "messages, workspace, changes or review changed.",
  },
  task_progress_update: { channel: "task_progress", when: "A task's progress or current step has changed." },
  task_manager_status: {
    channel: "task_manager",
    when: "Every monitor.task_summary_interval_ms (15 s).",
  },
  schedule_changed: {
    channel: "task_manager",
    when: "A schedule is new, was changed, has run or is gone.",
  },
  agent_update: {
    channel: "agents",
    when: "An agent starts, ends or changes its activity; and every monitor.resources_interval_ms (5 s).",
  },
  log_entry: {
    channel: "log_entries",
    when: "A log entry was written. Also sent for request_log_entries with follow, with its subscription_id.",
  },
  detailed_process_scan: { channel: "processes", when: "Every monitor.processes_interval_ms (30 s)." },
  claude_processes_update: {
    channel: "claude_processes",
    when: "Every monitor.processes_interval_ms (30 s).",
  },
  connection_status: { channel: "connection", when: "Every 15 s, about the connection that receives it." },
  security_alert: { channel: "security", when: "Something looks like an attack." },
  rate_limit_info: {
    channel: "rate_limits",
    when:
      "Every 5 s. Also without a subscription, at most once per second, while this connection uses 80 % or more of a limit.",
  },
} as const satisfies Record<Push["type"], { channel: string; when: string }>;

type Channel = typeof PUSHED[Push["type"]]["channel"];

/** All channels, in the order of their pushes. */
export const CHANNELS: readonly Channel[] = [...new Set(Object.values(PUSHED).map(({ channel }) => channel))];
