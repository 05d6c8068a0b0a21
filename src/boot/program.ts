/** The command line: reads the arguments, runs the command, and prints what went wrong. */
import { Command, CommanderError } from "commander";
import { isoTime, systemClock } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { Cli } from "../cli/cli.ts";
import { EXIT } from "../cli/exit_codes.ts";
import { BOOT_COMMANDS, SERVE } from "./commands.ts";
import type { Handlers } from "./handlers.ts";
import { describeError } from "../cli/error_text.ts";
import { openTerminal } from "../cli/terminal.ts";

/**
 * Runs the command and returns the exit code: 2 for mistakes in the command line or the configuration, 1 for other
 * expected failures. stderr says what happened, with the error's code and what to do.
 */
export async function runProgram(args: string[], handlers: Handlers): Promise<number> {
  const cli = new Cli(openTerminal(), systemClock);
  try {
    const whole = withDefaultCommand(args);
    const program = await describeProgram(whole, cli, handlers);
    await program.parseAsync(whole, { from: "user" });
    return cli.exit;
  } catch (error) {
    cli.terminal.status("");
    if (error instanceof CommanderError) {
      // Commander has printed it. Help and version come this way, too.
      if (error.exitCode === 0) return EXIT.done;
      if (asksForJson(args)) printJson(cli, usageError(error));
      return EXIT.usage;
    }
    return reportFailure(error, args, cli);
  }
}

/** Prints what went wrong, and returns the exit code. Throws an unexpected error. */
export function reportFailure(
  error: unknown,
  args: readonly string[],
  cli = new Cli(openTerminal(), systemClock),
): number {
  if (!(error instanceof ApiError)) throw error;
  if (asksForJson(args)) printJson(cli, error);
  cli.terminal.note(describeError(error));
  return exitOf(error);
}

/** The form of the API's own errors. */
function printJson({ terminal, clock }: Cli, { code, message, details }: ApiError): void {
  try {
    terminal.json({ type: "error", code, message, details, timestamp: isoTime(clock.now()) });
  } catch (error) {
    // stdout may be what failed. stderr says why.
    if (!(error instanceof ApiError)) throw error;
  }
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

/** Without a command: `serve`. */
function withDefaultCommand(args: string[]): string[] {
  const [first] = args;
  if (first === undefined) return ["serve"];
  const isFlagOfServe = first.startsWith("-") && !["-h", "--help", "-V", "--version"].includes(first);
  return isFlagOfServe ? ["serve", ...args] : args;
}

function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).includes("--json");
}

const NOTES = `
Exit codes: 0 done (a followed task: completed), 1 failed or no server, 2 a mistake in the command line or the
configuration, 130 cancelled or Ctrl-C.
With --json stdout carries JSON alone, one document or, with --follow, one a line; an error is a document
{"type":"error","code",…} there, and its text goes to stderr. NO_COLOR=1 turns colors off.`;

/** Describes only the named command if it needs no running server, so that `serve` does not load the client's commands; else all. */
async function describeProgram(args: string[], cli: Cli, handlers: Handlers): Promise<Command> {
  const program = new Command("opencode-agents")
    .description("Mission control for coding agents. Without a command: serve.")
    .version(handlers.version)
    .exitOverride()
    // Commander's own writes end the program with a stack trace when the reader has gone away.
    .configureOutput({
      writeOut: (text) => cli.terminal.out.write(text),
      writeErr: (text) => cli.terminal.err.write(text),
    })
    .showHelpAfterError("(opencode-agents --help lists the commands)")
    .addHelpText("after", NOTES);
  const named = [SERVE, ...BOOT_COMMANDS].find(({ name }) => name === args[0]);
  if (named) {
    (await named.load())(program, cli, handlers);
    return program;
  }
  (await SERVE.load())(program, cli, handlers);
  const { SERVER_COMMANDS } = await import("../cli/commands.ts");
  for (const add of SERVER_COMMANDS) add(program, cli);
  for (const { load } of BOOT_COMMANDS) (await load())(program, cli, handlers);
  (await import("../cli/commands/completions.ts")).addCompletions(program, cli);
  // The server starts both; `main.ts` runs them before it loads any of this.
  program.command("demo-agent").description("the built-in scripted agent, speaking ACP on stdio")
    .action(() => {
      throw new ApiError("CONFIGURATION_ERROR", "demo-agent takes no arguments", { field: "demo-agent" });
    });
  program.command("reaper", { hidden: true });
  return program;
}
