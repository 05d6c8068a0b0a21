/** The names of the limits, as in the configuration. */

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

/** Limits that all clients share. The others apply to each client by itself. */
export const SHARED_LIMITS: readonly LimitName[] = [
  "connections",
  "connections_per_second",
  "global_messages_per_minute",
];

export interface LimitUsage {
  current: number;
  limit: number;
  /** When the use is back at zero, if no more requests arrive. */
  reset_time: string;
}
