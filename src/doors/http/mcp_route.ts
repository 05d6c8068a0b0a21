/** `/mcp`: the Model Context Protocol over streamable HTTP. Without sessions, so only POST has a meaning. */
import type { Authentication } from "../../access/authentication.ts";
import { isKnown, isPrivileged } from "../../access/identity.ts";
import { actorKey } from "../../domain/actor.ts";
import { internalId } from "../../domain/tenant_id.ts";
import type { Router } from "../../api/router.ts";
import { readText } from "./body.ts";
import type { Route } from "./route.ts";

/** The error code that JSON-RPC reserves for servers. */
const SERVER_ERROR = -32000;

export interface McpCaller {
  /** Sends a message to the router in the caller's name. */
  ask(message: object): Promise<object>;
  /** The server's own id of a task of the caller's tenant. */
  innerId(id: string): string;
  /** Whether what it has shown is still valid: a call may wait for many minutes. */
  isAllowed(): boolean;
  /** Which client it is; undefined for all that have shown nothing. */
  who: string | undefined;
  /** Whether it has shown the token of a task. */
  isAgent: boolean;
  /** Whether a part of the calls is in reserve for it. */
  isPrivileged: boolean;
}

export interface McpRouteOptions {
  router: Router;
  auth: Pick<Authentication, "allows">;
  max_message_bytes: number;
  /** Answers a POST with this body. */
  mcp(request: Request, body: string, caller: McpCaller): Promise<Response>;
}

export function mcpRoute({ router, auth, max_message_bytes, mcp }: McpRouteOptions): Route {
  return {
    method: "POST",
    path: "/mcp",
    // The tools and what they take are told only to those who may use the API at all.
    permission: "any key",
    async handle({ context, session }) {
      // A tool's own messages are counted like all others. The call itself also counts, to limit calls that send none.
      session.limits.message();
      const body = await readText(context.req.raw, max_message_bytes);
      return await mcp(context.req.raw, body, {
        ask: async (message) => await router.dispatch(message, session),
        innerId: (id) => internalId(router.tenancy.ownOf(session.identity), id),
        isAllowed: () => auth.allows("read", session.identity),
        who: isKnown(session.identity) ? actorKey(session.actor) : undefined,
        isAgent: session.actor.kind === "agent",
        isPrivileged: isPrivileged(session.identity),
      });
    },
    errorForm: ({ code, message, details }) => ({
      jsonrpc: "2.0",
      id: null,
      error: { code: SERVER_ERROR, message, data: { code, details } },
    }),
  };
}
