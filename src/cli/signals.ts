/** Signals that end the program. */
import type { Clock } from "../clock/clock.ts";
import { EXIT } from "./exit_codes.ts";

const ENDING: Deno.Signal[] = ["SIGINT", "SIGTERM"];
/** Under `deno task`, Ctrl-C arrives twice: from the terminal, and passed on by `deno task`. */
const SAME_SIGNAL_MS = 300;

const EXIT_CODES: Partial<Record<Deno.Signal, number>> = {
  SIGHUP: EXIT.hung_up,
  SIGINT: EXIT.cancelled,
  SIGTERM: EXIT.terminated,
};

/** Resolves at the first of the signals; a second one ends the process at once. */
export function untilSignalled(clock: Clock, ending: Deno.Signal[] = ENDING): Promise<Deno.Signal> {
  const { promise, resolve } = Promise.withResolvers<Deno.Signal>();
  let first_at: number | undefined;
  for (const signal of ending) {
    // Windows has no such signal, and listening for it is an error there.
    if (signal === "SIGTERM" && Deno.build.os === "windows") continue;
    Deno.addSignalListener(signal, () => {
      first_at ??= clock.monotonic();
      resolve(signal);
      if (clock.monotonic() - first_at > SAME_SIGNAL_MS) Deno.exit(EXIT_CODES[signal]);
    });
  }
  return promise;
}
