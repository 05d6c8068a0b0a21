/** The limits in words. */
import type { LimitName } from "../../../protocol/limits.ts";

export interface LimitWords {
  name: string;
  /** The unit. */
  what: string;
}

export const LIMITS: Record<LimitName, LimitWords> = {
  connections: { name: "Connections", what: "at once" },
  connections_per_second: { name: "New connections", what: "per second" },
  global_messages_per_minute: { name: "All messages", what: "per minute" },
  messages_per_minute: { name: "Messages", what: "per minute" },
  tasks_per_minute: { name: "New tasks", what: "per minute" },
  status_checks_per_minute: { name: "Status checks", what: "per minute" },
  log_queries_per_minute: { name: "Log queries", what: "per minute" },
  file_operations_per_minute: { name: "File operations", what: "per minute" },
  kills_per_minute: { name: "Ended processes", what: "per minute" },
  burst_per_second: { name: "Burst", what: "messages per second" },
  reconnections_per_minute: { name: "Reconnections", what: "per minute and address" },
};

/** The order on the page. */
export const LIMIT_ORDER = Object.keys(LIMITS) as LimitName[];

/** The server does not report the use of these limits, only refusals. */
export const UNMEASURED: readonly LimitName[] = ["burst_per_second", "reconnections_per_minute"];

/** Whether this is one of the limits that can be configured. */
export function isLimit(name: unknown): name is LimitName {
  return typeof name === "string" && Object.hasOwn(LIMITS, name);
}

/** Such as `Reconnections: at most 5 per minute and address`. */
export function limitText(limit: LimitName, most: number): string {
  const { name, what } = LIMITS[limit];
  return `${name}: at most ${most} ${what}`;
}

export function limitName(limit: string): string {
  return isLimit(limit) ? LIMITS[limit].name : limit;
}
