/** The parts of commands that need the server's own rooms. Each loads them when it is called. */
import type { Cli, CommonFlags } from "../cli/cli.ts";
import type { ServeFlags } from "./config_file.ts";
import type { StoreFiles } from "./commands/store_command.ts";

export interface Handlers {
  version: string;
  /** Runs the server until it is told to stop. Returns the exit code. */
  serve(flags: ServeFlags): Promise<number>;
  store: StoreFiles;
  /** Serves MCP until stdin ends. */
  mcp(flags: CommonFlags, cli: Cli): Promise<void>;
}
