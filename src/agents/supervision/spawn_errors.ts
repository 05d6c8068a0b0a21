/** Why an agent could not be started, and what the user can do about it. */
import { ApiError } from "../../domain/errors.ts";

export interface StartAttempt {
  program: string;
  /** The command that installs it, if known. */
  install: string | undefined;
  /** The agent's name in the configuration. */
  agent: string;
  cwd: string;
}

/** Throws `ApiError` if Deno's permissions do not allow running `program` or the programs that supervise it. */
export async function requireRunPermission(attempt: StartAttempt): Promise<void> {
  if ((await Deno.permissions.query({ name: "run" })).state === "granted") return;
  for (const command of [attempt.program, "ps", "kill"]) {
    const { state } = await Deno.permissions.query({ name: "run", command });
    if (state !== "granted") throw notPermitted(attempt, command);
  }
}

function notPermitted(attempt: StartAttempt, command: string, reason?: string): ApiError {
  const missing = `--allow-run=${command}`;
  const { program, agent } = attempt;
  return new ApiError(
    "SERVICE_UNAVAILABLE",
    `The server may not run '${command}'; start it with ${missing} once that is installed`,
    reason === undefined ? { missing, program, agent } : { missing, program, agent, reason },
  );
}

/** Throws `ApiError` if the folder does not exist. If it may not be read, the spawn reports the error. */
export async function requireFolder(cwd: string): Promise<void> {
  try {
    if ((await Deno.stat(cwd)).isDirectory) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return;
  }
  throw missingFolder(cwd);
}

function missingFolder(cwd: string): ApiError {
  return new ApiError("FILE_NOT_FOUND", `The working directory '${cwd}' does not exist`, {
    field: "task.execution.working_dir",
    value: cwd,
  });
}

/** Turns a failed spawn into an `ApiError`. An error without a known cause is returned as it is. */
export function spawnError(error: unknown, attempt: StartAttempt): unknown {
  const { program, agent, cwd, install } = attempt;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Deno.errors.NotCapable) return notPermitted(attempt, program, message);
  if (/No such cwd/.test(message) || error instanceof Deno.errors.NotADirectory) return missingFolder(cwd);
  const details = { program, agent };
  if (error instanceof Deno.errors.NotFound) {
    return new ApiError(
      "SERVICE_UNAVAILABLE",
      `Agent program '${program}' is not installed: ` +
        (install
          ? `install it with '${install}'`
          : `the command of agent '${agent}' must name a program on PATH`),
      install ? { ...details, install } : details,
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new ApiError("SERVICE_UNAVAILABLE", `Agent program '${program}' may not be executed`, details);
  }
  if (/os error 7\b/.test(message)) {
    return new ApiError(
      "INVALID_FIELD_VALUE",
      "The task's text or environment is too long for a command line",
      {
        field: "task.execution.prompt",
        expected: "at most 128 KiB in one argument or variable",
        ...details,
      },
    );
  }
  if (/os error (11|12|24)\b/.test(message)) {
    return new ApiError("SERVER_OVERLOAD", `The system has no room for another process: ${message}`, details);
  }
  return error;
}
