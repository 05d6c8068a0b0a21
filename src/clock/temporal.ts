/** Temporal: the platform's own where it has one, because loading the polyfill takes 12 ms of a start. */
import type { Temporal as Polyfill } from "temporal-polyfill";

export const Temporal = (globalThis as { Temporal?: typeof Polyfill }).Temporal ??
  (await import("temporal-polyfill")).Temporal;
