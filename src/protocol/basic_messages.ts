/** Section 1 of the document: is anybody there, and how does everything stand. */
import { z } from "zod";
import { exchange } from "./exchange.ts";
import { ClaudeProcess } from "./process.ts";
import { SystemResources } from "./resources.ts";
import { Task } from "./task.ts";

/** An agent at work: one running attempt of a task. */
export const Agent = z.object({
  id: z.string(),
  status: z.string(),
  /** The agent's name in the configuration. */
  type: z.string(),
  task: z.string(),
  task_id: z.string(),
  progress: z.int(),
  start_time: z.string(),
  pid: z.int().optional(),
  memory_usage: z.number().optional(),
  cpu_percent: z.number().optional(),
  working_dir: z.string().optional(),
  is_claude_desktop: z.boolean(),
  process_type: z.string(),
  timestamp: z.string().optional(),
});
export type Agent = z.infer<typeof Agent>;

export const basicMessages = {
  ping: exchange("ping", { timestamp: z.number().optional() }, "pong", {
    timestamp: z.number().optional(),
    server_time: z.string(),
  }),
  request_status: exchange("request_status", {}, "full_status", {
    data: z.object({
      agents: z.array(Agent),
      tasks: z.array(Task),
      system_resources: SystemResources.optional(),
      claude_processes: z.array(ClaudeProcess).optional(),
    }),
  }),
};
