/** Looks at an agent without a task: whether its program is there, and what it offers when it is started. */
import type { AgentConfig } from "../domain/agent_config.ts";
import type { OfferNews } from "../domain/agent_offer.ts";
import type { AgentProgram, RunRequest } from "../domain/run.ts";
import { findProgram } from "../host/processes/find_program.ts";
import { probeAcp } from "./acp/probe.ts";
import { BOUNDS } from "./acp/run_acp.ts";
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
    installed: await findProgram(program, agent.env.PATH ?? server_env.PATH ?? "") !== undefined,
    install_advice: makes.installAdvice(program),
    login_advice: make.login.advice,
  };
}

/** Starts the agent in an empty folder of its own. See `AgentRunner.probe`. */
export async function probe(
  name: string,
  agent: AgentConfig,
  { supervisor, clock }: RunHost,
  { makes, tmp_root, instance_id }: Pick<SupervisorOptions, "makes" | "tmp_root" | "instance_id">,
  found: (news: OfferNews) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  const make = makes.of(agent);
  const folders = new RunFolders(tmp_root, instance_id);
  const working_dir = await folders.create();
  try {
    const request = probeRequest(name, agent, working_dir);
    const process = await supervisor.spawn({
      command: [...agent.command, ...make.arguments(request)],
      request,
      defaults: make.environment(request),
    });
    return await probeAcp({ clock, request, make, process, bounds: BOUNDS, found, signal });
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
