/** Whether an agent's program is installed, and which version. */
import { join } from "node:path";
import { enforced } from "../../domain/sandbox.ts";
import { BUILT_IN_MAKES } from "../../agents/makes/built_in.ts";
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { runBriefly } from "../../host/processes/brief_program.ts";
import type { Config } from "../../protocol/config.ts";
import type { AgentConfig } from "../../domain/agent_config.ts";
import type { Finding } from "./finding.ts";
import { programFault } from "../../host/processes/program_fault.ts";
import { findLogin } from "./agent_login.ts";
import { findNode } from "./agent_node.ts";
import { findProgram } from "../../host/processes/find_program.ts";

/** OpenCode takes more than four seconds to answer on a busy machine. */
const VERSION_MS = 20_000;

/** Looks for the program of agent `name`, and asks it for its version. */
export async function checkAgent(
  clock: Clock,
  name: string,
  agent: AgentConfig,
  { tasks }: Config,
  data: string,
): Promise<Finding> {
  const what = `agent ${name}`;
  const [program] = agent.command as [string];
  const used = useOf(name, tasks);
  const details = { agent: name, command: agent.command, default: name === tasks.default_agent };
  // As for a task: the agent's own `env` decides where its program is looked for.
  const search = agent.env.PATH ?? Deno.env.get("PATH") ?? "";
  const fault = await programFault(program, search);
  const path = await findProgram(program, search);
  if (fault !== undefined || path === undefined) {
    const isMissing = fault === undefined || fault.reason === "missing";
    const where = agent.env.PATH === undefined ? "PATH" : "the PATH of its env";
    const found = isMissing && !program.includes("/") ? `'${program}' is not on ${where}` : fault?.problem;
    return {
      what,
      state: "warn",
      found: [found ?? `there is no '${program}'`, ...used].join("; "),
      advice: isMissing ? BUILT_IN_MAKES.installAdvice(program) : sentence(fault.advice),
      details: {
        ...details,
        path: path ?? null,
        version: null,
        ...isMissing ? {} : { reason: fault.reason },
      },
    };
  }
  const make = BUILT_IN_MAKES.of(agent);
  // Only ACP agents are asked for a version: any other program might do its work when it is started.
  const version = agent.protocol === "acp" ? await versionOf(clock, path, search) : undefined;
  const node = agent.protocol === "acp" ? await findNode(clock, make, search) : undefined;
  const login = agent.protocol === "acp"
    ? await findLogin(make, atHome(name, agent, data), Deno.env.toObject())
    : undefined;
  const account = login?.where !== undefined
    ? `login: ${login.where}`
    : login?.advice !== undefined
    ? "no login found in the usual places"
    : undefined;
  const isOwn = enforced(agent.sandbox)?.home === "own";
  const how = login?.advice !== undefined && isOwn
    ? `${login.advice} With its own HOME: docs/sandbox.md.`
    : login?.advice;
  const advice = node?.advice ?? how;
  return {
    what,
    state: advice === undefined ? "ok" : "warn",
    found: [version, path, account, node?.advice && `Node ${node.version} is too old`].filter(Boolean).join(
      "  ",
    ),
    advice,
    details: {
      ...details,
      path,
      version: version ?? null,
      login: login?.where ?? null,
      node: node?.version ?? null,
    },
  };
}

/** In a sandbox with a home of its own, its login is there. */
function atHome(name: string, agent: AgentConfig, data: string): AgentConfig {
  if (enforced(agent.sandbox)?.home !== "own") return agent;
  return { ...agent, env: { ...agent.env, HOME: join(data, "agents", name, "home") } };
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

/** Which tasks get the agent unasked, in words: none or one of them. */
function useOf(name: string, { default_agent, agent_by_type }: Config["tasks"]): string[] {
  if (name === default_agent) return ["it is the default agent"];
  const types = Object.entries(agent_by_type).filter(([, agent]) => agent === name).map(([type]) => type);
  return types.length === 0 ? [] : [`it gets the tasks of type ${types.join(", ")}`];
}

/** The output of `--version`; undefined if the program cannot be run or prints nothing in time. */
async function versionOf(clock: Clock, path: string, search: string): Promise<string | undefined> {
  try {
    const { stdout } = await runBriefly(clock, path, ["--version"], VERSION_MS, { PATH: search });
    return /\d+\.\d+[\w.+-]*/.exec(stdout.slice(0, 4096))?.[0];
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}
