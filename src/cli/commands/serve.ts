/** `serve`, the default command: its flags; what they mean is main's business. */
import { Command } from "commander";
import { type Cli, EXIT } from "../context.ts";
import type { ServeFlags } from "../config_file.ts";
import { wholeNumber } from "./tasks.ts";

export function serveCommand(cli: Cli, serve: (flags: ServeFlags) => Promise<number>): Command {
  return new Command("serve")
    .description("run the server (the default command)")
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .option(
      "--port <number>",
      "port to listen on, 0 picks a free one (default: 8080)",
      wholeNumber(0, 65_535),
    )
    .option("--data <dir>", "data folder (default: the platform's, or OPENCODE_AGENTS_DATA)")
    .option("--config <file>", "configuration file (JSON)")
    .option("--demo", "run a small workflow with a built-in agent; needs no model and no key")
    .option("--print-config", "print the effective configuration, secrets masked, and end")
    .option("--insecure", "allow an address that others can reach, though nobody must log in")
    .action(async (flags: ServeFlags) => {
      cli.exit_code = (await serve(flags)) || EXIT.ok;
    });
}
