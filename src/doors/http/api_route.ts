/** `/api`: takes one message and returns its reply. */
import type { Router } from "../../api/router.ts";
import { readText } from "./body.ts";
import type { Route } from "./route.ts";

export interface ApiRouteOptions {
  router: Router;
  max_message_bytes: number;
}

export function apiRoute({ router, max_message_bytes }: ApiRouteOptions): Route {
  return {
    method: "POST",
    path: "/api",
    permission: "per message",
    handle: async ({ context, session }) =>
      await router.receive(await readText(context.req.raw, max_message_bytes), session),
  };
}
