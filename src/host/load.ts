/** How busy the machine is, in a word. */

/** The load of the last minute per core; 0 where the permission to see it is missing. */
export function loadPerCore(): number {
  try {
    return Deno.loadavg()[0]! / navigator.hardwareConcurrency;
  } catch (error) {
    // Deno 2.4 says PermissionDenied, newer ones NotCapable.
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) return 0;
    throw error;
  }
}
