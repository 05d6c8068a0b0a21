/** Which proxies and certificates of this network reach the agents. */
import { networkVariables } from "../../host/processes/common_variables.ts";
import type { Finding } from "./finding.ts";

/** Nothing if the environment names neither. `env`: the server's own. */
export async function checkNetwork(env: Record<string, string>): Promise<Finding[]> {
  const what = "network";
  const { proxies, paths } = networkVariables(env);
  const variables = [...proxies, ...paths];
  if (variables.length === 0) return [];
  const missing: string[] = [];
  for (const name of paths) {
    const isMissing = (error: unknown) => error instanceof Deno.errors.NotFound;
    if (await Deno.stat(env[name]!).then(() => false, isMissing)) missing.push(name);
  }
  const [first] = missing;
  if (first === undefined) {
    return [{ what, state: "ok", found: `agents get ${variables.join(", ")}`, details: { variables } }];
  }
  return [{
    what,
    state: "warn",
    found: `${first} names '${env[first]}', which does not exist`,
    advice: "Agents get this variable too, and may not trust the servers of this network.",
    details: { variables, missing },
  }];
}
