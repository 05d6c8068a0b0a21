import { capability } from "./capability.ts";

export const requestMetrics = capability({
  type: "request_metrics",
  doc:
    "Reports how the API was used over the last minutes or hours (1m to 24h): requests by type, rates, latencies, errors, connections.",
  permission: "read",
  errors: ["METRICS_UNAVAILABLE"],
  example: { type: "request_metrics", time_range: "1h" },
  handle: ({ time_range }, { metrics }) => ({ data: metrics.report(time_range) }),
});
