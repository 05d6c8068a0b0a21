/** Wires how the agents of tasks reach this server: its address, a token for each, and its tools as a program. */
import type { TaskTokens } from "../access/task_tokens.ts";
import { DENO_ENV } from "../agents/supervision/reaper_process.ts";
import { reachable } from "../cli/find_server.ts";
import type { ClientPem } from "../domain/agent_access.ts";
import type { TaskAccess } from "../engine/run_context.ts";
import { selfCommand } from "./self.ts";

/**
 * `server`: where it listens, once it does, and the certificate that it shows. `certificate`: what a client shows to it, if it
 * admits nobody without. `projectsOf`: the only projects that the task's agent sees.
 */
export function agentAccess(
  tokens: TaskTokens,
  server: () => { url: string; fingerprint: string | undefined },
  certificate: ClientPem | undefined,
  projectsOf: (task_id: string) => readonly string[] | undefined,
): TaskAccess {
  const [program, ...args] = selfCommand("mcp", ["--allow-net", "--allow-env", "--allow-read"]);
  return {
    get url() {
      return reachable(server().url);
    },
    get fingerprint() {
      return server().fingerprint;
    },
    certificate,
    mcp_program: [program!, ...args],
    // Agents pass on little, and their HOME may be another.
    mcp_env: Object.fromEntries(["HOME", ...DENO_ENV].flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    })),
    issue: (task_id, agent) => tokens.issue(task_id, agent, projectsOf(task_id)),
  };
}
