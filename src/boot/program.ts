/** The command line: which commands there are and what they take. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { isoTime, systemClock } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { Cli, EXIT } from "../cli/cli.ts";
import { addBackup } from "./commands/backup.ts";
import { SERVER_COMMANDS } from "../cli/commands.ts";
import { addCompletions } from "../cli/commands/completions.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addExport } from "./commands/export.ts";
import { addImport } from "./commands/import.ts";
import { addKeys } from "./commands/keys.ts";
import { addMcp, type McpHandler } from "./commands/mcp.ts";
import { addRestore } from "./commands/restore.ts";
import type { ServeFlags } from "./config_file.ts";
import type { StoreFiles } from "./commands/store_command.ts";
import { describeError } from "../cli/error_text.ts";
import { openTerminal } from "../cli/terminal.ts";

export interface Handlers {
  version: string;
  serve(flags: ServeFlags): Promise<number>;
  store: StoreFiles;
  mcp: McpHandler;
}

/**
 * Carries out the command; the exit code. Usage errors and mistakes in the configuration: 2, other expected
 * failures: 1, told on stderr with their code and what to do.
 */
export async function runProgram(args: string[], handlers: Handlers): Promise<number> {
  const cli = new Cli(openTerminal(), systemClock);
  try {
    await describeProgram(cli, handlers).parseAsync(withDefaultCommand(args), { from: "user" });
    return cli.exit;
  } catch (error) {
    cli.terminal.status("");
    if (error instanceof CommanderError) {
      // Already told by commander; help and version come this way, too.
      if (error.exitCode === 0) return EXIT.done;
      if (isJsonWanted(args)) tellJson(cli, usageError(error));
      return EXIT.usage;
    }
    if (!(error instanceof ApiError)) throw error;
    if (isJsonWanted(args)) tellJson(cli, error);
    cli.terminal.note(describeError(error));
    return exitOf(error);
  }
}

/** The form of the API's own errors. */
function tellJson({ terminal, clock }: Cli, { code, message, details }: ApiError): void {
  terminal.json({ type: "error", code, message, details, timestamp: isoTime(clock.now()) });
}

/** A mistake in the command line; `details.reason` is commander's code. */
function usageError({ message, code }: CommanderError): ApiError {
  return new ApiError("INVALID_FIELD_VALUE", message.replace(/^error: /, ""), {
    field: "arguments",
    reason: code,
  });
}

function exitOf({ code }: ApiError): number {
  return code === "CONFIGURATION_ERROR" ? EXIT.usage : EXIT.failed;
}

/** `serve` is meant when no command is named. */
function withDefaultCommand(args: string[]): string[] {
  const [first] = args;
  if (first === undefined) return ["serve"];
  const isFlagOfServe = first.startsWith("-") && !["-h", "--help", "-V", "--version"].includes(first);
  return isFlagOfServe ? ["serve", ...args] : args;
}

function isJsonWanted(args: string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).includes("--json");
}

const NOTES = `
Exit codes: 0 done (a followed task: completed), 1 failed or no server, 2 a mistake in the command line or the
configuration, 130 cancelled or Ctrl-C.
With --json stdout carries JSON alone, one document or, with --follow, one a line; an error is a document
{"type":"error","code",…} there, and its text goes to stderr. NO_COLOR=1 turns colours off.`;

function describeProgram(cli: Cli, { version, serve, store, mcp }: Handlers): Command {
  const program = new Command("opencode-agents")
    .description("Mission control for coding agents. Without a command: serve.")
    .version(version)
    .exitOverride()
    .showHelpAfterError("(opencode-agents --help lists the commands)")
    .addHelpText("after", NOTES);
  program.command("serve").description("run the server (the default command)")
    .option("--host <host>", "address to listen on (default: 127.0.0.1)")
    .option("--port <port>", "port to listen on; 0 picks a free one (default: 8080)", port)
    .option("--data <dir>", "data folder (default: OPENCODE_AGENTS_DATA, else the platform's)")
    .option("--config <file>", "configuration file (JSON)")
    .option("--demo", "run a small workflow with a built-in agent; needs no model and no key")
    .option("--print-config", "print the effective configuration, secrets masked, and exit")
    .option("--insecure", "listen on other addresses than this machine's own without authentication")
    .action(async (flags: ServeFlags) => {
      cli.exit = await serve(flags);
    });
  for (const add of SERVER_COMMANDS) add(program, cli);
  addMcp(program, cli, mcp);
  addDoctor(program, cli, store, port);
  addBackup(program, cli, store);
  addRestore(program, cli, store);
  addExport(program, cli, store);
  addImport(program, cli, store);
  addKeys(program, cli, store);
  addCompletions(program, cli);
  // Both are started by the server; the entry meets them before it loads any of this.
  program.command("demo-agent").description("the built-in scripted agent, speaking ACP on stdio")
    .action(() => {
      throw new ApiError("CONFIGURATION_ERROR", "demo-agent takes no arguments", { field: "demo-agent" });
    });
  program.command("reaper", { hidden: true });
  return program;
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65535) return value;
  throw new InvalidArgumentError("a port is a number from 0 to 65535");
}
