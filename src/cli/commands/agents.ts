/** `agents`: the agents that tasks may name, whether they are ready, and what they offer. */
import { type Command, Option } from "commander";
import { PROBE_ANSWER_MS } from "../../domain/probe_bounds.ts";
import { ApiError } from "../../domain/errors.ts";
import { fieldProblem } from "../../domain/field_problem.ts";
import { unknownAgent } from "../../domain/unknown_agent.ts";
import type { ListedAgent } from "../../protocol/basic_messages.ts";
import { sandboxWords } from "../../protocol/sandbox_words.ts";
import { CHOSEN, type Chosen, offeredWords } from "../agent_choices.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { localDateTime } from "../local_time.ts";
import { type Column, printTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { oneLine } from "../text.ts";

interface AgentsFlags extends CommonFlags {
  complete?: Chosen;
}

const USAGE = `
opencode-agents agents              all agents, and what to do where one is not ready
opencode-agents agents NAME         one agent, with its models, efforts, modes and commands
opencode-agents agents probe [NAME] starts it, or each that is installed, to find that out
opencode-agents agents release NAME lets it go on although its model's provider refuses it for a time`;

export function addAgents(program: Command, cli: Cli): void {
  cli.command(
    program,
    "agents",
    "list the agents, look at one (NAME), find out what it offers (probe NAME), or end its hold (release NAME)",
  )
    .argument("[words...]", "nothing, an agent's name, or probe or release and a name")
    .addHelpText("after", USAGE)
    .addOption(new Option("--complete <what>").choices(CHOSEN).hideHelp())
    .action(async (words: string[], flags: AgentsFlags) => {
      if (flags.complete) return await complete(cli, flags, flags.complete, words);
      const [first, second, ...rest] = words;
      if (rest.length > 0 || (second !== undefined && first !== "probe" && first !== "release")) {
        throw fieldProblem(
          "INVALID_FIELD_VALUE",
          "words",
          words.join(" "),
          "NAME, probe NAME or release NAME",
          `Too many words.${USAGE}`,
        );
      }
      if (first === "probe") return await probe(cli, flags, second);
      if (first === "release" && second !== undefined) return await release(cli, flags, second);
      const reply = await cli.http(flags).request("list_agents", {});
      const { terminal } = cli;
      if (first === undefined) {
        if (flags.json) return terminal.json(reply, 2);
        return printAgents(terminal, reply.agents);
      }
      const agent = reply.agents.find(({ name }) => name === first);
      if (agent === undefined) {
        const names = reply.agents.map(({ name }) => name);
        throw unknownAgent("name", first, names);
      }
      if (flags.json) return terminal.json(agent, 2);
      printAgent(terminal, agent);
    });
}

async function release(cli: Cli, flags: AgentsFlags, agent: string): Promise<void> {
  const reply = await cli.http(flags).request("release_agent", { agent });
  const { terminal } = cli;
  if (flags.json) return terminal.json(reply, 2);
  terminal.line(
    reply.was_held ? `${agent} is released: one of its tasks goes first` : `${agent} was not held`,
  );
}

async function probe(cli: Cli, flags: AgentsFlags, name: string | undefined): Promise<void> {
  const server = cli.http(flags);
  const { terminal } = cli;
  const names = name !== undefined ? [name] : (await server.request("list_agents", {})).agents
    .filter(({ installed, protocol }) => installed && protocol === "acp").map((agent) => agent.name);
  if (names.length === 0) {
    cli.exit = 1;
    terminal.note("no agent that speaks ACP is installed; `agents` says how to install one");
  }
  const probed: ListedAgent[] = [];
  // One after another: each takes a processor, and hundreds of megabytes.
  for (const each of names) {
    if (!flags.json) terminal.note(`starting ${each}`);
    const { agent } = await server.request("probe_agent", { agent: each }, { timeout_ms: PROBE_ANSWER_MS });
    probed.push(agent);
  }
  const isUnready = ({ installed, login, problem, sandbox_problem }: ListedAgent) =>
    !installed || login === "needed" || problem !== undefined || sandbox_problem !== undefined;
  if (probed.some(isUnready)) cli.exit = 1;
  if (flags.json) return terminal.json(name === undefined ? probed : probed[0], 2);
  for (const agent of probed) printAgent(terminal, agent);
}

/** Prints what may follow in a shell; nothing if the server cannot be asked. */
async function complete(cli: Cli, flags: AgentsFlags, what: Chosen, typed: string[]): Promise<void> {
  try {
    const { agents } = await cli.http(flags).request("list_agents", {});
    for (const word of offeredWords(what, agents, typed)) cli.terminal.line(word);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

function printAgents(terminal: Terminal, agents: ListedAgent[]): void {
  printTable(terminal, agents, COLUMNS);
  // Whoever has an agent hardly looks for another one.
  const isNone = !agents.some(({ installed }) => installed);
  const matters = ({ installed, is_default, task_types }: ListedAgent) =>
    isNone || installed || is_default || task_types.length > 0;
  for (const agent of agents) for (const line of heldLines(agent)) terminal.note(`${agent.name}: ${line}`);
  for (const agent of agents.filter(matters)) {
    if (agent.todo !== undefined) terminal.note(`${agent.name}: ${oneLine(agent.todo)}`);
  }
  const others = agents.filter((agent) => !matters(agent)).map(({ name }) => name);
  if (others.length > 0) terminal.note(`not installed: ${others.join(", ")} (\`agents NAME\` says how)`);
}

/** Until when its tasks wait for its provider, and why. */
function heldLines({ held_until, held_reason = "", held_models = [] }: ListedAgent): string[] {
  const whole = held_until === undefined ? [] : [`held until ${localDateTime(held_until)}: ${held_reason}`];
  const models = held_models.map(({ model, until, reason }) =>
    `model ${model} held until ${localDateTime(until)}: ${reason}`
  );
  return [...whole, ...models].map(oneLine);
}

const COLUMNS: Column<ListedAgent>[] = [
  { title: "AGENT", value: ({ name, is_default }) => is_default ? `${name} (default)` : name },
  { title: "INSTALLED", value: ({ installed }) => installed ? "yes" : "no" },
  { title: "VERSION", value: ({ version }) => version ?? "-" },
  { title: "LOGIN", value: loginOf },
  { title: "SANDBOX", value: sandboxOf },
  { title: "MODEL", value: ({ model }) => model ?? "-" },
  {
    title: "LAST SUCCESS",
    value: ({ last_success }) => last_success === undefined ? "-" : localDateTime(last_success),
  },
  {
    title: "LAST FAILURE",
    value: ({ last_failure }) => last_failure === undefined ? "-" : localDateTime(last_failure),
  },
];

function sandboxOf({ sandbox, sandbox_problem }: ListedAgent): string {
  return sandbox === undefined ? "-" : sandbox_problem === undefined ? "yes" : "not possible";
}

function loginOf({ protocol, login }: ListedAgent): string {
  return protocol === "command" ? "-" : login;
}

function printAgent(terminal: Terminal, agent: ListedAgent): void {
  const { models, modes, commands, model: current } = agent;
  const facts: [string, string | undefined][] = [
    ["agent", agent.name],
    ["program", agent.program],
    ["installed", agent.installed ? "yes" : "no"],
    ["version", agent.version],
    ["login", loginOf(agent)],
    ["sandbox", agent.sandbox ? agent.sandbox_problem ?? sandboxWords(agent.sandbox) : "none"],
    ["to do", agent.todo],
    ["problem", agent.problem],
    ["provider", heldLines(agent).join("; ")],
    ["accepts", agent.accepts.join(", ")],
    ["MCP", agent.mcp?.join(", ")],
    ["sessions", agent.sessions?.join(", ")],
    ["last success", agent.last_success && localDateTime(agent.last_success)],
    ["last failure", agent.last_failure && localDateTime(agent.last_failure)],
    ["found", agent.found_at && localDateTime(agent.found_at)],
  ];
  for (const [what, value] of facts) if (value) terminal.line(`${what.padEnd(14)}${oneLine(value)}`);
  const list = (what: string, lines: (string | false | undefined)[][] | undefined) => {
    for (const [i, facts] of (lines ?? []).entries()) {
      const line = facts.filter((fact) => typeof fact === "string").map(oneLine).join("  ");
      terminal.line(`${(i === 0 ? what : "").padEnd(14)}${line}`);
    }
  };
  list(
    "models",
    models?.map(({ id, name, efforts }) => [
      id,
      name !== undefined && `(${name})`,
      efforts && `efforts: ${efforts.join(", ")}`,
      id === current && "by default",
    ]),
  );
  list("modes", modes?.map(({ id, description }) => [id, description]));
  list(
    "commands",
    commands?.map(({ name, description }) => [`/${name}`, description]),
  );
  if (models === undefined && agent.protocol === "acp" && agent.installed) {
    terminal.note(`find out what it offers with: opencode-agents agents probe ${agent.name}`);
  }
}
