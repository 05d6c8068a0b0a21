/** The machine's memory. */
import type { SystemResources } from "../../protocol/resources.ts";
import { percent } from "./percent.ts";
import { optional, unreadable } from "./unreadable.ts";

export interface MachineMemory {
  /** Bytes. */
  total: number;
  available: number;
  used: number;
  used_percent: number;
}

/** Undefined without the permission to read it. */
export function machineMemory(): MachineMemory | undefined {
  return optional(read);
}

/** The memory fields of a message. Throws `ApiError` without the permission to read them. */
export function memoryFigures(): Pick<
  SystemResources,
  "memory_usage" | "memory_used" | "memory_total" | "memory_available"
> {
  try {
    const { total, available, used, used_percent } = read();
    return {
      memory_usage: used_percent,
      memory_used: used,
      memory_total: total,
      memory_available: available,
    };
  } catch (error) {
    throw unreadable("memory usage", "sys", error);
  }
}

function read(): MachineMemory {
  const { total, available } = Deno.systemMemoryInfo();
  const used = total - available;
  return { total, available, used, used_percent: percent(100 * used / total) };
}
