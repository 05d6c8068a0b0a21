/**
 * Whether processes can be listed and signalled here, judged by doing both. A program of the right name proves nothing:
 * BusyBox's `ps` lacks the options, another one hangs.
 */
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { libraryObstacle } from "../systeminformation/library.ts";
import { procfsUnits } from "./procfs.ts";
import { listPs, ourOs } from "./ps.ts";
import { signalByProgram } from "./signals.ts";

/** A `ps` that takes longer hangs. On a machine with much to do it may well take two seconds. */
const TRIAL_MS = 5000;
/** How long a result is used again: a problem shorter, so that its end is seen soon. */
const FRESH_MS = { able: 60_000, unable: 2000 };

/** What may be impossible: listing processes, signalling them, and running tasks, which needs both. */
export type Ability = "list" | "signal" | "run";

export interface ProcessAbility {
  /**
   * Why this cannot be done, as the last trial found: `SERVICE_UNAVAILABLE` with what is missing in `details`; undefined
   * if it can. If that trial is old, another one begins in the background.
   */
  obstacle(to: Ability): ApiError | undefined;
  /** Resolves when a trial of the last two seconds has ended. */
  tried(): Promise<void>;
}

type Obstacles = Record<Ability, ApiError | undefined>;

export function createProcessAbility(
  clock: Clock,
  os: typeof Deno.build.os = Deno.build.os,
): ProcessAbility {
  let last: { at_ms: number; found: Obstacles } | undefined;
  let running: Promise<void> | undefined;

  const isOlder = (ms: number) => !last || clock.monotonic() - last.at_ms > ms;

  function again(): Promise<void> {
    return running ??= tryAll(clock, os).then((found) => {
      last = { at_ms: clock.monotonic(), found };
    }).finally(() => running = undefined);
  }

  return {
    obstacle(to) {
      const found = last?.found;
      if (isOlder(found?.run ? FRESH_MS.unable : FRESH_MS.able)) void again();
      return found?.[to];
    },
    async tried() {
      if (isOlder(FRESH_MS.unable)) await again();
    },
  };
}

async function tryAll(clock: Clock, os: typeof Deno.build.os): Promise<Obstacles> {
  if (os === "windows") return { list: await libraryObstacle(), signal: NO_SIGNALS, run: NO_SUPERVISION };
  const [list, signal] = await Promise.all([listing(clock), signalling(clock)]);
  return { list, signal, run: supervising(list, signal) };
}

/** What is not half done on Windows. The listing of processes works there. */
const NO_SIGNALS = windowsLacks("Processes cannot be signalled", ["signals"]);
const NO_SUPERVISION = windowsLacks("Tasks cannot be supervised, so none are run", [
  "sessions",
  "process groups",
  "signals",
]);

function windowsLacks(what: string, missing: string[]): ApiError {
  const message = `${what}: Windows has no ${missing.join(", ")}. Run the server in WSL`;
  return new ApiError("SERVICE_UNAVAILABLE", message, { missing, platform: "windows" });
}

async function listing(clock: Clock): Promise<ApiError | undefined> {
  return await failure(async () => {
    if (!procfsUnits()) await listPs(clock, "all_with_environment", ourOs(), TRIAL_MS);
  });
}

/** With the full run permission Deno sends signals. The program is tried on this process, with a signal that does nothing. */
async function signalling(clock: Clock): Promise<ApiError | undefined> {
  if ((await Deno.permissions.query({ name: "run" })).state === "granted") return undefined;
  return await failure(async () => {
    const delivery = await signalByProgram(clock, Deno.pid, "SIGCONT");
    if (delivery.outcome === "delivered") return;
    const reason = "reason" in delivery ? delivery.reason.trim().slice(0, 200) : "it finds no process";
    throw new ApiError("SERVICE_UNAVAILABLE", `'kill' does not work here: ${reason}`, {
      missing: ["kill"],
      program: "kill",
      reason,
    });
  });
}

function supervising(list: ApiError | undefined, signal: ApiError | undefined): ApiError | undefined {
  const cause = list ?? signal;
  if (!cause) return undefined;
  if (list?.details.permission !== undefined && signal?.details.permission !== undefined) {
    return new ApiError("SERVICE_UNAVAILABLE", "This server may not run programs, so it cannot run tasks", {
      missing: ["run"],
      permission: "--allow-run",
    });
  }
  const message = `Tasks cannot be supervised here, so none are run. ${cause.message}`;
  return new ApiError(cause.code, message, cause.details);
}

/** The `ApiError` that `action` fails with. */
async function failure(action: () => Promise<unknown>): Promise<ApiError | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error;
    return new ApiError("SERVICE_UNAVAILABLE", `Processes cannot be used here: ${(error as Error).message}`, {
      missing: ["ps", "kill"],
    });
  }
}
