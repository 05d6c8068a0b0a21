/** Log entries, as the document shows them. */
import { z } from "zod";

export const LogLevel = z.enum(["debug", "info", "warn", "error", "fatal"]);
export type LogLevel = z.infer<typeof LogLevel>;

export const LogEntry = z.object({
  time: z.string(),
  level: LogLevel,
  message: z.string(),
  /** The task id for what an agent printed or the engine did for it; the server's component otherwise. */
  agent: z.string(),
  source: z.string(),
  details: z.record(z.string(), z.unknown()),
  stack_trace: z.string().optional(),
  context: z.record(z.string(), z.unknown()),
});
export type LogEntry = z.infer<typeof LogEntry>;
