/** Looks at an agent without a task: whether its program is there, what it offers, and which sessions it keeps. */
import type { AgentConfig } from "../domain/agent_config.ts";
import type { OfferNews } from "../domain/agent_offer.ts";
import type { AgentProgram } from "../domain/agent_runner.ts";
import type { RunRequest } from "../domain/run_request.ts";
import type { AgentSession } from "../domain/agent_session.ts";
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { greet, requireVersion } from "./acp/greeting.ts";
import { probeAcp } from "./acp/probe.ts";
import { listedSessions, listsSessions } from "./acp/session_list.ts";
import { type Visit, visit } from "./acp/visit.ts";
import { BOUNDS } from "./acp/bounds.ts";
import { isInstalled } from "./installed.ts";
import { RunFolders } from "./supervision/run_folders.ts";
import type { RunHost, SupervisorOptions } from "./supervision/supervisor.ts";

/** Whether the system finds the agent's program, and what to do about it. Runs nothing. */
export async function lookAt(
  agent: AgentConfig,
  { makes, server_env }: Pick<SupervisorOptions, "makes" | "server_env">,
): Promise<AgentProgram> {
  const [program = ""] = agent.command;
  const make = makes.of(agent);
  return {
    make: make === makes.other ? undefined : make.name,
    installed: await isInstalled(agent, server_env.PATH),
    install_advice: makes.installAdvice(program),
    login_advice: make.login.advice,
  };
}

type VisitOptions = Pick<SupervisorOptions, "makes" | "tmp_root" | "instance_id">;

/** See `AgentRunner.probe`. */
export function probe(
  name: string,
  agent: AgentConfig,
  host: RunHost,
  options: VisitOptions,
  found: (news: OfferNews) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  return startFor(
    { name, agent, signal, late: "The agent opened no session in time" },
    host,
    options,
    (visit) => probeAcp(visit, found),
  );
}

/** See `AgentRunner.sessions`. */
export async function sessionsOf(
  name: string,
  agent: AgentConfig,
  host: RunHost,
  options: VisitOptions,
  working_dir: string | undefined,
  signal: AbortSignal,
): Promise<AgentSession[]> {
  let sessions: AgentSession[] | undefined;
  const problem = await startFor(
    { name, agent, signal, late: "The agent listed no sessions in time" },
    host,
    options,
    (options) =>
      visit(options, {}, async (call) => {
        const { make, bounds } = options;
        const hello = await greet({ call, make, bounds });
        requireVersion(hello);
        if (listsSessions(hello)) sessions = await listedSessions(call, working_dir, bounds.session_ms);
      }),
  );
  if (sessions !== undefined) return sessions;
  if (problem !== undefined) throw new ApiError("SERVICE_UNAVAILABLE", problem, { agent: name });
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    "agent",
    name,
    "an agent whose `sessions` in list_agents name 'list'",
    `Agent '${name}' has no list of its sessions`,
  );
}

/** Starts the agent in an empty folder of its own, for as long as `use` needs it. Throws as `AgentRunner.start` does. */
async function startFor<T>(
  { name, agent, signal, late }: { name: string; agent: AgentConfig; signal: AbortSignal; late: string },
  { supervisor, clock }: RunHost,
  { makes, tmp_root, instance_id }: VisitOptions,
  use: (visit: Visit) => Promise<T>,
): Promise<T> {
  const make = makes.of(agent);
  const folders = new RunFolders(tmp_root, instance_id);
  const working_dir = await Deno.realPath(folders.create());
  try {
    const request = probeRequest(name, agent, working_dir);
    const process = await supervisor.spawn({
      command: [...agent.command, ...make.arguments(request)],
      request,
      defaults: make.environment(request),
      kept: make.kept,
    });
    return await use({ clock, request, make, process, bounds: BOUNDS, signal, late });
  } finally {
    await folders.remove(working_dir);
  }
}

function probeRequest(agent_name: string, agent: AgentConfig, working_dir: string): RunRequest {
  return {
    task: { id: `probe_${agent_name}`, type: "probe", description: "", prompt: "" },
    attempt: 1,
    agent_name,
    agent,
    working_dir,
    env: {},
    permissions: "deny",
    permission_timeout_ms: 1,
  };
}
