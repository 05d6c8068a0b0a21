/** MCP at `/mcp`, wired: the tools, the router, the engine's news. Loaded by the first request: most servers get none. */
import manifest from "./deno.json" with { type: "json" };
import { systemClock as clock } from "./src/clock/clock.ts";
import type { EventBus } from "./src/engine/events.ts";
import type { Change } from "./src/mcp/desk.ts";
import { McpEndpoint } from "./src/mcp/http.ts";
import { InnerDesk } from "./src/mcp/inner_desk.ts";

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
