/** How the program is told to end. */

const ENDING: Deno.Signal[] = ["SIGINT", "SIGTERM"];

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function untilSignalled(): Promise<Deno.Signal> {
  const { promise, resolve } = Promise.withResolvers<Deno.Signal>();
  let told = false;
  for (const signal of ENDING) {
    Deno.addSignalListener(signal, () => {
      if (told) Deno.exit(signal === "SIGINT" ? 130 : 143);
      told = true;
      resolve(signal);
    });
  }
  return promise;
}
