/** Signals that end the program. */
import type { Clock } from "../clock/clock.ts";

const ENDING: Deno.Signal[] = ["SIGINT", "SIGTERM"];
/** Under `deno task`, Ctrl-C arrives twice: from the terminal, and passed on by `deno task`. */
const SAME_SIGNAL_MS = 300;

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function untilSignalled(clock: Clock): Promise<Deno.Signal> {
  const { promise, resolve } = Promise.withResolvers<Deno.Signal>();
  let first_at: number | undefined;
  for (const signal of ENDING) {
    Deno.addSignalListener(signal, () => {
      first_at ??= clock.monotonic();
      resolve(signal);
      if (clock.monotonic() - first_at > SAME_SIGNAL_MS) Deno.exit(signal === "SIGINT" ? 130 : 143);
    });
  }
  return promise;
}
