/** The environment of an agent process, and the marks in it that identify the process later. */
import { ApiError } from "../../domain/errors.ts";
import { accessVariables } from "../../domain/agent_access.ts";
import { INSTANCE } from "../../domain/process_origin.ts";
import type { RunRequest } from "../../domain/run_request.ts";
import { commonVariables, pickVariables, unproxied } from "../../host/processes/common_variables.ts";
import type { EnvironmentMark } from "../../host/processes/process_tree.ts";

const STORE = "OPENCODE_AGENTS_STORE";

export interface ServerIdentity {
  store_id: string;
  instance_id: string;
}

export interface EnvironmentSource extends ServerIdentity {
  server_env: Record<string, string>;
  /** The run's own folder for temporary files. */
  tmp_dir: string;
  /** Variables that this make of agent needs. */
  defaults?: Record<string, string>;
}

/** A task's text as a variable or an argument. Neither can contain a NUL, so it becomes U+FFFD. */
export function withoutNul(text: string): string {
  return text.replaceAll("\0", "\ufffd");
}

/**
 * The whole environment of a run. Later values override earlier ones, in this order: the server's common variables, a
 * TMPDIR, the make's variables, the agent's `env` and `pass_env`, the task's `env`, the task, our marks. An agent that
 * gets this server's own tools reaches them without a proxy. Throws
 * `ApiError` for a name or value that an environment cannot contain.
 */
export function runEnvironment(request: RunRequest, source: EnvironmentSource): Record<string, string> {
  const { task, agent } = request;
  const own = {
    ...source.defaults,
    ...agent.env,
    ...pickVariables(source.server_env, agent.pass_env),
    ...request.env,
  };
  const given = { ...pickVariables(source.server_env, commonVariables(source.server_env, own)), ...own };
  const env: Record<string, string> = {
    TMPDIR: source.tmp_dir,
    ...given,
    ...unproxied(given, request.own_tools?.http?.url),
    TASK_ID: task.id,
    TASK_TYPE: withoutNul(task.type),
    TASK_DESCRIPTION: withoutNul(task.description),
    TASK_PROMPT: withoutNul(task.prompt),
    TASK_FILES_PATTERN: withoutNul(task.files_pattern ?? ""),
    TASK_ATTEMPT: String(request.attempt),
    ...chosenVariables(request),
    ...attachedTo(request),
    ...accessVariables(request.access),
    ...serverMarks(source),
  };
  for (const [name, value] of Object.entries(env)) {
    if (name !== "" && !/[=\0]/.test(name) && !value.includes("\0")) continue;
    throw new ApiError("INVALID_FIELD_VALUE", `'${name}' cannot be an environment variable`, {
      field: "task.execution.env",
      value: name,
      expected: "names that are not empty and hold no '=', and no NUL characters",
    });
  }
  return env;
}

function chosenVariables({ model, effort, mode }: RunRequest): Record<string, string> {
  const chosen = Object.entries({ TASK_MODEL: model, TASK_EFFORT: effort, TASK_MODE: mode });
  return Object.fromEntries(
    chosen.flatMap(([name, value]) => value === undefined ? [] : [[name, withoutNul(value)]]),
  );
}

/** The attached files of a command, one a line. An agent that speaks ACP has them from its prompt. */
function attachedTo({ agent, attachments = [] }: RunRequest): Record<string, string> {
  if (agent.protocol !== "command" || attachments.length === 0) return {};
  return { TASK_ATTACHMENTS: attachments.map(({ path }) => path).join("\n") };
}

/** The variables by which the reaper and a later server find what this server has started. */
export function serverMarks({ store_id, instance_id }: ServerIdentity): Record<string, string> {
  return { [STORE]: store_id, [INSTANCE]: instance_id };
}

/** The mark of every process of one run, even if it has moved to another group or session. */
export function runMark(request: RunRequest, server: ServerIdentity): EnvironmentMark {
  return {
    all: [
      `${INSTANCE}=${server.instance_id}`,
      `TASK_ID=${request.task.id}`,
      `TASK_ATTEMPT=${request.attempt}`,
    ],
  };
}

/** The mark of every process that any run of this server has started. */
export function instanceMark(instance_id: string): EnvironmentMark {
  return { all: [`${INSTANCE}=${instance_id}`] };
}

/** The mark of processes that earlier servers on the same store have started. */
export function strayMark(server: ServerIdentity): EnvironmentMark {
  return { all: [`${STORE}=${server.store_id}`], none: [`${INSTANCE}=${server.instance_id}`] };
}
