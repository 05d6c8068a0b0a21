/** Builds the request for an agent from its task's record and the settings. */
import type { AgentConfig } from "../../domain/agent_config.ts";
import { ApiError } from "../../domain/errors.ts";
import { addedUp } from "../../domain/mcp_server.ts";
import { heldTo } from "../../domain/permission_decision.ts";
import type { RunRequest } from "../../domain/run_request.ts";
import { executionOf, type TaskRecord, type TaskState } from "../../domain/task_record.ts";
import { programsOf } from "../../domain/check.ts";
import { refuseCommands } from "../client_commands.ts";
import { refuseVariables } from "../client_variables.ts";
import type { RunSettings } from "../run_context.ts";

/** Throws `CONFIGURATION_ERROR` if there is no such agent. */
export function agentConfig({ agents }: Pick<RunSettings, "agents">, name: string): AgentConfig {
  const config = agents[name];
  if (!config) throw new ApiError("CONFIGURATION_ERROR", `Agent '${name}' is not configured`);
  return config;
}

/** Where an attempt runs, and by which agent. */
export interface Place {
  /** The agent's name in the configuration. */
  agent: string;
  /** Absolute, symlinks resolved. */
  working_dir: string;
  node: string;
}

/**
 * Throws `CONFIGURATION_ERROR` for an agent that is not there or cannot be told what the turn is about, and
 * `PERMISSION_DENIED` for a task with commands that are no longer allowed.
 */
export function runRequest(
  { id, spec, state }: TaskRecord,
  settings: RunSettings,
  here: Place,
): RunRequest {
  const { agent: agent_name, working_dir } = here;
  const own = executionOf({ id, spec, state });
  const execution = settings.executionOf({ spec });
  const agent = agentConfig(settings, agent_name);
  // What a task chooses of its own agent says nothing of one that takes its place.
  const isOwn = agent_name === settings.agentFor({ spec });
  const chosen = isOwn ? execution : {};
  // The configuration has changed since the message was sent. A command would do its own prompt again.
  if (agent.protocol === "command" && state.prompt?.message !== undefined) {
    throw new ApiError(
      "CONFIGURATION_ERROR",
      `Agent '${agent_name}' has become a command, which takes no messages`,
    );
  }
  refuseCommands(own, settings);
  refuseVariables(own, agent_name, agent);
  const otherwise = execution.permissions ?? settings.permissions;
  const list = [...execution.permission_rules ?? [], ...settings.permission_rules];
  const checks = programsOf(execution.checks, settings.checks);
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
    model: chosen.model ?? agent.model,
    effort: chosen.effort ?? agent.effort,
    mode: chosen.mode ?? agent.mode,
    mcp_servers: addedUp(agent.mcp_servers, execution.mcp_servers),
    permissions: heldTo(otherwise, list, agent_name),
    rules: list.length > 0 ? { list, otherwise } : undefined,
    namesPermissions: own.permissions !== undefined,
    permission_timeout_ms: settings.permission_timeout_ms,
    permission_timeout_action: settings.permission_timeout_action,
    wait_for_background_ms: execution.wait_for_background_ms,
    session_timeout_ms: settings.session_timeout_ms,
    checks_ms: checks.length > 0 ? spec.timeout ?? settings.default_timeout_ms : undefined,
    resume: resumed({ id, spec, state }, here),
  };
}

/** Whether the agent gets this server's own tools. */
export function delegates(task: TaskRecord, settings: RunSettings, agent: string): boolean {
  return executionOf(task).delegate ?? agentConfig(settings, agent).delegate ?? settings.delegate;
}

/** The session that the attempt goes on with. A task that a person had begin anew does not take one up again. */
function resumed(task: TaskRecord, here: Place): RunRequest["resume"] {
  const { session, fresh_from } = task.state;
  const adopted = fresh_from === undefined ? executionOf(task).session : undefined;
  if (adopted !== undefined) {
    return { session_id: adopted, opened_at: session?.opened_at, adopted: true, cost: session?.cost };
  }
  if (session === undefined || strangeTo(session, here) !== undefined) return undefined;
  return { session_id: session.session_id, opened_at: session.opened_at, cost: session.cost };
}

type Session = NonNullable<TaskState["session"]>;

/** Whose the session is, if this attempt cannot load it: another agent's, folder's or node's. */
export function strangeTo(session: Session, here: Place): string | undefined {
  if (session.agent !== here.agent) return `of agent '${session.agent}'`;
  if (session.working_dir !== here.working_dir) return `of the folder ${session.working_dir}`;
  return (session.node ?? here.node) === here.node ? undefined : `on node '${session.node}'`;
}
