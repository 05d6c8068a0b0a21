/** Whether the system finds an agent's program. */
import type { AgentConfig } from "../domain/agent_config.ts";
import { findProgram } from "../host/processes/find_program.ts";

/** As for a task, the agent's own `env` decides where it is looked for, else `path`. Runs nothing. */
export async function isInstalled(
  { command: [program = ""], env }: Pick<AgentConfig, "command" | "env">,
  path = "",
): Promise<boolean> {
  return await findProgram(program, env.PATH ?? path) !== undefined;
}
