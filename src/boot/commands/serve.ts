/** `serve`: its options. */
import type { Command } from "commander";
import type { Cli } from "../../cli/cli.ts";
import type { ServeFlags } from "../config_file.ts";
import type { Handlers } from "../handlers.ts";
import { path } from "../../cli/options.ts";
import { port } from "./port.ts";

export function addServe(program: Command, cli: Cli, { serve }: Handlers): void {
  program.command("serve").description("run the server (the default command)")
    .option("--host <host>", "address to listen on (default: 127.0.0.1)")
    .option("--port <port>", "port to listen on; 0 picks a free one (default: 8080)", port)
    .option("--data <dir>", "data folder (default: OPENCODE_AGENTS_DATA, else the platform's)", path)
    .option("--config <file>", "configuration file (JSON)", path)
    .option("--demo", "run a small workflow with a built-in agent; needs no model and no key")
    .option("--print-config", "print the effective configuration, secrets masked, and exit")
    .option("--insecure", "listen on other addresses than this machine's own without authentication")
    .action(async (flags: ServeFlags) => {
      cli.exit = await serve(flags);
    });
}
