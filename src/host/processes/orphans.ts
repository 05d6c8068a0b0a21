/**
 * Whether processes are reaped whose parent has ended. The system gives them to PID 1. One that is no init, such as a
 * program in a container, lets each of them stay as a zombie. Linux only.
 */
import { type Clock, sleep } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { runBriefly } from "./brief_program.ts";
import { listRows } from "./process_rows.ts";

/** An init reaps at once; on a busy machine, later. */
const REAPED_WITHIN_MS = 3000;
const LOOK_EVERY_MS = 200;

/** What to do about it. */
export const INIT_ADVICE =
  "run the container with an init: docker run --init, or init: true in a compose file";

/** Makes an orphan that ends at once, and says whether it stays as a zombie. False if that cannot be found out. */
export async function leavesZombies(clock: Clock): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    const { stdout } = await runBriefly(clock, "sh", ["-c", "sleep 0 > /dev/null & echo $!"]);
    const pid = Number(stdout);
    if (!(pid > 0)) return false;
    const until = clock.monotonic() + REAPED_WITHIN_MS;
    while ((await listRows(clock, pid)).length > 0) {
      if (clock.monotonic() > until) return (await listRows(clock, pid))[0]?.state === "Z";
      await sleep(clock, LOOK_EVERY_MS);
    }
  } catch (error) {
    // Without `sh` or a list of processes, nothing is known. Others report those.
    if (!(error instanceof ApiError)) throw error;
  }
  return false;
}
