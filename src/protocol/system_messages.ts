/** The server's own health and metrics: sections 3 and 6 of the API document. */
import * as z from "zod";
import { alwaysSent } from "../domain/published.ts";
import { exchange } from "./exchange.ts";

export const ComponentStatus = z.enum(["healthy", "degraded", "unhealthy"]);
export type ComponentStatus = z.infer<typeof ComponentStatus>;

export const HealthIssue = z.object({
  code: z.string(),
  component: z.string(),
  severity: z.enum(["warning", "critical"]),
  message: z.string(),
  since: z.string(),
});
export type HealthIssue = z.infer<typeof HealthIssue>;

/** What a component finds wrong with itself. */
export type HealthFinding = Pick<HealthIssue, "code" | "severity" | "message">;

export const Health = z.object({
  overall_status: ComponentStatus,
  components: z.record(z.string(), ComponentStatus),
  uptime_seconds: z.int(),
  last_health_check: z.string(),
  issues: z.array(HealthIssue),
});
export type Health = z.infer<typeof Health>;

const RANGE = /^(\d{1,4})(m|h)$/;
const UNIT_MINUTES = { m: 1, h: 60 };
const DAY_MINUTES = 1440;

/** The minutes of a range such as `15m` or `6h`; NaN if the text is not a range. */
export function rangeMinutes(range: string): number {
  const match = RANGE.exec(range);
  return match ? Number(match[1]) * UNIT_MINUTES[match[2] as "m" | "h"] : NaN;
}

const TimeRange = z.string()
  .refine((range) => RANGE.test(range), {
    error: "minutes or hours, such as 15m or 6h",
    params: { code: "INVALID_FIELD_FORMAT" },
  })
  .refine((range) => !RANGE.test(range) || (rangeMinutes(range) >= 1 && rangeMinutes(range) <= DAY_MINUTES), {
    error: "1m to 24h",
  });

export const Metrics = z.object({
  requests_total: z.int(),
  requests_per_second: z.number(),
  average_response_time_ms: z.number(),
  latency_percentiles_ms: alwaysSent(z.object({ p50: z.number(), p90: z.number(), p99: z.number() })),
  error_rate_percent: z.number(),
  endpoint_usage: z.record(z.string(), z.int()),
  client_connections: z.object({ current: z.int(), peak_today: z.int(), total_today: z.int() }),
  time_range: z.string(),
  timestamp: z.string(),
});
export type Metrics = z.infer<typeof Metrics>;

export const TaskSummary = z.object({
  total: z.int(),
  pending: z.int(),
  running: z.int(),
  completed: z.int(),
  failed: z.int(),
  cancelled: z.int(),
  queued: z.int(),
  paused: alwaysSent(z.int()),
  active_workers: z.int(),
  queue_depth: z.int(),
  /** Milliseconds; 0 while no task has completed. */
  average_completion_time: z.number(),
  /** The share of completed tasks among completed and failed ones; 0 while there are none. */
  success_rate_percent: z.number(),
});
export type TaskSummary = z.infer<typeof TaskSummary>;

export const systemMessages = {
  request_system_health: exchange("request_system_health", {}, "system_health", { data: Health }),
  request_metrics: exchange("request_metrics", { time_range: TimeRange.default("1h") }, "api_metrics", {
    data: Metrics,
  }),
};
