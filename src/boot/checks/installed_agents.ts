/** Whether any agent could run a task. */
import { isInstalled } from "../../agents/installed.ts";
import type { Config } from "../../protocol/config.ts";

/** Whether the program of any of them is found. Runs none. */
export async function isAnyInstalled(agents: Config["agents"]): Promise<boolean> {
  for (const agent of Object.values(agents)) {
    if (await isInstalled(agent, Deno.env.get("PATH"))) return true;
  }
  return false;
}
