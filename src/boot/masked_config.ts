/** The configuration as it may be shown: without secrets. */
import { HIDDEN, hidden } from "../domain/hidden_value.ts";
import { type McpServer, shownServer } from "../domain/mcp_server.ts";
import { shownTask } from "../domain/template.ts";
import type { Config } from "../protocol/config.ts";

const SECRET_NAME = /key|token|secret|password|credential|auth/i;

/** The configuration with secrets masked, for `--print-config`. */
export function masked(config: Config): Config {
  const agents = Object.entries(config.agents).map(([name, agent]) => [name, {
    ...agent,
    command: maskedArguments(agent.command),
    env: hidden(agent.env),
    mcp_servers: agent.mcp_servers?.map(maskedServer),
  }]);
  const projects = Object.entries(config.projects).map(([name, project]) => [name, {
    ...project,
    env: project.env && hidden(project.env),
    mcp_servers: project.mcp_servers?.map(maskedServer),
    setup: project.setup?.map(maskedArguments),
    teardown: project.teardown?.map(maskedArguments),
    checks: project.checks?.map((check) => typeof check === "string" ? check : maskedArguments(check)),
  }]);
  const notifications = config.notifications.map((target) =>
    target.channel === "command"
      ? { ...target, command: maskedArguments(target.command) }
      // Who knows a webhook's path or a topic can write there, and read.
      : {
        ...target,
        url: maskedPath(target.url),
        topic: target.channel === "ntfy" ? HIDDEN : undefined,
        headers: target.headers && hidden(target.headers),
      } as typeof target
  );
  return {
    ...config,
    agents: Object.fromEntries(agents),
    projects: Object.fromEntries(projects),
    checks: Object.fromEntries(
      Object.entries(config.checks).map(([name, argv]) => [name, maskedArguments(argv)]),
    ),
    notifications,
    templates: Object.fromEntries(
      Object.entries(config.templates).map(([name, template]) => [name, {
        ...template,
        task: shownTask(template.task),
      }]),
    ),
  };
}

function maskedPath(url: string): string {
  const { origin, pathname } = new URL(url);
  return pathname === "/" ? origin : `${origin}/${HIDDEN}`;
}

function maskedServer(server: McpServer): McpServer {
  const { args, url, ...shown } = shownServer(server);
  return {
    ...shown,
    args: args && maskedArguments(args),
    url: url === undefined ? undefined : withoutPassword(url),
  };
}

function maskedArguments(all: readonly string[]): string[] {
  return all.map((argument, i) => maskedArgument(argument, all[i - 1]));
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
