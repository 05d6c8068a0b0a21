/** How the program is told to end. */
import type { Clock } from "../clock/clock.ts";

const ENDING: Deno.Signal[] = ["SIGINT", "SIGTERM"];
/** Ctrl-C below `deno task` comes twice: from the terminal, and passed on by `deno task`. */
const SAME_SIGNAL_MS = 300;

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function untilSignalled(clock: Clock): Promise<Deno.Signal> {
  const { promise, resolve } = Promise.withResolvers<Deno.Signal>();
  let told_at: number | undefined;
  for (const signal of ENDING) {
    Deno.addSignalListener(signal, () => {
      told_at ??= clock.monotonic();
      resolve(signal);
      if (clock.monotonic() - told_at > SAME_SIGNAL_MS) Deno.exit(signal === "SIGINT" ? 130 : 143);
    });
  }
  return promise;
}
