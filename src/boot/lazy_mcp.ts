/** MCP at `/mcp`, loaded by the first request: most servers get none. */
import type { Clock } from "../clock/clock.ts";
import type { EventBus } from "../engine/events.ts";
import type { McpOverHttp } from "./mcp_http.ts";

export function lazyMcp(bus: EventBus, clock: Clock): McpOverHttp {
  let loading: Promise<McpOverHttp> | undefined;
  return async (request, body, caller) => {
    loading ??= import("./mcp_http.ts").then(({ mcpOver }) => mcpOver(bus, clock));
    return await (await loading)(request, body, caller);
  };
}
