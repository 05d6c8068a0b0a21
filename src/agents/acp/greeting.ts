/** The first words with an agent: `initialize`. */
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import { AgentFailure } from "./agent_failure.ts";
import { clientAbilities } from "./client_abilities.ts";
import type { AgentCall, SessionBounds } from "./agent_call.ts";
import { cut } from "./wire_value.ts";

const PROTOCOL_VERSION = 1;

export interface GreetingSteps {
  call: AgentCall;
  make: AgentMake;
  bounds: Pick<SessionBounds, "initialize_ms">;
}

/** The agent's reply. Rejects with `AgentFailure`. */
export function greet({ call, make, bounds }: GreetingSteps): Promise<WireObject> {
  return call("initialize", {
    protocolVersion: PROTOCOL_VERSION,
    clientCapabilities: clientAbilities(make),
    clientInfo: { name: "opencode-agents", version: "1.0.0" },
  }, bounds.initialize_ms);
}

/** Throws `AgentFailure` for an agent that speaks another version of the protocol. */
export function requireVersion(hello: WireObject): void {
  if (hello.protocolVersion === PROTOCOL_VERSION) return;
  throw new AgentFailure(
    `The agent speaks version ${cut(String(hello.protocolVersion), 20)} of the Agent Client Protocol, ` +
      `this server version ${PROTOCOL_VERSION}`,
  );
}
