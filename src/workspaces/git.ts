/** Runs git. Each command ends within a bound, or when nobody needs its result any more. */
import { type Clock, within } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { collectText } from "../host/processes/child_streams.ts";

/** For commands that only look. */
export const QUICK_MS = 60_000;
/** git tidies up after SIGTERM, such as a worktree that is half made. */
const TIDY_MS = 5_000;
/** What git prints of a large repository takes a tenth of it. */
const OUTPUT_MAX = 64_000_000;

export interface GitBounds {
  clock: Clock;
  bound_ms: number;
  signal?: AbortSignal;
}

/** Returns git's trimmed output. Throws `ApiError` with git's error message, or if it was ended. */
export async function git(
  { clock, bound_ms, signal }: GitBounds,
  folder: string,
  ...args: string[]
): Promise<string> {
  const failed = (why: string) =>
    new ApiError("FILESYSTEM_ERROR", `git ${args[0]} failed in ${folder}: ${why}`, {
      operation: `git ${args.join(" ")}`,
      file_path: folder,
    });
  if (signal?.aborted) throw failed("its task was ended");
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("git", {
      args: ["-C", folder, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw new ApiError(
      "SERVICE_UNAVAILABLE",
      `isolation "worktree" needs git, which cannot be run: ${(error as Error).message}`,
      { program: "git", field: "task.execution.isolation" },
    );
  }
  const stdout = collectText(child.stdout, OUTPUT_MAX);
  const stderr = collectText(child.stderr, OUTPUT_MAX);
  const done = Promise.all([child.status, stdout.text, stderr.text]).catch((error: Error) => error);
  const aborted = Promise.withResolvers<"aborted">();
  const abort = () => aborted.resolve("aborted");
  signal?.addEventListener("abort", abort);
  const ended = await within(clock, bound_ms, Promise.race([done, aborted.promise]), "late" as const);
  signal?.removeEventListener("abort", abort);
  if (Array.isArray(ended)) {
    const [{ success }, out, err] = ended;
    if (success) return out.trim();
    throw failed(err.trim());
  }
  await end(clock, child);
  // A process that git has started may keep the pipes open.
  stdout.cancel();
  stderr.cancel();
  await within(clock, TIDY_MS, done, undefined);
  if (ended === "aborted") throw failed("its task was ended");
  throw failed(ended === "late" ? `it did not end within ${bound_ms / 1000} s` : ended.message);
}

async function end(clock: Clock, child: Deno.ChildProcess): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    try {
      child.kill(signal);
    } catch {
      // It has just ended.
    }
    if (await within(clock, TIDY_MS, child.status, undefined)) return;
  }
}
