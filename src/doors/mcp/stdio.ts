/** MCP over stdin and stdout, for agents that start the MCP server as a child. */
import process from "node:process";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { createMcpServer, type McpOptions } from "./server.ts";

/** Resolves when the client has closed our stdin. */
export async function serveStdio(options: McpOptions): Promise<void> {
  const server = createMcpServer(options);
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  process.stdin.once("end", resolve);
  process.stdin.once("close", resolve);
  // A client that died closes our stdout first.
  process.stdout.once("error", () => resolve());
  server.server.onclose = resolve;
  await server.connect(new StdioServerTransport());
  await gone;
  await server.close();
}
