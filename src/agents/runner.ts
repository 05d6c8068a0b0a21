/** The way in: an `AgentRunner` that picks the protocol. */
import type { AgentRunner } from "../protocol/run.ts";
import { startAcp } from "./acp.ts";
import { startCommand } from "./command.ts";
import { createSupervisor, type SupervisorOptions } from "./supervisor.ts";

/** Runs agents on this machine. One per server; `close` ends its reaper. */
export function createAgentRunner(options: SupervisorOptions): AgentRunner {
  const supervisor = createSupervisor(options);
  const host = { clock: options.clock, supervisor };
  return {
    start: (request, listener) =>
      request.agent.protocol === "acp"
        ? startAcp(request, listener, host)
        : startCommand(request, listener, host),
    endStrays: () => supervisor.endStrays(),
    close: () => supervisor.close(),
  };
}
