/** Errors as a person at a terminal wants them: the code, what happened, and what to do next. */
import { ApiError } from "../protocol/errors.ts";
import { type Cli, EXIT, printJson } from "./cli.ts";
import { styled } from "./style.ts";
import { printable } from "./terminal.ts";

/** Writes it to stderr (with `json`, also as one document to stdout); the exit code. */
export function reportError(cli: Cli, error: unknown, json = false): number {
  const { terminal } = cli;
  if (!(error instanceof ApiError)) {
    // A bug of ours: its stack is what a report of it needs.
    terminal.err(`error: ${error instanceof Error ? error.stack ?? error.message : error}\n`);
    return EXIT.failed;
  }
  const { code, message, details } = error;
  if (json) printJson(cli, { type: "error", code, message, details }, 2);
  terminal.err(`${styled(terminal, "red", "error")} ${code}: ${printable(message)}\n`);
  for (const line of advice(error)) terminal.err(`  ${printable(line)}\n`);
  return isConfigurationFile(error) ? EXIT.usage : EXIT.failed;
}

/** A mistake in the configuration or the flags, as opposed to a machine that does not play along. */
function isConfigurationFile({ code, details }: ApiError): boolean {
  return code === "CONFIGURATION_ERROR" && (details.field !== undefined || details.file !== undefined);
}

/** What to do next, a sentence a line. */
export function advice({ code, details }: ApiError): string[] {
  const { field, expected, allowed_dirs, hint } = details;
  if (Array.isArray(hint)) return hint.map(String);
  if (field === "task.execution.working_dir" && Array.isArray(allowed_dirs)) {
    return [
      `The server lets agents work in ${allowed_dirs.join(", ")} only.`,
      "Give such a folder with --cwd, or add yours to tasks.allowed_dirs in the server's configuration.",
    ];
  }
  switch (code) {
    case "TASK_NOT_FOUND":
      return ["`opencode-agents tasks` lists the tasks there are."];
    case "TASK_ALREADY_EXISTS":
      return ["Choose another --id, or leave it out to get one made."];
    case "RATE_LIMIT_EXCEEDED":
    case "CONNECTION_LIMIT_EXCEEDED":
      return [`Try again in ${details.retry_after_seconds ?? 60} s.`];
    case "SERVICE_UNAVAILABLE":
      return details.permission === undefined ? [] : [`Start the server with ${details.permission}.`];
    default:
      return [
        ...(details.current_status === undefined ? [] : [`The task is ${details.current_status}.`]),
        ...(Array.isArray(expected) && expected.length > 0
          ? [`${details.current_status === undefined ? "Allowed" : "It must be"}: ${expected.join(", ")}.`]
          : []),
      ];
  }
}
