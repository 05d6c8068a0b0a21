/** The memory of the machine, or of the container or unit that the server runs in. */
import type { SystemResources } from "../../protocol/resources.ts";
import { type GroupMemory, groupMemory } from "./control_groups.ts";
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

type MemoryFigures = Pick<
  SystemResources,
  "memory_usage" | "memory_used" | "memory_total" | "memory_available"
>;

/** The memory fields of a message. */
export function memoryFields({ total, available, used, used_percent }: MachineMemory): MemoryFigures {
  return {
    memory_usage: used_percent,
    memory_used: used,
    memory_total: total,
    memory_available: available,
  };
}

/** Throws `ApiError` without the permission to read them. */
export function memoryFigures(): MemoryFigures {
  try {
    return memoryFields(read());
  } catch (error) {
    throw unreadable("memory usage", "sys", error);
  }
}

function read(): MachineMemory {
  return limitedMemory(Deno.systemMemoryInfo(), groupMemory());
}

/** What this process may use of the machine's memory. `group`: what its control groups leave to it. */
export function limitedMemory(
  machine: Pick<MachineMemory, "total" | "available">,
  group: GroupMemory | undefined,
): MachineMemory {
  const total = Math.min(machine.total, group?.limit ?? Infinity);
  const available = Math.min(total, machine.available, group?.available ?? Infinity);
  const used = total - available;
  return { total, available, used, used_percent: percent(100 * used / total) };
}
