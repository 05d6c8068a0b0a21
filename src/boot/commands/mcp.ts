/** `mcp`: the running server's tasks as tools for agents, in the Model Context Protocol on stdin and stdout. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../../cli/cli.ts";
import type { Handlers } from "../handlers.ts";

export function addMcp(program: Command, cli: Cli, { mcp }: Handlers): void {
  cli.command(program, "mcp", "let other agents delegate tasks: an MCP server on stdin and stdout")
    .action((flags: CommonFlags) => mcp(flags, cli));
}
