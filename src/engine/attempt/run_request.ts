/** Builds the request for an agent from its task's record and the settings. */
import type { AgentConfig } from "../../domain/agent_config.ts";
import { ApiError } from "../../domain/errors.ts";
import type { RunRequest } from "../../domain/run.ts";
import { executionOf, type TaskRecord } from "../../domain/task_record.ts";
import type { RunSettings } from "../run_context.ts";

/** Throws `CONFIGURATION_ERROR` if there is no such agent. */
export function agentConfig({ agents }: Pick<RunSettings, "agents">, name: string): AgentConfig {
  const config = agents[name];
  if (!config) throw new ApiError("CONFIGURATION_ERROR", `Agent '${name}' is not configured`);
  return config;
}

/** @param working_dir absolute, symlinks resolved */
export function runRequest(
  { id, spec, state }: TaskRecord,
  settings: RunSettings,
  agent_name: string,
  working_dir: string,
): RunRequest {
  const execution = executionOf({ id, spec, state });
  const agent = agentConfig(settings, agent_name);
  const { session } = state;
  const isSame = session?.agent === agent_name && session.working_dir === working_dir;
  return {
    task: {
      id,
      type: spec.type,
      description: spec.description,
      prompt: execution.prompt ?? spec.description,
      files_pattern: spec.files_pattern,
      metadata: spec.metadata,
    },
    attempt: state.attempt,
    agent_name,
    agent,
    working_dir,
    env: execution.env ?? {},
    model: execution.model ?? agent.model,
    effort: execution.effort ?? agent.effort,
    mode: execution.mode ?? agent.mode,
    permissions: execution.permissions ?? settings.permissions,
    namesPermissions: execution.permissions !== undefined,
    permission_timeout_ms: settings.permission_timeout_ms,
    session_timeout_ms: settings.session_timeout_ms,
    resume: isSame ? { session_id: session.session_id } : undefined,
  };
}
