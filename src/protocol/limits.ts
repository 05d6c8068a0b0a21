/** The names of the limits, as the configuration has them. */

/** Limits on kinds of requests, per minute and connection (over HTTP: per address). */
export const OPERATION_LIMITS = [
  "tasks_per_minute",
  "status_checks_per_minute",
  "kills_per_minute",
  "file_operations_per_minute",
  "log_queries_per_minute",
] as const;
export type OperationLimit = typeof OPERATION_LIMITS[number];

export const LIMIT_NAMES = [
  "connections",
  "connections_per_second",
  "reconnections_per_minute",
  "global_messages_per_minute",
  "messages_per_minute",
  "burst_per_second",
  ...OPERATION_LIMITS,
] as const;
export type LimitName = typeof LIMIT_NAMES[number];

/** Those that all clients share; a client of its own has no other. */
export const SHARED_LIMITS: readonly LimitName[] = [
  "connections",
  "connections_per_second",
  "global_messages_per_minute",
];

/** How much of a limit is used. */
export interface LimitUsage {
  current: number;
  limit: number;
  /** When the window is empty again, if nothing more comes. */
  reset_time: string;
}
