/** Log entries, as the API document defines them. */
import * as z from "zod";
import { LOG_LEVELS } from "./log_levels.ts";

export const LogLevel = z.enum(LOG_LEVELS);
export type LogLevel = z.infer<typeof LogLevel>;

export const LogEntry = z.object({
  time: z.string(),
  level: LogLevel,
  message: z.string(),
  /** The task's id, for what its agent printed or the engine did for it; otherwise the server's component. */
  agent: z.string(),
  source: z.string(),
  details: z.record(z.string(), z.unknown()),
  stack_trace: z.string().optional(),
  context: z.record(z.string(), z.unknown()),
});
export type LogEntry = z.infer<typeof LogEntry>;
