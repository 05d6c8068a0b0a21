/** The makes of agents that one server knows. */
import type { AgentConfig } from "../../domain/agent_config.ts";
import type { AgentRecognizer } from "../../host/processes/launched.ts";
import type { AgentMakeView } from "../../protocol/basic_messages.ts";
import type { KnownAgents } from "../../protocol/config.ts";
import type { AgentMake } from "./agent_make.ts";

/** Programs that run a script, an npm package or another program, which one of their arguments names. */
const RUNS_OTHERS =
  /^(node|deno|bun|bunx|npx|npm|pnpm|pnpx|yarn|env|nice|ionice|nohup|setsid|stdbuf|time|timeout|xvfb-run|opencode-agents)$/;
/** How many of their arguments are looked at: options, and what those take, come before the name. */
const MOST_ARGUMENTS = 16;

export class AgentMakes {
  readonly #makes: readonly AgentMake[];
  /** The make of all other agents. */
  readonly other: AgentMake;

  /** `other`: the make of all other agents. Throws for an incomplete or duplicate make. */
  constructor(makes: readonly AgentMake[], other: AgentMake) {
    this.#makes = makes;
    this.other = other;
    refuseNonsense([...makes, other]);
  }

  get all(): readonly AgentMake[] {
    return [...this.#makes, this.other];
  }

  /** The make that the configuration names, else the make of the command's program, else the generic one. */
  of(agent: Pick<AgentConfig, "command" | "profile">): AgentMake {
    if (agent.profile !== undefined) {
      const named = this.all.find(({ name }) => name === agent.profile);
      if (named === undefined) throw new Error(`there is no make '${agent.profile}'`);
      return named;
    }
    const [program = "", ...rest] = agent.command;
    const run = RUNS_OTHERS.test(baseName(program)) ? rest.slice(0, MOST_ARGUMENTS) : [];
    for (const candidate of [program, ...run.map((arg) => arg.replace(/^--package=|^npm:/, ""))]) {
      const make = this.#ofProgram(candidate);
      if (make !== undefined) return make;
    }
    return this.other;
  }

  /** The command that installs `program`; undefined if unknown. */
  installCommand(program: string): string | undefined {
    return this.#ofProgram(program)?.install.command;
  }

  /** How to get `program`, whichever agent runs by it. */
  installAdvice(program: string): string {
    return (this.#ofProgram(program) ?? this.other).install.advice;
  }

  /** The makes as clients see them. */
  get views(): AgentMakeView[] {
    return this.#makes.map(({ name, display_name, icon }) => ({ name, display_name, icon }));
  }

  /** What the configuration needs to know about agents. */
  get known(): KnownAgents {
    const agents: Record<string, KnownAgents["agents"][string]> = {};
    for (const { name, standard } of this.#makes) {
      if (standard === undefined) continue;
      const { protocol = "acp", command, pass_env } = standard;
      agents[name] = { protocol, command: [...command], pass_env: [...pass_env] };
    }
    return {
      profiles: this.all.map(({ name }) => name),
      agents,
      usualVariables: (agent) => this.of(agent).standard?.pass_env ?? [],
    };
  }

  /** What the monitor needs to recognize agents. */
  get recognizers(): AgentRecognizer[] {
    return this.all.map(({ name, recognize }) => ({ agent: name, recognize }));
  }

  #ofProgram(program: string): AgentMake | undefined {
    return this.#makes.find(({ programs, install }) =>
      programs.includes(baseName(program)) || install.command?.endsWith(` ${withoutVersion(program)}`)
    );
  }
}

/** The name of an npm package without the version that may follow it. */
function withoutVersion(name: string): string {
  return name.replace(/(?<=.)@[^/@]*$/, "");
}

/** The last part of a path, without the extension of a program or script. */
function baseName(path: string): string {
  return (path.split(/[\\/]/).at(-1) ?? "").replace(/\.(exe|cmd|js|mjs|ts)$/i, "");
}

function refuseNonsense(makes: readonly AgentMake[]): void {
  const names = new Set<string>();
  const programs = new Set<string>();
  for (const make of makes) {
    if (!/^[a-z][a-z0-9_-]*$/.test(make.name)) throw new Error(`a make is named '${make.name}'`);
    if (names.has(make.name)) throw new Error(`there are two makes '${make.name}'`);
    names.add(make.name);
    for (const program of make.programs) {
      if (programs.has(program)) throw new Error(`program '${program}' belongs to two makes`);
      programs.add(program);
    }
    const texts = { display_name: make.display_name, icon: make.icon, advice: make.install.advice };
    for (const [field, text] of Object.entries(texts)) {
      if (text === "") throw new Error(`make '${make.name}' has no ${field}`);
    }
    if (make.standard?.command.length === 0) throw new Error(`make '${make.name}' has an empty command`);
  }
}
