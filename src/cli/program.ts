/** The command line: which commands there are and what they take. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { ApiError } from "../protocol/errors.ts";
import type { ServeFlags } from "./config_file.ts";

export interface Handlers {
  version: string;
  serve(flags: ServeFlags): Promise<number>;
}

/** Carries out the command; the exit code. */
export async function runProgram(args: string[], handlers: Handlers): Promise<number> {
  let exit = 0;
  const program = new Command("opencode-agents")
    .description("Mission control for coding agents")
    .version(handlers.version)
    .exitOverride()
    .showSuggestionAfterError();
  program.command("serve", { isDefault: true })
    .description("run the server (the default command)")
    .option("--host <host>", "address to listen on")
    .option("--port <port>", "port to listen on; 0 picks a free one", port)
    .option("--data <dir>", "data folder")
    .option("--config <file>", "configuration file (JSON)")
    .option("--demo", "run a small workflow with a built-in agent")
    .option("--print-config", "print the effective configuration and exit")
    .option("--insecure", "listen on other addresses without authentication")
    .action(async (flags: ServeFlags) => {
      exit = await handlers.serve(flags);
    });
  try {
    await program.parseAsync(args, { from: "user" });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof ApiError)) throw error;
    await Deno.stderr.write(new TextEncoder().encode(`error ${error.code}: ${error.message}\n`));
    return error.code === "CONFIGURATION_ERROR" && error.details.pid === undefined ? 2 : 1;
  }
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65535) return value;
  throw new InvalidArgumentError("a port is a number from 0 to 65535");
}
