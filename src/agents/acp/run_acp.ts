/** Starts an attempt of a task by an agent that speaks the Agent Client Protocol on its stdio. */
import { ApiError } from "../../domain/errors.ts";
import type { Run, RunListener } from "../../domain/run.ts";
import type { RunRequest } from "../../domain/run_request.ts";
import type { AgentMake } from "../makes/agent_make.ts";
import type { RunHost } from "../supervision/supervisor.ts";
import { AcpRun } from "./acp_run.ts";
import { type AcpBounds, BOUNDS } from "./bounds.ts";
import { bindingOf } from "./permission_binding.ts";

/**
 * Spawns the agent and begins. Throws the supervisor's `ApiError` when it cannot be spawned. If its program is missing and
 * known, `details.install` says how to get it, and an account.
 */
export async function startAcp(
  request: RunRequest,
  listener: RunListener,
  host: RunHost,
  make: AgentMake,
  bounds: Partial<AcpBounds> = {},
): Promise<Run> {
  const { bind, notes } = bindingOf(make, request);
  const spawn = () =>
    host.supervisor.spawn({
      command: [...request.agent.command, ...make.arguments(request)],
      request,
      defaults: make.environment(request),
      bind,
      kept: make.kept,
    });
  try {
    const process = await spawn();
    const load_ms = request.session_timeout_ms ?? BOUNDS.load_ms;
    const all_bounds = { ...BOUNDS, load_ms, ...bounds };
    return new AcpRun({
      request,
      listener,
      clock: host.clock,
      make,
      process,
      spawn,
      bounds: all_bounds,
      notes,
    });
  } catch (error) {
    if (!(error instanceof ApiError) || error.details.install === undefined) throw error;
    throw new ApiError(error.code, error.message, { ...error.details, install: make.install.advice });
  }
}
