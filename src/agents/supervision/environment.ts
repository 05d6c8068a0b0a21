/** The environment of an agent process, and the marks in it that identify the process later. */
import { ApiError } from "../../domain/errors.ts";
import type { RunRequest } from "../../domain/run.ts";
import type { EnvironmentMark } from "../../host/processes/process_tree.ts";

/** The server's own variables that every agent gets. `TMPDIR` is one of them too, but each run has its own. */
const ALWAYS = ["PATH", "HOME", "LANG", "TZ", "TERM"];
/** So are the variables of the locale. */
const LOCALE = /^LC_/;

/** The proxies of this network, without which an agent does not reach its model. Programs read either spelling. */
const PROXY = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY"];

/** The certificates that this network's servers and proxies are known by, and the switch that makes Node use a proxy. */
const NETWORK = [
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "NODE_USE_SYSTEM_CA",
  "NODE_USE_ENV_PROXY",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "GIT_SSL_CAPATH",
  "PIP_CERT",
  "AWS_CA_BUNDLE",
  "CARGO_HTTP_CAINFO",
  "NIX_SSL_CERT_FILE",
];

const REACHES_EVERY_AGENT = new Set([
  ...ALWAYS,
  ...PROXY,
  ...PROXY.map((name) => name.toLowerCase()),
  ...NETWORK,
]);

const STORE = "OPENCODE_AGENTS_STORE";
const INSTANCE = "OPENCODE_AGENTS_INSTANCE";

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

function pick(env: Record<string, string>, names: string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

/** The server's variables that reach every agent: the basic ones, the locale, proxies and certificates. */
function commonEnvironment(server_env: Record<string, string>): Record<string, string> {
  const names = Object.keys(server_env);
  return pick(server_env, names.filter((name) => REACHES_EVERY_AGENT.has(name) || LOCALE.test(name)));
}

/**
 * The whole environment of a run. Later values override earlier ones, in this order: the server's common variables, a
 * TMPDIR, the make's variables, the agent's `env` and `pass_env`, the task's `env`, the task, our marks. Throws
 * `ApiError` for a name or value that an environment cannot contain.
 */
export function runEnvironment(request: RunRequest, source: EnvironmentSource): Record<string, string> {
  const { task, agent } = request;
  const env: Record<string, string> = {
    ...commonEnvironment(source.server_env),
    TMPDIR: source.tmp_dir,
    ...source.defaults,
    ...agent.env,
    ...pick(source.server_env, agent.pass_env),
    ...request.env,
    TASK_ID: task.id,
    TASK_TYPE: withoutNul(task.type),
    TASK_DESCRIPTION: withoutNul(task.description),
    TASK_PROMPT: withoutNul(task.prompt),
    TASK_FILES_PATTERN: withoutNul(task.files_pattern ?? ""),
    TASK_ATTEMPT: String(request.attempt),
    ...request.model === undefined ? {} : { TASK_MODEL: withoutNul(request.model) },
    [STORE]: source.store_id,
    [INSTANCE]: source.instance_id,
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
