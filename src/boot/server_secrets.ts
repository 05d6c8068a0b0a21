/** The secrets that this server knows by their values, which no log and no output shows. */
import { secretValues } from "../domain/masking.ts";
import type { McpServer } from "../domain/mcp_server.ts";
import { pickVariables } from "../host/processes/common_variables.ts";
import type { Config } from "../protocol/config.ts";
import { TOKEN_VARIABLE } from "../store/kv/remote_kv.ts";

/** Those of the configuration, and of the variables that it names. */
export function serverSecrets(config: Config, env: Readonly<Record<string, string>>): string[] {
  const { agents, projects, notifications, templates } = config;
  const named = [...notifications, ...Object.values(templates).map(({ trigger }) => trigger)]
    .flatMap((one) => one?.secret_env === undefined ? [] : [env[one.secret_env] ?? ""]);
  return [
    ...Object.values(agents).flatMap(({ env: own, pass_env, mcp_servers }) => [
      ...secretValues(own),
      ...secretValues(pickVariables(env, pass_env)),
      ...ofServers(mcp_servers),
    ]),
    ...Object.values(projects).flatMap(({ env: own = {}, mcp_servers }) => [
      ...secretValues(own),
      ...ofServers(mcp_servers),
    ]),
    ...notifications.flatMap((one) => one.channel === "command" ? [] : Object.values(one.headers ?? {})),
    ...named,
    env[TOKEN_VARIABLE] ?? "",
  ];
}

function ofServers(servers: readonly McpServer[] = []): string[] {
  return servers.flatMap(({ env = {}, headers = {} }) => [...secretValues(env), ...Object.values(headers)]);
}
