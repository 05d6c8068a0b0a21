/** Why an agent could not be started, and what the user can do about it. */
import { ApiError } from "../../domain/errors.ts";
import { enterFolder } from "../../host/enter_folder.ts";
import { closedFolder, firstClosedFolder, type ProgramFault } from "../../host/processes/place_fault.ts";
import { programFault } from "../../host/processes/program_fault.ts";

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

/** Throws `ApiError` if the folder does not exist or may not be entered. If it may not be read, the spawn reports the error. */
export async function requireFolder(cwd: string): Promise<void> {
  try {
    await Deno.stat(cwd);
    await enterFolder(cwd);
  } catch (error) {
    const { NotFound, NotADirectory, FilesystemLoop, PermissionDenied } = Deno.errors;
    if (error instanceof PermissionDenied) throw await closedWorkingDir(cwd);
    if (error instanceof NotFound || error instanceof NotADirectory || error instanceof FilesystemLoop) {
      throw missingFolder(cwd);
    }
  }
}

function missingFolder(cwd: string): ApiError {
  return new ApiError("FILE_NOT_FOUND", `The working directory '${cwd}' does not exist`, {
    field: "task.execution.working_dir",
    value: cwd,
  });
}

async function closedWorkingDir(cwd: string): Promise<ApiError> {
  const folder = await firstClosedFolder(cwd);
  const { problem, advice } = closedFolder(cwd, folder === cwd ? undefined : folder);
  const itself = `The working directory '${cwd}' may not be entered by the account of the server`;
  return new ApiError(
    "FILE_PERMISSION_DENIED",
    folder === cwd
      ? `${itself}: grant it with chmod o+x '${cwd}', or change the owner`
      : `The working directory ${problem}: ${advice}`,
    {
      field: "task.execution.working_dir",
      value: cwd,
      file_path: folder ?? cwd,
      operation: "enter",
      required_permissions: "execute",
    },
  );
}

/** The bounds of the system that a spawn runs into, by the number of the error, and what to do about each. */
const SHORTAGES: Record<number, string> = {
  11: "it has too many processes: end some, or raise the limit (ulimit -u, TasksMax of the unit)",
  12: "it is out of memory: lower tasks.max_concurrent, or add memory",
  23: "the whole system has too many open files: raise fs.file-max",
  24: "the server has too many open files: raise the limit (ulimit -n, LimitNOFILE of the unit)",
};

/**
 * Turns a failed spawn into an `ApiError` that says what is wrong and what to do. `search`: the agent's PATH. The
 * system's error is only a number, and often the same one for different causes, so the program is looked at.
 */
export async function spawnError(error: unknown, attempt: StartAttempt, search: string): Promise<ApiError> {
  const { program, agent, cwd } = attempt;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ApiError) return error;
  if (error instanceof Deno.errors.NotCapable) return notPermitted(attempt, program, message);
  if (/No such cwd|cwd is not a directory/.test(message)) return missingFolder(cwd);
  const number = Number(/os error (\d+)/.exec(message)?.[1]);
  if (number === 7) {
    return new ApiError(
      "INVALID_FIELD_VALUE",
      "The task's text or environment is too long for a command line",
      {
        field: "task.execution.prompt",
        expected: "at most 128 KiB in one argument or variable",
        program,
        agent,
      },
    );
  }
  const shortage = SHORTAGES[number];
  if (shortage !== undefined) {
    return new ApiError("SERVER_OVERLOAD", `The system has no room for another process: ${shortage}`, {
      program,
      agent,
      reason: message,
    });
  }
  const fault = await programFault(program, search).catch(() => undefined);
  return programError(fault ?? unseenFault(error, attempt, message, number), attempt);
}

/** The fault that only the system's error tells of. */
function unseenFault(
  error: unknown,
  { program }: StartAttempt,
  message: string,
  number: number,
): ProgramFault {
  const path = program;
  if (error instanceof Deno.errors.NotFound) {
    return { reason: "missing", problem: `there is no program '${program}'`, advice: "install it", path };
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return {
      reason: "not_permitted",
      problem:
        "the account of the server lacks the permission, or the file system does not allow programs (noexec)",
      advice: "look at the modes and owners of the program and of the folders above it",
      path,
    };
  }
  if (number === 26) {
    const problem = "it is being written to at the moment";
    return { reason: "busy", problem, advice: "try again once its installation is done", path };
  }
  return { reason: "unknown", problem: message, advice: "try the command in a terminal", path };
}

/** The error for a program that the system cannot run. */
export function programError(
  { reason, problem, advice, path }: ProgramFault,
  attempt: StartAttempt,
): ApiError {
  const { program, agent, install } = attempt;
  const details = { program, agent };
  switch (reason) {
    case "missing":
      return new ApiError(
        "SERVICE_UNAVAILABLE",
        `Agent program '${program}' is not installed: ${missingAdvice(attempt, problem)}`,
        install ? { ...details, install } : details,
      );
    case "not_executable":
    case "not_permitted":
    case "folder_closed":
    case "is_folder":
    case "not_a_file":
    case "noexec":
      return new ApiError(
        "SERVICE_UNAVAILABLE",
        `Agent program '${program}' may not be executed: ${problem}; ${advice}`,
        { ...details, reason, path },
      );
    default:
      return new ApiError(
        "SERVICE_UNAVAILABLE",
        `Agent program '${program}' cannot be run: ${problem}; ${advice}`,
        { ...details, reason, path },
      );
  }
}

function missingAdvice({ program, agent, install }: StartAttempt, problem: string): string {
  if (install) return `install it with '${install}'`;
  if (/\S\s|\s\S/.test(program)) {
    const words = JSON.stringify(program.trim().split(/\s+/));
    return `the command of agent '${agent}' must name the program and each of its arguments by itself, such as ${words}`;
  }
  const must = `the command of agent '${agent}' must name a program on PATH`;
  return program.includes("/") ? `${problem}; ${must} or by its full path` : must;
}
