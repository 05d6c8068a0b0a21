/** This server's own MCP tools, as a server for an agent's session. Pure. */
import { accessVariables, type AgentAccess } from "../../domain/agent_access.ts";
import type { OwnTools } from "../../domain/mcp_server.ts";
import type { TaskAccess } from "../run_context.ts";

/** The name by which agents and their models know it. */
const NAME = "opencode-agents";

export function ownTools(
  { mcp_program: [command, ...args], mcp_env }: Pick<TaskAccess, "mcp_program" | "mcp_env">,
  access: AgentAccess,
): OwnTools {
  const { url, token, fingerprint } = access;
  return {
    ...fingerprint === undefined && {
      http: { name: NAME, url: `${url}/mcp`, headers: { Authorization: `Bearer ${token}` } },
    },
    stdio: { name: NAME, command, args, env: { ...mcp_env, ...accessVariables(access) } },
  };
}
