/** The configuration as it may be shown: without secrets. */
import { shownServer } from "../domain/mcp_server.ts";
import type { Config } from "../protocol/config.ts";

const SECRET_NAME = /key|token|secret|password|credential|auth/i;
const HIDDEN = "***";

/** The configuration with secrets masked, for `--print-config`. */
export function masked(config: Config): Config {
  const agents = Object.entries(config.agents).map(([name, agent]) => [name, {
    ...agent,
    command: agent.command.map((argument, i, all) => maskedArgument(argument, all[i - 1])),
    env: Object.fromEntries(
      Object.entries(agent.env).map(([key, value]) => [
        key,
        SECRET_NAME.test(key) ? HIDDEN : withoutPassword(value),
      ]),
    ),
    mcp_servers: agent.mcp_servers?.map((server) => {
      const { args, url, ...shown } = shownServer(server);
      return {
        ...shown,
        args: args?.map((argument, i, all) => maskedArgument(argument, all[i - 1])),
        url: url === undefined ? undefined : withoutPassword(url),
      };
    }),
  }]);
  return { ...config, agents: Object.fromEntries(agents) };
}

/** Masks the value of `--api-key=SECRET`, and the argument after `--api-key`. */
function maskedArgument(argument: string, before: string | undefined): string {
  const isOption = (text: string) => /^--?[\w-]+$/.test(text) && SECRET_NAME.test(text);
  if (before !== undefined && isOption(before) && !argument.startsWith("-")) return HIDDEN;
  const [, name] = /^(--?[\w-]+)=/.exec(argument) ?? [];
  return name !== undefined && isOption(name) ? `${name}=${HIDDEN}` : withoutPassword(argument);
}

/** Masks the password in `https://user:PASSWORD@host`. */
function withoutPassword(text: string): string {
  return text.replace(/(\w+:\/\/[^/\s:@]*:)[^/\s@]+@/g, `$1${HIDDEN}@`);
}
