/** The versions of the API that a server may speak (`server.api`). */
import * as z from "zod";

export const ApiVersion = z.enum(["v1", "v2"]);
export type ApiVersion = z.infer<typeof ApiVersion>;

/** The WebSocket subprotocol that names each version. */
export const SUBPROTOCOLS: Readonly<Record<ApiVersion, string>> = {
  v1: "opencode-agents.v1",
  v2: "opencode-agents.v2",
};
