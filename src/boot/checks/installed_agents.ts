/** Whether any agent could run a task. */
import type { Config } from "../../protocol/config.ts";
import { findProgram } from "../../host/processes/find_program.ts";

/** Whether the program of any of them is found, as it is for a task: the agent's own `env` decides where. Runs none. */
export async function isAnyInstalled(agents: Config["agents"]): Promise<boolean> {
  for (const { command: [program = ""], env } of Object.values(agents)) {
    if (await findProgram(program, env.PATH ?? Deno.env.get("PATH") ?? "") !== undefined) return true;
  }
  return false;
}
