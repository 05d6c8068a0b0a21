/** The machine's figures from systeminformation. */
import type { NetworkStats } from "../../protocol/resources.ts";
import { diskFields, type DiskFigures } from "../resources/disk.ts";
import { percent } from "../resources/percent.ts";
import type { BoundedLibrary } from "./library.ts";

/** Percent of all processors since the previous question. */
export async function libraryLoad(library: BoundedLibrary): Promise<number> {
  return percent((await library.ask("currentLoad", (it) => it.currentLoad())).currentLoad);
}

/** In bytes. */
export async function libraryMemory(library: BoundedLibrary): Promise<{ total: number; available: number }> {
  const { total, available } = await library.ask("mem", (it) => it.mem());
  return { total, available };
}

/** The disk that holds `path`; undefined if none of those listed does. */
export async function libraryDisk(
  library: BoundedLibrary,
  path: string,
): Promise<DiskFigures | undefined> {
  const disks = await library.ask("fsSize", (it) => it.fsSize());
  const holders = disks.filter(({ mount }) => isWithin(path, mount));
  const disk = holders.sort((a, b) => b.mount.length - a.mount.length)[0];
  return disk && diskFields(disk.used, disk.available, disk.size);
}

function isWithin(path: string, mount: string): boolean {
  const plain = (text: string) => text.replaceAll("\\", "/").toLowerCase().replace(/\/*$/, "/");
  return plain(path).startsWith(plain(mount));
}

/** The counters of all interfaces except the loopback; undefined if there is none. It does not count packets. */
export async function libraryNetwork(library: BoundedLibrary): Promise<NetworkStats | undefined> {
  const all = await library.ask("networkStats", (it) => it.networkStats("*"));
  if (all.length === 0) return undefined;
  const others = all.filter(({ iface }) => !/^lo\d*$|loopback/i.test(iface));
  const sum = (field: "tx_bytes" | "rx_bytes" | "tx_errors" | "rx_errors" | "tx_dropped" | "rx_dropped") =>
    others.reduce((total, one) => total + (one[field] || 0), 0);
  return {
    bytes_sent: sum("tx_bytes"),
    bytes_recv: sum("rx_bytes"),
    errors_sent: sum("tx_errors"),
    errors_recv: sum("rx_errors"),
    drop_sent: sum("tx_dropped"),
    drop_recv: sum("rx_dropped"),
  };
}
