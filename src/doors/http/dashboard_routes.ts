/** The dashboard's page and files. */
import { etag, RETAINED_304_HEADERS } from "hono/etag";
import type { DashboardFiles } from "./dashboard_files.ts";
import { SECURITY_HEADERS } from "./security_headers.ts";
import type { Route } from "./route.ts";

export function dashboardRoutes(files: Pick<DashboardFiles, "answer">): Route[] {
  // The files bring their own ETag; a page from the browser's cache keeps its policy.
  const middleware = etag({ retainedHeaders: [...RETAINED_304_HEADERS, ...SECURITY_HEADERS] });
  const shared = { method: "GET", permission: "none", middleware } as const;
  return [
    {
      ...shared,
      path: "/",
      handle: ({ context }) => files.answer("index.html", context.req.raw),
    },
    {
      ...shared,
      path: "/assets/:name",
      handle: ({ context }) => files.answer(context.req.param("name")!, context.req.raw),
    },
  ];
}
