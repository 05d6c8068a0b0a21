/** MCP at `/mcp`, wired: the tools, the router, the engine's news. Loaded by the first request: most servers get none. */
import manifest from "../../deno.json" with { type: "json" };
import { systemClock as clock } from "../clock/clock.ts";
import type { EventBus } from "../engine/events.ts";
import type { Change } from "../doors/mcp/backend.ts";
import { McpEndpoint } from "../doors/mcp/http.ts";
import { InnerDesk } from "../doors/mcp/inner_backend.ts";

type Ask = (message: object) => Promise<object>;

/** What answers each POST to `/mcp`. */
export function mcpOver(bus: EventBus): (request: Request, body: string, ask: Ask) => Promise<Response> {
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
  return (request, body, ask) =>
    endpoint.handle(request, body, {
      desk: new InnerDesk({ ask, watch }),
      clock,
      version: manifest.version,
    });
}
