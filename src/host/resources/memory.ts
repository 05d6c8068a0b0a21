/** The memory of the machine, or of the container or unit that the server runs in. */
import process from "node:process";
import type { Clock } from "../../clock/clock.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import { type GroupMemory, groupMemory } from "./control_groups.ts";
import { printedGroupMemory } from "./printed_groups.ts";
import { percent } from "./percent.ts";
import { optional, unreadable } from "./unreadable.ts";

/** Within this time the last figures are used again. */
const FRESH_MS = 500;
/** How long programs that failed are left alone. */
const RETRY_MS = 60_000;

export interface MachineMemory {
  /** Bytes. */
  total: number;
  available: number;
  used: number;
  used_percent: number;
}

/** Bytes; undefined without the permission to read them. */
export function memoryTotal(): number | undefined {
  return optional(() => Math.min(Deno.systemMemoryInfo().total, groupMemory()?.limit ?? ownLimit()));
}

/** The limit of this process's own control group, which the runtime reads without the permission for /proc. */
function ownLimit(): number {
  // 0 and huge numbers stand for no limit. Deno 2.4 does not tell.
  return optional(() => process.constrainedMemory()) || Infinity;
}

export interface MemoryMonitor {
  /** Throws without the permission to read it. */
  read(): Promise<MachineMemory>;
}

export function createMemoryMonitor(clock: Clock): MemoryMonitor {
  let last: { at: number; memory: Promise<MachineMemory> } | undefined;
  let failed_at = -Infinity;

  async function readNow(): Promise<MachineMemory> {
    const machine = Deno.systemMemoryInfo();
    const group = groupMemory();
    if (group) return limitedMemory(machine, group);
    const limit = ownLimit();
    if (limit >= machine.total) return limitedMemory(machine, undefined);
    // The limit is known, but not what is left of it. Programs may read what this process may not.
    const printed = clock.monotonic() - failed_at < RETRY_MS ? undefined : await printedGroupMemory(clock);
    if (!printed) failed_at = clock.monotonic();
    return limitedMemory(machine, printed ?? { limit, available: limit - Deno.memoryUsage().rss });
  }

  return {
    read() {
      if (!last || clock.monotonic() - last.at >= FRESH_MS) {
        last = { at: clock.monotonic(), memory: readNow() };
      }
      return last.memory;
    },
  };
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
export async function memoryFigures(monitor: MemoryMonitor): Promise<MemoryFigures> {
  try {
    return memoryFields(await monitor.read());
  } catch (error) {
    throw unreadable("memory usage", "sys", error);
  }
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
