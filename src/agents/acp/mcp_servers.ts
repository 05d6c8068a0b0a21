/** The MCP servers of a session, as the protocol names them. Pure. */
import { addedUp, type McpServer, transportOf } from "../../domain/mcp_server.ts";
import type { RunRequest } from "../../domain/run_request.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import { NotOffered } from "./agent_failure.ts";
import { offerOfGreeting } from "./offer.ts";

/** For `session/new` and its kin, after the reply to `initialize`. Throws `NotOffered` if the agent lacks a transport. */
export function mcpServersFor(
  { mcp_servers, own_tools }: Pick<RunRequest, "mcp_servers" | "own_tools">,
  hello: WireObject,
  make: Pick<AgentMake, "lacks_mcp">,
): WireObject[] {
  const { mcp: taken = [] } = offerOfGreeting(hello, make);
  const own = own_tools && ((taken.includes("http") && own_tools.http) || own_tools.stdio);
  const servers = addedUp(mcp_servers, own && [own]);
  const lacking = servers.filter((server) => !taken.includes(transportOf(server, taken)));
  if (lacking.length > 0) {
    const named = lacking.map((server) => `'${server.name}' over ${transportOf(server, taken)}`).join(", ");
    const ways = taken.length === 0
      ? "The agent takes no MCP servers from its client"
      : `The agent reaches MCP servers over ${taken.join(", ")} only`;
    throw new NotOffered(`${ways}, so not ${named}`, {
      field: "task.execution.mcp_servers",
      value: lacking.map(({ name }) => name),
      expected: taken,
    });
  }
  return servers.map((server) => wireServer(server, taken));
}

function wireServer(server: McpServer, taken: readonly string[]): WireObject {
  const { name, command, args = [], env = {}, url, headers = {} } = server;
  // Without a type it is a program.
  if (command !== undefined) return { name, command, args, env: pairs(env) };
  return { type: transportOf(server, taken), name, url, headers: pairs(headers) };
}

function pairs(values: Record<string, string>): WireObject[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}
