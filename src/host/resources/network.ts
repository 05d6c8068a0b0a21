/** The machine's network counters, over all interfaces except the loopback. */
import * as z from "zod";
import type { Clock } from "../../clock/clock.ts";
import type { NetworkStats } from "../../protocol/resources.ts";
import { libraryNetwork } from "../systeminformation/figures.ts";
import type { BoundedLibrary } from "../systeminformation/library.ts";
import { runBriefly } from "../processes/brief_program.ts";

/** Within this time the last figures are used again. */
const FRESH_MS = 500;
const BOUND_MS = 1000;
/** How long a source that failed is left alone. */
const RETRY_MS = 60_000;

export interface NetworkMonitor {
  /** The counters; undefined if they cannot be read. */
  read(): Promise<NetworkStats | undefined>;
}

/** Gives the counters; undefined or an error if they cannot be read in this way. */
type Source = (
  clock: Clock,
  library: BoundedLibrary,
) => Promise<NetworkStats | undefined> | NetworkStats | undefined;

function printed(
  [program, ...args]: [string, ...string[]],
  parse: (text: string) => NetworkStats | undefined,
): Source {
  return async (clock) => {
    const { code, stdout, stderr } = await runBriefly(clock, program, args, BOUND_MS);
    if (code !== 0) throw new Error(`'${program}' failed: ${stderr.slice(0, 200)}`);
    return parse(stdout);
  };
}

/** Tried in this order. /proc needs all permissions, as does the library; a program needs the permission to run it. */
const SOURCES: Partial<Record<typeof Deno.build.os, Source[]>> = {
  linux: [
    () => parseNetDev(Deno.readTextFileSync("/proc/net/dev")),
    printed(["ip", "-s", "-j", "link", "show"], parseIpLink),
    printed(["cat", "/proc/net/dev"], parseNetDev),
  ],
  darwin: [printed(["netstat", "-ibdn"], parseNetstat), (_clock, library) => libraryNetwork(library)],
  windows: [(_clock, library) => libraryNetwork(library)],
};

export function createNetworkMonitor(
  clock: Clock,
  library: BoundedLibrary,
  os: typeof Deno.build.os = Deno.build.os,
): NetworkMonitor {
  let last: { at: number; stats: Promise<NetworkStats | undefined> } | undefined;
  const failed_at = new Map<Source, number>();

  async function readNow(): Promise<NetworkStats | undefined> {
    for (const source of SOURCES[os] ?? []) {
      // A source that hangs would delay each answer.
      if (clock.monotonic() - (failed_at.get(source) ?? -Infinity) < RETRY_MS) continue;
      try {
        const stats = await source(clock, library);
        if (stats) return stats;
      } catch {
        // The permission or the program is missing, or it does not work. The next source may.
      }
      failed_at.set(source, clock.monotonic());
    }
    return undefined;
  }

  return {
    read() {
      if (!last || clock.monotonic() - last.at >= FRESH_MS) {
        last = { at: clock.monotonic(), stats: readNow() };
      }
      return last.stats;
    },
  };
}

/** Parses `/proc/net/dev`; undefined if it lists no interface. */
export function parseNetDev(text: string): NetworkStats | undefined {
  const rows = [...text.matchAll(/^\s*([^:\s]+):\s*(\d.*)$/gm)].map(([, name, figures]) => ({
    name: name!,
    figures: figures!.trim().split(/\s+/).map(Number),
  }));
  return summed(rows.filter(({ name }) => name !== "lo"), rows.length, {
    bytes_recv: 0,
    packets_recv: 1,
    errors_recv: 2,
    drop_recv: 3,
    bytes_sent: 8,
    packets_sent: 9,
    errors_sent: 10,
    drop_sent: 11,
  });
}

const Counters = z.object({
  bytes: z.number(),
  packets: z.number(),
  errors: z.number(),
  dropped: z.number(),
});
const IpLinks = z.array(z.object({
  flags: z.array(z.string()).default([]),
  stats64: z.object({ rx: Counters, tx: Counters }).optional(),
}));

/** Parses the output of `ip -s -j link show`; undefined if it has no counters. Throws for any other text. */
export function parseIpLink(text: string): NetworkStats | undefined {
  const links = IpLinks.parse(JSON.parse(text)).flatMap(({ flags, stats64 }) =>
    stats64 === undefined ? [] : [{ flags, counters: [stats64.rx, stats64.tx] }]
  );
  const rows = links.filter(({ flags }) => !flags.includes("LOOPBACK")).map(({ counters }) => ({
    figures: counters.flatMap((one) => [one.bytes, one.packets, one.errors, one.dropped]),
  }));
  return summed(rows, links.length, {
    bytes_recv: 0,
    packets_recv: 1,
    errors_recv: 2,
    drop_recv: 3,
    bytes_sent: 4,
    packets_sent: 5,
    errors_sent: 6,
    drop_sent: 7,
  });
}

/** Parses macOS's `netstat -ibdn`. An interface has a row for each address; the first row is the link itself. */
export function parseNetstat(text: string): NetworkStats | undefined {
  const rows = text.split("\n").flatMap((line) => {
    const parts = line.trim().split(/\s+/);
    // Ipkts Ierrs Ibytes Opkts Oerrs Obytes Coll Drop, after the hardware address if there is one.
    const figures = parts.slice(-8).map(Number);
    const isLink = parts[2]?.startsWith("<Link#") && parts.length >= 11 && figures.every(Number.isFinite);
    return isLink ? [{ name: parts[0]!, figures }] : [];
  });
  return summed(rows.filter(({ name }) => !/^lo\d*\*?$/.test(name)), rows.length, {
    packets_recv: 0,
    errors_recv: 1,
    bytes_recv: 2,
    packets_sent: 3,
    errors_sent: 4,
    bytes_sent: 5,
    drop_sent: 7,
  });
}

/** The sum of each column in `places`; undefined if there is no interface. */
function summed<Places extends Partial<Record<keyof NetworkStats, number>>>(
  rows: { figures: number[] }[],
  interfaces: number,
  places: Places,
): NetworkStats | undefined {
  if (interfaces === 0) return undefined;
  const sum = (place: number) => rows.reduce((total, { figures }) => total + (figures[place] ?? 0), 0);
  return Object.fromEntries(
    Object.entries(places).map(([field, place]) => [field, sum(place as number)]),
  ) as unknown as NetworkStats;
}
