/** The configuration: defaults, overridden by the file, overridden by flags. */
import { dirname, relative, resolve } from "node:path";
import { dataDir } from "../cli/data_dir.ts";
import { homeFolder } from "../cli/home.ts";
import type { z } from "zod";
import { BUILT_IN_MAKES } from "../agents/makes/built_in.ts";
import { memoryTotal } from "../host/resources/memory.ts";
import { AgentConfig } from "../domain/agent_config.ts";
import type { McpServers } from "../domain/mcp_server.ts";
import type { Sandbox } from "../domain/sandbox.ts";
import type { Project } from "../domain/project.ts";
import { type Config, configWith, type KnownAgents } from "../protocol/config.ts";
import { ApiError } from "../domain/errors.ts";
import { schemaError } from "../protocol/schema_errors.ts";
import { fieldPath } from "../domain/field_problem.ts";
import { type Home, type Place, placeOf, programOf } from "../protocol/places.ts";

/** The flags of `serve`. */
export interface ServeFlags {
  host?: string;
  port?: number;
  data?: string;
  config?: string;
  demo?: boolean;
  printConfig?: boolean;
  insecure?: boolean;
}

/**
 * The effective configuration of these flags and of the file that they name. Throws `ApiError` `CONFIGURATION_ERROR`
 * that names the file, the key and what is allowed there. `base`: the folder that relative paths in it start from (the
 * file's own, else the current one).
 */
export async function loadConfig(
  flags: ServeFlags,
  known?: KnownAgents,
): Promise<{ config: Config; base: string }> {
  const written = flags.config === undefined ? {} : await readJson(flags.config);
  const base = flags.config === undefined ? Deno.cwd() : dirname(resolve(flags.config));
  const config = effectiveConfig(written, { base, file: flags.config, known });
  if (flags.host !== undefined) config.server.host = flags.host;
  if (flags.port !== undefined) config.server.port = flags.port;
  return { config, base };
}

/**
 * The configuration as written, with defaults for what it leaves out and absolute paths. Throws `ApiError`
 * `CONFIGURATION_ERROR`. `base`: the folder that its relative paths start from; `file`: the name for errors; `home`: what
 * `~` stands for.
 */
export function effectiveConfig(
  written: unknown,
  { base, file, known = BUILT_IN_MAKES.known, home = homeFolder }: {
    base: string;
    file?: string;
    known?: KnownAgents;
    home?: Home;
  },
): Config {
  refuseProto(written, [], file);
  const schema = configWith(known);
  // It is read once, so no code is generated for it.
  const parsed = schema.safeParse(written, { jitless: true });
  if (!parsed.success) {
    const issue = schemaError(schema, parsed.error.issues, written);
    const first = parsed.error.issues[0]!;
    const field = String(issue.details.field ?? fieldPath(first.path));
    throw configurationError(`${file ?? "Configuration"}: ${issue.message}`, {
      ...issue.details,
      file,
      field,
    });
  }
  const config = withPlaces(withKnownAgents(parsed.data, known), base, home);
  if (config.server.api === "v2" && !isGiven(written, "security", "auth")) config.security.auth = "required";
  if (!isGiven(written, "tasks", "max_concurrent")) {
    config.tasks.max_concurrent = slotsFor(config.tasks.max_concurrent, memoryTotal());
  }
  checkAgents(config);
  refuseUnknownChecks(config);
  if (!isGiven(written, "tasks", "working_dir")) config.tasks.working_dir = defaultFolder(config.tasks, base);
  return config;
}

/** Throws `CONFIGURATION_ERROR` for the one name that schemas leave out without a word. */
function refuseProto(written: unknown, path: readonly (string | number)[], file: string | undefined): void {
  if (typeof written !== "object" || written === null) return;
  for (const [name, value] of Object.entries(written)) {
    const place = [...path, Array.isArray(written) ? Number(name) : name];
    if (name === "__proto__") {
      const field = fieldPath(place);
      throw configurationError(
        `${file ?? "Configuration"}: '${field}': nothing can have the name __proto__`,
        {
          field,
          file,
          expected: "another name",
        },
      );
    }
    refuseProto(value, place, file);
  }
}

/** Throws `CONFIGURATION_ERROR` for a project with a check that is not there. */
function refuseUnknownChecks({ projects, checks: known }: Config): void {
  for (const [name, { checks = [] }] of Object.entries(projects)) {
    const at = checks.findIndex((one) => typeof one === "string" && !Object.hasOwn(known, one));
    if (at === -1) continue;
    const field = `projects.${name}.checks[${at}]`;
    throw configurationError(
      `${field}: '${checks[at]}' is not one of \`checks\`. A program is a list: ["npm", "test"]`,
      { field, value: checks[at], expected: Object.keys(known) },
    );
  }
}

/** The configuration with every path absolute. A program that is a bare name stays one. */
function withPlaces(config: Config, base: string, home: Home): Config {
  const { server, store, tasks } = config;
  const placed = (field: string, path: string) => pathAt(field, placeOf(path, base, home));
  const placedServers = <T extends { mcp_servers?: McpServers }>(field: string, one: T): T =>
    one.mcp_servers === undefined ? one : {
      ...one,
      mcp_servers: one.mcp_servers.map((server, i) =>
        server.command === undefined ? server : {
          ...server,
          command: pathAt(`${field}.mcp_servers[${i}].command`, programOf(server.command, base, home)),
        }
      ),
    };
  const placedSandbox = (field: string, sandbox: Sandbox): Sandbox => {
    const all = (key: "read" | "write") =>
      sandbox[key].map((path, i) => placed(`${field}.${key}[${i}]`, path));
    return { ...sandbox, read: all("read"), write: all("write") };
  };
  const agents = Object.entries(config.agents).map(([name, agent]): [string, AgentConfig] => {
    const [program, ...args] = agent.command;
    const path = pathAt(`agents.${name}.command[0]`, programOf(program!, base, home));
    const sandbox = agent.sandbox && { sandbox: placedSandbox(`agents.${name}.sandbox`, agent.sandbox) };
    return [name, placedServers(`agents.${name}`, { ...agent, command: [path, ...args], ...sandbox })];
  });
  const projects = Object.entries(config.projects).map(([name, project]): [string, Project] => {
    const path = placed(`projects.${name}.path`, project.path);
    return [name, placedServers(`projects.${name}`, { ...project, path })];
  });
  return {
    ...config,
    server: server.tls === undefined ? server : {
      ...server,
      tls: {
        ...server.tls,
        cert: placed("server.tls.cert", server.tls.cert),
        key: placed("server.tls.key", server.tls.key),
        client_ca: server.tls.client_ca && placed("server.tls.client_ca", server.tls.client_ca),
      },
    },
    store: {
      ...store,
      path: store.path && placed("store.path", store.path),
      token_file: store.token_file && placed("store.token_file", store.token_file),
    },
    agents: Object.fromEntries(agents),
    projects: Object.fromEntries(projects),
    tasks: {
      ...tasks,
      working_dir: placed("tasks.working_dir", tasks.working_dir),
      concurrency: tasks.concurrency.map((key, i) =>
        key.by === "working_dir" && key.only
          ? { ...key, only: key.only.map((dir) => placed(`tasks.concurrency[${i}].only`, dir)) }
          : key
      ),
      allowed_dirs: tasks.allowed_dirs.map((dir, i) => placed(`tasks.allowed_dirs[${i}]`, dir)),
    },
  };
}

function pathAt(field: string, place: Place): string {
  if ("path" in place) return place.path;
  throw configurationError(`${field}: ${place.refused}`, { field });
}

/** The data folder: of the flag, else `configured`, else the usual one. Throws `CONFIGURATION_ERROR` if there is none. */
export function dataFolder({ data }: Pick<ServeFlags, "data">, configured: string | undefined): string {
  return resolve(data ?? configured ?? dataDir());
}

/** The default working folder, which must be inside the allowed folders. */
function defaultFolder({ working_dir, allowed_dirs }: Config["tasks"], base: string): string {
  const isAllowed = allowed_dirs.some((dir) => !relative(dir, base).startsWith(".."));
  return isAllowed ? working_dir : allowed_dirs[0] ?? working_dir;
}

/**
 * One OpenCode takes 550–640 MB, so a small machine has fewer slots than the default, unless the configuration says
 * otherwise.
 */
const SLOT_BYTES = 1 << 30;

export function slotsFor(most: number, memory_bytes: number | undefined): number {
  if (memory_bytes === undefined) return most;
  return Math.max(1, Math.min(most, Math.floor(memory_bytes / SLOT_BYTES)));
}

function isGiven<S extends "security" | "tasks">(
  written: unknown,
  section: S,
  key: keyof Config[S],
): boolean {
  return (written as { [name in S]?: Partial<Config[S]> })[section]?.[key] !== undefined;
}

async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = decoded(await Deno.readFile(file));
  } catch (error) {
    throw configurationError(`Configuration file '${file}' cannot be read: ${(error as Error).message}`, {
      file,
    });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw configurationError(`Configuration file '${file}' is not valid JSON: ${(error as Error).message}`, {
      file,
    });
  }
}

/** The text of a file in UTF-8, or in UTF-16 if a byte order mark says so, without the mark. Throws for other encodings. */
function decoded(bytes: Uint8Array): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe
    ? "utf-16le"
    : bytes[0] === 0xfe && bytes[1] === 0xff
    ? "utf-16be"
    : "utf-8";
  return new TextDecoder(encoding, { fatal: true }).decode(bytes);
}

type WrittenConfig = z.infer<ReturnType<typeof configWith>>;
type WrittenAgent = WrittenConfig["agents"][string];

/** The configuration with the agents that are known without it, each laid under what is written of it. */
function withKnownAgents(written: WrittenConfig, known: KnownAgents): Config {
  const names = new Set([...Object.keys(known.agents), ...Object.keys(written.agents)]);
  const agents = [...names].map((name) => {
    const agent = Object.hasOwn(written.agents, name) ? written.agents[name]! : { env: {}, pass_env: [] };
    return [name, wholeAgent(name, agent, known)];
  });
  return { ...written, agents: Object.fromEntries(agents) };
}

/**
 * What is written replaces a known agent's own; `env` and `pass_env` add to it. Whoever names the command of an agent
 * still wants its key to reach it. A variable that `env` sets is not replaced by a usual one of the server.
 */
function wholeAgent(name: string, written: WrittenAgent, known: KnownAgents): AgentConfig {
  const standard = Object.hasOwn(known.agents, name) ? known.agents[name] : undefined;
  // The schema has refused an agent that has no protocol or no command from either side.
  const agent = AgentConfig.parse({ ...standard, ...written, env: { ...standard?.env, ...written.env } });
  const usual = [...standard?.pass_env ?? [], ...known.usualVariables(agent)];
  const added = usual.filter((variable) => !Object.hasOwn(agent.env, variable));
  return { ...agent, pass_env: [...new Set([...added, ...written.pass_env])] };
}

function checkAgents(config: Config): void {
  const { default_agent, agent_by_type } = config.tasks;
  const used = [
    ["tasks.default_agent", default_agent],
    ...Object.entries(agent_by_type).map(([type, name]) => [`tasks.agent_by_type.${type}`, name]),
    ...Object.entries(config.agents).flatMap(([name, { fallback = [] }]) =>
      fallback.map((other, i) => [`agents.${name}.fallback[${i}]`, other])
    ),
    ...Object.entries(config.projects).map(([name, { agent }]) => [`projects.${name}.agent`, agent]),
  ];
  for (const [field, name] of used) {
    if (name === undefined || Object.hasOwn(config.agents, name)) continue;
    throw configurationError(`${field}: there is no agent '${name}'`, {
      field,
      value: name,
      expected: Object.keys(config.agents),
    });
  }
}

function configurationError(message: string, details: Record<string, unknown>): ApiError {
  return new ApiError("CONFIGURATION_ERROR", message, details);
}
