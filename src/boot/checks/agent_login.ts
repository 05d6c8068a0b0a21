/** Whether an agent seems to have an account, judged by the presence of keys and files. Reads no secret. */
import type { AgentMake } from "../../agents/makes/agent_make.ts";
import { commonVariables } from "../../host/processes/common_variables.ts";
import type { AgentConfig } from "../../domain/agent_config.ts";

/** What was found of an account. */
export interface FoundLogin {
  /** Where it is: the name of a variable, or a file; undefined if there is none in the usual places. */
  where: string | undefined;
  /** What to do without one; undefined if the agent works all the same, or its usual places are unknown. */
  advice: string | undefined;
}

/** `server_env`: the variables of the server, of which the agent gets some. */
export async function findLogin(
  { login }: Pick<AgentMake, "login">,
  agent: Pick<AgentConfig, "env" | "pass_env">,
  server_env: Readonly<Record<string, string>>,
): Promise<FoundLogin> {
  const passed = [...commonVariables(server_env, agent.env), ...agent.pass_env];
  const env: Record<string, string> = { ...agent.env };
  for (const name of passed) {
    const value = server_env[name];
    if (value !== undefined) env[name] ??= value;
  }
  const variable = login.variables.find((name) => env[name]);
  if (variable !== undefined) return { where: variable, advice: undefined };
  const files = login.files(env);
  for (const file of files) if (await isThere(file)) return { where: file, advice: undefined };
  return { where: undefined, advice: login.isOptional || files.length === 0 ? undefined : login.advice };
}

async function isThere(file: string): Promise<boolean> {
  try {
    return (await Deno.stat(file)).isFile;
  } catch {
    // Missing, or not ours to see. The agent says at its start which.
    return false;
  }
}
