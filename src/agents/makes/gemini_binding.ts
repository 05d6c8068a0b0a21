/**
 * How Gemini is made to ask: by a policy of an administrator, which outweighs the user's policies, the tools that the
 * user allows, and modes that allow everything.
 */
import { join } from "node:path";
import { objectOf } from "../acp/wire_value.ts";
import type { Binding, PolicyRequest, StartingPlace } from "./agent_make.ts";

/** Two files: one that Gemini does not understand is ignored as a whole. */
const ASK = "ask.toml";
const EXCEPTIONS = "ask_exceptions.toml";

/** Where an administrator has policies. With any there, those of the command line are ignored. */
const SYSTEM_POLICIES = ["/etc/gemini-cli/policies", "/Library/Application Support/GeminiCli/policies"];

/** Tools that only read, or that change nothing but Gemini's own notes. */
const HARMLESS = [
  "glob",
  "grep_search",
  "list_directory",
  "read_file",
  "list_background_processes",
  "read_background_output",
  "cli_help",
  "get_internal_docs",
  "update_topic",
  "write_todos",
  "complete_task",
  "read_mcp_resource",
  "list_mcp_resources",
];

export function bindGemini({ permissions }: PolicyRequest): Binding {
  if (permissions === "allow") return {};
  return {
    async prepare(place) {
      const others = (await Promise.all(SYSTEM_POLICIES.map(place.list))).flat()
        .filter((path) => path.endsWith(".toml"));
      if (others.length > 0) {
        const why = `Gemini heeds no other policy beside those of this machine: ${others.join(", ")}`;
        return permissions === "deny" ? { obstacle: why } : { warnings: [why] };
      }
      const { names, warnings } = await trustedServers(place);
      return {
        files: { [ASK]: rule('toolName = "*"', "ask_user", 900), [EXCEPTIONS]: exceptions(names) },
        args: [ASK, EXCEPTIONS].flatMap((name) => ["--admin-policy", place.file(name)]),
        warnings,
      };
    },
  };
}

function rule(matches: string, decision: string, priority: number): string {
  return `[[rule]]\n${matches}\ndecision = "${decision}"\npriority = ${priority}\n`;
}

function exceptions(switched_off: readonly string[]): string {
  return [
    rule(`toolName = ${JSON.stringify(HARMLESS)}`, "allow", 910),
    ...switched_off.map((name) => {
      const tools = name === "*" ? 'toolName = "mcp_*"' : `toolName = "*"\nmcpName = ${JSON.stringify(name)}`;
      return rule(tools, "deny", 920);
    }),
  ].join("\n");
}

/**
 * The tools of an MCP server that the settings trust run unasked, whatever a policy says, so they are switched off. `*`: it
 * cannot be read which servers are trusted.
 */
async function trustedServers(
  { env, working_dir, read }: StartingPlace,
): Promise<{ names: string[]; warnings: string[] }> {
  const home = env.GEMINI_CLI_HOME ?? env.HOME ?? "";
  const files = [
    env.GEMINI_CLI_SYSTEM_SETTINGS_PATH ?? "/etc/gemini-cli/settings.json",
    env.GEMINI_CLI_SYSTEM_DEFAULTS_PATH ?? "/etc/gemini-cli/system-defaults.json",
    join(home, ".gemini/settings.json"),
    join(working_dir, ".gemini/settings.json"),
  ];
  const names = new Set<string>();
  const warnings: string[] = [];
  for (const file of files) {
    const found = trustedIn(await read(file) ?? "");
    for (const name of found) names.add(name);
    if (found.length > 0) {
      warnings.push(
        `The tools of MCP servers that ${file} trusts are switched off (${
          found.join(", ")
        }): Gemini would not ask ` +
          "before it calls them",
      );
    }
  }
  return { names: [...names], warnings };
}

/** The names of the servers that a file of settings trusts. */
function trustedIn(settings: string): string[] {
  if (!/"trust"\s*:\s*true/.test(settings)) return [];
  try {
    const servers = objectOf(objectOf(JSON.parse(settings))?.mcpServers) ?? {};
    return Object.keys(servers).filter((name) => objectOf(servers[name])?.trust === true);
  } catch {
    // It may have comments, which Gemini allows.
    return ["*"];
  }
}
