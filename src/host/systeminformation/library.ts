/**
 * systeminformation, for platforms without /proc and `ps`: Windows, and figures that the platform itself does not give.
 * It runs programs and reads files in the background, and without a permission it may throw where nobody can catch it.
 * So it is loaded only with all permissions, and every answer has a bound.
 */
import type * as Library from "systeminformation";
import { type Clock, within } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";

/** PowerShell takes seconds to list processes. */
const BOUND_MS = 10_000;

const PERMISSIONS = ["read", "write", "net", "env", "sys", "run", "ffi"] as const;

/** What is asked of the library. */
export type SystemInformation = Pick<
  typeof Library,
  "currentLoad" | "mem" | "fsSize" | "networkStats" | "processes"
>;

export interface BoundedLibrary {
  /**
   * The answer of the library. Throws `SERVICE_UNAVAILABLE` without all permissions, if there is no answer in time, or if
   * an earlier question of this kind is still open.
   */
  ask<T>(what: keyof SystemInformation, question: (library: SystemInformation) => Promise<T>): Promise<T>;
}

/** `load`: for tests of a library that does not behave. */
export function openLibrary(
  clock: Clock,
  load: () => Promise<SystemInformation> = loadWithAllPermissions,
): BoundedLibrary {
  // A program that hangs must not be started again and again.
  const open = new Set<string>();
  return {
    async ask(what, question) {
      if (open.has(what)) throw unanswered(what, "still has no answer from before");
      open.add(what);
      const answer = load().then(question).finally(() => open.delete(what));
      const late = Symbol();
      const answered = await within(clock, BOUND_MS, answer.catch(failed(what)), late);
      if (answered === late) throw unanswered(what, `did not answer within ${BOUND_MS} ms`);
      return answered as Awaited<typeof answer>;
    },
  };
}

function failed(what: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof ApiError) throw error;
    throw new ApiError(
      "SERVICE_UNAVAILABLE",
      `systeminformation's ${what} failed: ${(error as Error).message}`,
      {
        missing: [what],
      },
    );
  };
}

function unanswered(what: string, why: string): ApiError {
  return new ApiError("SERVICE_UNAVAILABLE", `systeminformation's ${what} ${why}`, {
    missing: [what],
    retry_after_seconds: 1,
  });
}

/** The error for a server without all permissions; undefined for one that has them. */
export async function libraryObstacle(): Promise<ApiError | undefined> {
  const states = await Promise.all(PERMISSIONS.map(async (name) => {
    const { state, partial } = await Deno.permissions.query({ name }) as Deno.PermissionStatus;
    return state === "granted" && !partial;
  }));
  if (states.every((granted) => granted)) return undefined;
  return new ApiError(
    "SERVICE_UNAVAILABLE",
    "On this platform processes and network counters can be read only with all permissions; start with --allow-all",
    { missing: ["all"], permission: "--allow-all" },
  );
}

async function loadWithAllPermissions(): Promise<SystemInformation> {
  const obstacle = await libraryObstacle();
  if (obstacle) throw obstacle;
  return (await import("systeminformation")).default;
}
