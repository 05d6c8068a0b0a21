/** All routes, in the order in which they are matched. */
import { apiRoute, type ApiRouteOptions } from "./api_route.ts";
import { attachmentRoute, type AttachmentRouteOptions } from "./attachment_route.ts";
import type { DashboardFiles } from "./dashboard_files.ts";
import { dashboardRoutes } from "./dashboard_routes.ts";
import { documentRoutes, type DocumentRoutesOptions } from "./document_routes.ts";
import { hookRoute, type HookRouteOptions } from "./hook_route.ts";
import { mcpRoute, type McpRouteOptions } from "./mcp_route.ts";
import { monitorRoutes, type MonitorRoutesOptions } from "./monitor_routes.ts";
import type { Route } from "./route.ts";

export interface RoutesOptions
  extends
    ApiRouteOptions,
    AttachmentRouteOptions,
    HookRouteOptions,
    McpRouteOptions,
    MonitorRoutesOptions,
    DocumentRoutesOptions {
  dashboard: Pick<DashboardFiles, "answer">;
}

export function allRoutes(options: RoutesOptions): Route[] {
  return [
    apiRoute(options),
    attachmentRoute(options),
    hookRoute(options),
    mcpRoute(options),
    ...monitorRoutes(options),
    ...documentRoutes(options),
    ...dashboardRoutes(options.dashboard),
  ];
}
