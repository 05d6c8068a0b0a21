/** The option that names an MCP server for a task. */
import { InvalidArgumentError } from "commander";
import type { McpServer } from "../domain/mcp_server.ts";

/** `NAME=URL`, or the server as JSON. What it says is checked by the server. */
export function mcpServer(text: string, before: McpServer[] = []): McpServer[] {
  return [...before, text.trimStart().startsWith("{") ? ofJson(text) : ofPair(text)];
}

function ofJson(text: string): McpServer {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`not valid JSON: ${(error as Error).message}`);
  }
}

function ofPair(text: string): McpServer {
  const [, name, url] = /^([^=]+)=(https?:\/\/.+)$/s.exec(text) ?? [];
  if (name === undefined || url === undefined) {
    throw new InvalidArgumentError(
      'NAME=URL is expected, or JSON such as {"name":"x","command":"x-mcp"}',
    );
  }
  return { name, url };
}
