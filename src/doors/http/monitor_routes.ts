/** `/health` and `/metrics`, for monitoring. */
import type { Router } from "../../api/router.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Health } from "../../protocol/system_messages.ts";
import type { Route } from "./route.ts";

export interface MonitorRoutesOptions {
  health: { check(): Promise<Health> };
  router: Router;
  prometheus: { text(): Promise<{ body: string; content_type: string }> };
}

export function monitorRoutes({ health, prometheus, router }: MonitorRoutesOptions): Route[] {
  return [
    {
      method: "GET",
      path: "/health",
      permission: "none",
      async handle() {
        const report = await health.check();
        return Response.json(report, { status: report.overall_status === "unhealthy" ? 503 : 200 });
      },
    },
    {
      method: "GET",
      path: "/metrics",
      permission: "read",
      async handle({ session }) {
        const tenant = router.scopeOf(session.identity)?.boundTo;
        if (tenant !== undefined) {
          throw new ApiError("PERMISSION_DENIED", "The metrics are about the whole server", { tenant });
        }
        const { body, content_type } = await prometheus.text();
        return new Response(body, { headers: { "content-type": content_type } });
      },
    },
  ];
}
