/** Wires MCP at `/mcp`: the tools, the router, the events of the engine. */
import manifest from "../../deno.json" with { type: "json" };
import type { Clock } from "../clock/clock.ts";
import type { EventBus } from "../engine/events.ts";
import type { Change } from "../doors/mcp/backend.ts";
import type { McpRouteOptions } from "../doors/http/mcp_route.ts";
import { McpEndpoint } from "../doors/mcp/http.ts";
import { InnerBackend } from "../doors/mcp/inner_backend.ts";

export type McpOverHttp = McpRouteOptions["mcp"];

export function mcpOver(bus: EventBus, clock: Clock): McpOverHttp {
  const endpoint = new McpEndpoint();
  const watch = (task_id: string, changed: (change: Change) => void) =>
    bus.listen((event) => {
      if (event.kind === "permission.requested" && event.task_id === task_id) {
        return changed({ step: `waits for a person's permission: ${event.request.title}` });
      }
      if (event.kind !== "task.changed" && event.kind !== "task.progressed") return;
      const { id, state: { status, progress, progress_details } } = event.after;
      if (id === task_id) changed({ status, progress, step: progress_details?.current_step });
    });
  return (request, body, { ask, innerId, isAllowed, who, isAgent, isPrivileged }) =>
    endpoint.handle(request, body, {
      who,
      isAgent,
      isPrivileged,
      backend: new InnerBackend({
        ask,
        // Whoever has lost its rights meanwhile hears nothing, but looks again, and is refused.
        watch: (id, changed) => watch(innerId(id), (change) => changed(isAllowed() ? change : {})),
      }),
      clock,
      version: manifest.version,
    });
}
