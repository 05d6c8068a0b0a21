/** Runs short programs. Each answers within a bound or is killed. */
import { type Clock, within } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { collectText } from "./child_streams.ts";

/** These programs take milliseconds. A program that hangs (a dead network drive) must not block its caller forever. */
const BOUND_MS = 5000;
/** The command lines and environments of thousands of processes take a tenth of it. */
const OUTPUT_MAX = 64_000_000;
/** Only a program that is stuck in the kernel takes longer to die. */
const KILLED_WITHIN_MS = 500;

export interface BriefOutput {
  code: number;
  stdout: string;
  stderr: string;
  pid: number;
}

/**
 * Runs a program to its end and returns what it printed, whatever its exit code. Throws `ApiError`
 * `SERVICE_UNAVAILABLE` when the program or the permission to run it is missing, when it prints without end, or when it
 * does not end within `bound_ms` (then `details.retry_after_seconds` is set). `env`: variables besides this process's own.
 */
export async function runBriefly(
  clock: Clock,
  program: string,
  args: string[],
  bound_ms: number = BOUND_MS,
  env: Record<string, string> = {},
): Promise<BriefOutput> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args,
      // In UTC, a change to summer time does not change start times.
      env: { ...env, LC_ALL: "C", TZ: "UTC" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw programMissing(program, error);
  }
  const stdout = collectText(child.stdout, OUTPUT_MAX);
  const stderr = collectText(child.stderr, OUTPUT_MAX);
  const all = Promise.all([child.status, stdout.text, stderr.text]).catch((error: Error) => error);
  const ended = await within(clock, bound_ms, all, undefined);
  if (Array.isArray(ended)) {
    const [{ code }, out, err] = ended;
    return { code, stdout: out, stderr: err, pid: child.pid };
  }
  try {
    child.kill("SIGKILL");
  } catch {
    // The program has just ended.
  }
  // A child of the program may keep the pipes open.
  stdout.cancel();
  stderr.cancel();
  await within(
    clock,
    KILLED_WITHIN_MS,
    Promise.allSettled([child.status, stdout.text, stderr.text]),
    undefined,
  );
  if (ended !== undefined) {
    throw new ApiError("SERVICE_UNAVAILABLE", `'${program}' cannot be used: it printed ${ended.message}`, {
      missing: [program],
    });
  }
  throw new ApiError("SERVICE_UNAVAILABLE", `'${program}' did not answer within ${bound_ms} ms`, {
    missing: [program],
    retry_after_seconds: 1,
  });
}

function programMissing(program: string, error: unknown): ApiError {
  const denied = error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied;
  return denied
    ? new ApiError(
      "SERVICE_UNAVAILABLE",
      `This server may not run '${program}'; start it with --allow-run=${program}`,
      { missing: ["run"], permission: `--allow-run=${program}` },
    )
    : new ApiError(
      "SERVICE_UNAVAILABLE",
      error instanceof Deno.errors.NotFound
        ? `The program '${program}' is not on PATH`
        : `The program '${program}' cannot be run: ${(error as Error).message}`,
      { missing: [program] },
    );
}
