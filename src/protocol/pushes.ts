/** Section 6 of the document: what the server says unasked, to those who subscribed. */
import { z } from "zod";
import { Agent } from "./basic_messages.ts";
import { LogEntry } from "./log.ts";
import { ProgressDetails, TaskStatus } from "./task.ts";

const push = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape, timestamp: z.string() });

export const pushes = {
  task_status_update: push("task_status_update", {
    task_id: z.string(),
    old_status: TaskStatus.optional(),
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
    permission_id: z.string(),
    title: z.string(),
    tool_call: z.record(z.string(), z.unknown()),
    options: z.array(z.object({ option_id: z.string(), name: z.string(), kind: z.string() })),
    expires_at: z.string(),
  }),
  agent_update: push("agent_update", { agent: Agent }),
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
export type Push = Pushes[keyof Pushes];
