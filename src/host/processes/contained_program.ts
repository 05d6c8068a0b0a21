/** Runs a program to its end in a session of its own, so that what it starts can be ended with it. POSIX only. */
import { type Clock, within } from "../../clock/clock.ts";
import { collectBytes, passBytes } from "./child_streams.ts";
import { findSetsid, setsidFault } from "./session_program.ts";
import { signalAll } from "./signals.ts";

/** How long a program may tidy up after SIGTERM. */
const TIDY_MS = 5_000;
/** How long what a program has printed may take to arrive after its end. */
const DRAIN_MS = 1_000;
/** Where `setsid` says that it could not start the program. */
const FIRST_WORDS = 1_000;

export interface ProgramRun {
  program: string;
  args: readonly string[];
  /** Its whole environment. */
  env: Record<string, string>;
  cwd?: string;
  stdin?: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Gets what it prints on stdout as it comes, for a dialogue. */
  heard?(bytes: Uint8Array): void;
  bound_ms: number;
  signal?: AbortSignal;
  /** The most bytes that it may print on each of stdout and stderr. */
  output_max: number;
  /** Gets what it prints on stdout, without a bound, instead of the end. The program is ended once it returns false. */
  take?(bytes: Uint8Array): boolean;
  /**
   * Gets all that it prints, on stdout and stderr, instead of the end. There is no bound: the reader keeps what it needs. What
   * the program leaves running is ended with it, and keeps nobody waiting.
   */
  printed?(bytes: Uint8Array): void;
}

export type ProgramEnd =
  | { why: "ended"; code: number; stdout: Uint8Array<ArrayBuffer>; stderr: Uint8Array<ArrayBuffer> }
  /**
   * It was ended: after its bound, because nobody needs it any more, because it printed without end, or enough. `code`: it had
   * ended by itself before, and what it had started was ended.
   */
  | { why: "late" | "aborted" | "too_much" | "enough"; code?: number };

/** Why a task's program was ended, in words. */
export function whyEnded(
  why: Exclude<ProgramEnd["why"], "ended">,
  { bound_ms, output_max }: Pick<ProgramRun, "bound_ms" | "output_max">,
): string {
  switch (why) {
    case "late":
      return `it did not end within ${bound_ms / 1000} s`;
    case "aborted":
      return "its task was ended";
    case "too_much":
    case "enough":
      return `it printed more than ${output_max} bytes`;
  }
}

/** Throws what `Deno.Command` throws if the program cannot be started. */
export type RunProgram = (run: ProgramRun) => Promise<ProgramEnd>;

export function containedPrograms(clock: Clock): RunProgram {
  let setsid: ReturnType<typeof findSetsid> | undefined;
  return async ({ program, args, env, cwd, stdin, heard, take, printed, bound_ms, signal, output_max }) => {
    if (signal?.aborted) return { why: "aborted" };
    const byProgram = await mayRun(program) ? await (setsid ??= findSetsid(clock)) : undefined;
    if (signal?.aborted) return { why: "aborted" };
    const common = {
      env,
      clearEnv: true,
      cwd,
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    } as const;
    // In a session of its own, with nobody to ask.
    const child = byProgram === undefined
      ? new Deno.Command(program, { ...common, args: [...args], detached: true }).spawn()
      : new Deno.Command(byProgram, { ...common, args: [program, ...args] }).spawn();
    if (stdin !== undefined) void give(child.stdin, stdin);
    let code: number | undefined;
    void child.status.then((status) => code = status.code);
    const enough = Promise.withResolvers<"enough">();
    const taken = take ?? (printed && ((bytes) => (printed(bytes), true)));
    const stdout = taken === undefined
      ? collectBytes(child.stdout, output_max, heard)
      : passedOn(child.stdout, taken, () => enough.resolve("enough"));
    const stderr = printed === undefined
      ? collectBytes(child.stderr, output_max)
      : firstWords(child.stderr, printed);
    const read = Promise.all([stdout.bytes, stderr.bytes]);
    const readInTime = async () => {
      await child.status;
      await signalAll(clock, [-child.pid], "SIGKILL");
      await within(clock, DRAIN_MS, read, undefined);
      stdout.cancel();
      stderr.cancel();
      return await read;
    };
    const done = Promise.all([child.status, printed ? readInTime() : read]).catch((error) => {
      if (error instanceof RangeError) return "too_much" as const;
      throw error;
    });
    const aborted = Promise.withResolvers<"aborted">();
    const abort = () => aborted.resolve("aborted");
    signal?.addEventListener("abort", abort);
    let ended;
    try {
      const first = Promise.race([done, aborted.promise, enough.promise]);
      ended = await within(clock, bound_ms, first, "late" as const);
    } catch (error) {
      await end(clock, child);
      stdout.cancel();
      stderr.cancel();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    if (typeof ended !== "string") {
      const [{ code }, [out, err]] = ended;
      const fault = byProgram && setsidFault(code, err);
      if (fault !== undefined) throw new Deno.errors.NotFound(fault);
      return { why: "ended", code, stdout: out, stderr: err };
    }
    const own = code;
    await end(clock, child);
    // A process that has left the group may keep the pipes open.
    stdout.cancel();
    stderr.cancel();
    await within(clock, TIDY_MS, done, undefined);
    return own === undefined ? { why: ended } : { why: ended, code: own };
  };
}

/** As `collectBytes`, but nothing is kept. */
function passedOn(
  source: ReadableStream<Uint8Array>,
  take: (bytes: Uint8Array) => boolean,
  full: () => void,
) {
  const { done, cancel } = passBytes(source, (bytes) => {
    const goesOn = take(bytes);
    if (!goesOn) full();
    return goesOn;
  });
  return { bytes: done.then(() => new Uint8Array()), cancel };
}

/** As `passedOn`, but what comes first is kept. */
function firstWords(source: ReadableStream<Uint8Array>, printed: (bytes: Uint8Array) => void) {
  let words = new Uint8Array();
  const { done, cancel } = passBytes(source, (bytes) => {
    if (words.length === 0) words = bytes.slice(0, FIRST_WORDS);
    printed(bytes);
    return true;
  });
  return { bytes: done.then(() => words), cancel };
}

async function give(
  pipe: WritableStream<Uint8Array>,
  bytes: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  if (bytes instanceof ReadableStream) return await bytes.pipeTo(pipe).catch(() => {});
  const writer = pipe.getWriter();
  try {
    await writer.write(bytes);
    await writer.close();
  } catch {
    // It has ended without reading all, which its exit code tells.
  }
}

/** Whether this server itself may run the program. Else Deno says so when it is started. */
async function mayRun(program: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "run", command: program })).state === "granted";
}

async function end(clock: Clock, child: Deno.ChildProcess): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    // At first it has no group yet.
    await signalAll(clock, [-child.pid, child.pid], signal);
    if (await within(clock, TIDY_MS, child.status, undefined)) break;
  }
  // What it has started need not have ended with it.
  await signalAll(clock, [-child.pid], "SIGKILL");
}
