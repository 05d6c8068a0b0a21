/** The names of the limits on kinds of requests, as the configuration has them. */
import type { Config } from "./config.ts";

export type LimitName = Exclude<keyof Config["limits"], "enabled" | "max_message_bytes">;

export type OperationLimit = Extract<
  LimitName,
  | "tasks_per_minute"
  | "status_checks_per_minute"
  | "kills_per_minute"
  | "file_operations_per_minute"
  | "log_queries_per_minute"
>;

/** How much of a limit is used. */
export interface LimitUsage {
  current: number;
  limit: number;
  /** When the window is empty again, if nothing more comes. */
  reset_time: string;
}
