/**
 * The program `setsid`, which starts another one in a session of its own. Deno's own way to do that copies the tables of its
 * memory for each start, which keeps the server's main thread for milliseconds.
 */
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { runBriefly } from "./brief_program.ts";
import { findProgram } from "./find_program.ts";

/** How long a trial may take. */
const TRIAL_MS = 2000;

/** The path of a `setsid` that works here, under the pid that it was started with; undefined for none. */
export async function findSetsid(clock: Clock): Promise<string | undefined> {
  const [setsid, shell] = await Promise.all(["setsid", "sh"].map(findRunnable));
  return setsid !== undefined && shell !== undefined && await becomes(clock, [setsid, shell])
    ? setsid
    : undefined;
}

/** Whether the command becomes a shell under its own pid. */
export async function becomes(clock: Clock, [program, ...args]: [string, ...string[]]): Promise<boolean> {
  try {
    const { stdout, pid } = await runBriefly(clock, program, [...args, "-c", "echo $$"], TRIAL_MS);
    return stdout === `${pid}\n`;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return false;
  }
}

/** The path of a program that this server may run; undefined for none. */
export async function findRunnable(name: string): Promise<string | undefined> {
  const command = await findProgram(name);
  if (command === undefined) return undefined;
  return (await Deno.permissions.query({ name: "run", command })).state === "granted" ? command : undefined;
}

/** Why `setsid` could not start the program; undefined if it has. `code`, `stderr`: how that ended. */
export function setsidFault(code: number, stderr: Uint8Array): string | undefined {
  if (code !== 126 && code !== 127) return undefined;
  const [, reason] = /^setsid: (.*)/.exec(new TextDecoder().decode(stderr.subarray(0, 1000))) ?? [];
  return reason;
}
