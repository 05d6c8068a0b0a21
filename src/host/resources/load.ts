/** The load averages of the machine. */
import { processorCount } from "./processors.ts";
import { optional } from "./unreadable.ts";

export interface LoadAverage {
  load1: number;
  load5: number;
  load15: number;
}

/** The load averages; undefined without the permission to read them, and on Windows, which has none. */
export function loadAverage(): LoadAverage | undefined {
  // Windows reports zero.
  if (Deno.build.os === "windows") return undefined;
  const [load1, load5, load15] = optional(() => Deno.loadavg()) ?? [];
  return load1 === undefined || load5 === undefined || load15 === undefined
    ? undefined
    : { load1, load5, load15 };
}

/** The load of the last minute per core; 0 if it cannot be read. Both are the machine's, in a container too. */
export function loadPerCore(): number {
  return (loadAverage()?.load1 ?? 0) / processorCount();
}
