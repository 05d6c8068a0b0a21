/** The entry point of this room: an `AgentRunner` that picks the protocol. */
import type { AgentRunner } from "../domain/agent_runner.ts";
import { startAcp } from "./acp/run_acp.ts";
import { startCommand } from "./command/run_command.ts";
import { shellText } from "./go_on_command.ts";
import { lookAt, probe, sessionsOf } from "./look_at_agent.ts";
import { taskOf } from "./supervision/process_owner.ts";
import { createSupervisor, type SupervisorOptions } from "./supervision/supervisor.ts";

/** Runs agents on this machine. One per server; `close` ends its reaper. */
export function createAgentRunner(options: SupervisorOptions): AgentRunner {
  const { clock, makes } = options;
  const supervisor = createSupervisor(options);
  const host = { clock, supervisor };
  return {
    start: (request, listener) =>
      request.agent.protocol === "acp"
        ? startAcp(request, listener, host, makes.of(request.agent))
        : startCommand(request, listener, host, makes.of(request.agent)),
    look: (agent) => lookAt(agent, options),
    probe: (name, agent, found, signal) => probe(name, agent, host, options, found, signal),
    tellsCost: (agent) => agent.protocol === "acp" ? makes.of(agent).tells_cost : false,
    canHold: (agent) => agent.protocol === "acp" && makes.of(agent).bind !== undefined,
    sessions: (name, agent, working_dir, signal) =>
      sessionsOf(name, agent, host, options, working_dir, signal),
    sessionCommand: (agent, session_id) => shellText(makes.of(agent).goOn(session_id)),
    get isAtWork() {
      return supervisor.runs.size > 0;
    },
    taskOf: (process) => taskOf(process, supervisor.runs, supervisor.mark, Deno.pid),
    expect: () => supervisor.expect(),
    keepUntil: (at_ms) => supervisor.keepUntil(at_ms),
    endStrays: () => supervisor.endStrays(),
    close: () => supervisor.close(),
  };
}
