/**
 * How OpenCode is made to ask: by its own permission rules, of which the last that fits decides. It merges the
 * configurations of machine, user, project and environment key by key, so a rule comes last only under a key that
 * none of them has. Keys are patterns in which `*` is any text, so there are many for each name. What its rules do not
 * reach, its shell does not run.
 */
import { objectOf, textOf } from "../acp/wire_value.ts";
import { askingShell } from "./opencode_shell.ts";
import type { Binding, BoundStart, PolicyRequest, StartingPlace, WireObject } from "./agent_make.ts";

type Rules = Record<string, string | Record<string, string>>;

/** What differs between OpenCode and the programs that are made of it. */
export interface OpenCodeKind {
  /** How the names of its variables begin. */
  prefix: string;
  /** Its folder among the data of its user. */
  folder: string;
  /** Its agents that a session may be switched to, besides the one that the task names. */
  agents: readonly string[];
  /** Whether it runs commands in which it sees no program without asking. */
  runsUnasked: boolean;
}

/** The variables that it needs from the server. `keys`: besides those of the usual providers. */
export function usualVariables({ prefix }: OpenCodeKind, ...keys: string[]): string[] {
  const folders = ["CONFIG", "DATA", "CACHE", "STATE"].map((name) => `XDG_${name}_HOME`);
  const providers = ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"];
  return [...folders, ...providers, ...keys, `${prefix}_CONFIG`, `${prefix}_CONFIG_CONTENT`];
}

/** Its agents that others start. */
const SUBAGENTS = ["general", "explore"];

export function bindOpenCode(kind: OpenCodeKind, { permissions, mode }: PolicyRequest): Binding {
  const content = `${kind.prefix}_CONFIG_CONTENT`;
  const own = `${kind.folder}/tool-output/*`;
  return {
    async prepare({ env, file, read }): Promise<BoundStart> {
      const config = parsed(env[content]);
      if (config === undefined) return { obstacle: `${content} is not a JSON object` };
      // The path of a run is random. What is in a project cannot foresee it.
      const rule = (name: string) => foldedInto(name, file(""));
      const agents = mode === undefined ? kind.agents : [...kind.agents, mode];
      if (permissions === "allow") {
        const asking = withRules(config, agents, { [rule("external_directory")]: outside(env, own, "ask") });
        // A subagent's request never reaches the client, so it would wait forever.
        const all = withRules(asking, SUBAGENTS, {
          [rule("external_directory")]: outside(env, own, "deny"),
          [rule("doom_loop")]: "deny",
        });
        return { env: { [content]: JSON.stringify(all) } };
      }
      const managed = await rulesOfMachine(kind.folder, read);
      if (managed !== undefined && permissions === "deny") return { obstacle: managed };
      const bound = withRules(config, agents, {
        // Tools of MCP servers: SERVER_TOOL.
        [rule("*_*")]: "ask",
        [rule("external_directory")]: outside(env, own, "ask"),
        [rule("edit")]: "ask",
        [rule("bash")]: "ask",
        [rule("webfetch")]: "ask",
        [rule("websearch")]: "ask",
        [rule("task")]: "deny",
      });
      const warnings = managed === undefined ? [] : [managed];
      if (!kind.runsUnasked) return { env: { [content]: JSON.stringify(bound) }, warnings };
      const { name, script } = askingShell(permissions, textOf(config.shell) ?? env.SHELL);
      const shell = file(name);
      return {
        programs: { [name]: script },
        env: { [content]: JSON.stringify({ ...bound, shell }) },
        warnings,
      };
    },
  };
}

/**
 * Configuration by an administrator is the only one that comes after that of the environment. Returns what to say about it;
 * undefined if it decides nothing of that kind.
 */
async function rulesOfMachine(name: string, read: StartingPlace["read"]): Promise<string | undefined> {
  const files = ["/etc", "/Library/Application Support"].flatMap((folder) =>
    ["json", "jsonc"].map((type) => `${folder}/${name}/${name}.${type}`)
  );
  const texts = await Promise.all(files.map(read));
  const deciding = files.filter((_, index) =>
    /"(permission|tools|agent|mode|shell)"/.test(texts[index] ?? "")
  );
  if (deciding.length === 0) return undefined;
  return `What this machine's administrator lets the agent do outweighs the task's permissions: ${
    deciding.join(", ")
  }`;
}

/** A pattern that fits `name`, as random as `seed`. */
function foldedInto(name: string, seed: string): string {
  const stars = (at: number) => "*".repeat(seed.charCodeAt(seed.length - 1 - (at % seed.length)) % 4);
  return `${[...name].map((letter, at) => letter + stars(at * 3 + 1)).join("")}*`;
}

/** Places outside the project. What it puts aside for itself it may read. */
function outside(
  env: Readonly<Record<string, string>>,
  own: string,
  decision: "ask" | "deny",
): Record<string, string> {
  const data = env.XDG_DATA_HOME ?? `${env.HOME ?? "~"}/.local/share`;
  return { "*": decision, [`${data}/${own}`]: "allow" };
}

/** The configuration with these rules after the own ones of these agents. */
function withRules(config: WireObject, agents: readonly string[], rules: Rules): WireObject {
  const agent = { ...objectOf(config.agent) };
  for (const name of agents) {
    const own = objectOf(agent[name]);
    agent[name] = { ...own, permission: { ...objectOf(own?.permission), ...rules } };
  }
  return { ...config, agent };
}

function parsed(text: string | undefined): WireObject | undefined {
  if (text === undefined || text.trim() === "") return {};
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}
