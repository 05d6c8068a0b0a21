/** Reads processes from Linux's /proc, which Deno allows only with all permissions. */
import { type Clock, sleep } from "../../clock/clock.ts";
import { fullName, type ProcessSource, type RawProcess, statusOf } from "./process_source.ts";

/** Reads are synchronous, because that is far cheaper. After this many processes the event loop gets a turn. */
export const PROCFS_SLICE = 256;

const AUX_PAGE_SIZE = 6n;
const AUX_TICKS_PER_SECOND = 17n;

/** Whether a file of /proc could not be read because the process is gone or belongs to someone else. */
function unavailable(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    // ESRCH, for a process that ends while it is read, has no error class.
    (error instanceof Error && /os error (3|13)\b/.test(error.message));
}

/** The result of `read`; undefined if the process is gone or belongs to someone else. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (unavailable(error)) return undefined;
    throw error;
  }
}

/** This machine's units, from the auxiliary vector. */
export function parseAuxv(bytes: Uint8Array): { page_bytes: number; ticks_per_second: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<bigint, bigint>();
  for (let at = 0; at + 16 <= bytes.byteLength; at += 16) {
    found.set(view.getBigUint64(at, true), view.getBigUint64(at + 8, true));
  }
  return {
    page_bytes: Number(found.get(AUX_PAGE_SIZE) ?? 4096n),
    ticks_per_second: Number(found.get(AUX_TICKS_PER_SECOND) ?? 100n),
  };
}

interface Stat {
  name: string;
  state: string;
  ppid: number;
  pgid: number;
  session: number;
  cpu_ticks: number;
  threads: number;
  start_ticks: number;
  rss_pages: number;
}

/** Parses `/proc/PID/stat`. The name may contain spaces and parentheses, so it ends at the last `)`. */
export function parseStat(text: string): Stat {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const fields = text.slice(close + 2).split(" ");
  return {
    name: text.slice(open + 1, close),
    state: fields[0]!,
    ppid: Number(fields[1]),
    pgid: Number(fields[2]),
    session: Number(fields[3]),
    cpu_ticks: Number(fields[11]) + Number(fields[12]),
    threads: Number(fields[17]),
    start_ticks: Number(fields[19]),
    rss_pages: Number(fields[21]),
  };
}

/** Inodes of the sockets in a table of `/proc/PID/net`. */
export function parseSocketInodes(text: string): string[] {
  return text.split("\n").slice(1).map((line) => line.trim().split(/\s+/)[9]).filter((inode) =>
    inode !== undefined && inode !== "0"
  ) as string[];
}

/** This machine's units; undefined if /proc does not exist or may not be read. */
export function procfsUnits(): ReturnType<typeof parseAuxv> | undefined {
  try {
    return parseAuxv(Deno.readFileSync("/proc/self/auxv"));
  } catch {
    // Another system, a sandbox, or named permissions.
    return undefined;
  }
}

/** The pids of all processes. */
export function procfsPids(): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter(Number.isInteger);
}

/**
 * When the machine started, in epoch milliseconds. It follows the clock when that is set. Where /proc shows nothing but
 * processes (`subset=pid`, systemd's `ProcSubset=pid`), it varies by a second.
 */
export function bootTime(clock: Clock): number {
  const stat = attempt(() => Deno.readTextFileSync("/proc/stat")) ?? "";
  const seconds = /^btime (\d+)$/m.exec(stat)?.[1];
  return seconds === undefined ? clock.now() - Deno.osUptime() * 1000 : Number(seconds) * 1000;
}

/** The source over /proc; undefined if it does not exist or may not be read. */
export function openProcfs(clock: Clock): ProcessSource | undefined {
  const units = procfsUnits();
  if (units === undefined) return undefined;
  const { page_bytes } = units;
  // Read once, so that a process has the same start time in every scan.
  const boot_ms = bootTime(clock);
  const tick_ms = 1000 / units.ticks_per_second;

  function read(pid: number): RawProcess | undefined {
    const base = `/proc/${pid}`;
    const stat_text = attempt(() => Deno.readTextFileSync(`${base}/stat`));
    if (stat_text === undefined) return undefined;
    const stat = parseStat(stat_text);
    const argv = (attempt(() => Deno.readTextFileSync(`${base}/cmdline`)) ?? "").split("\0");
    // Each argument ends with a NUL. A title that a program has set itself may be followed by several.
    while (argv.length > 0 && argv[argv.length - 1] === "") argv.pop();
    const kernel_thread = argv.length === 0;
    const raw: RawProcess = {
      pid,
      ppid: stat.ppid,
      name: fullName(stat.name, argv[0]),
      argv,
      command: kernel_thread ? `[${stat.name}]` : argv.join(" "),
      status: statusOf(stat.state),
      started: Math.round(boot_ms + stat.start_ticks * tick_ms),
      cpu_ms: stat.cpu_ticks * tick_ms,
      cpu_step_ms: tick_ms,
      rss: stat.rss_pages * page_bytes,
      threads: stat.threads,
    };
    if (kernel_thread) return raw;
    const executable = attempt(() => Deno.readLinkSync(`${base}/exe`));
    if (executable !== undefined) raw.executable = executable;
    const working_dir = attempt(() => Deno.readLinkSync(`${base}/cwd`));
    if (working_dir !== undefined) raw.working_dir = working_dir;
    // Since Linux 6.2 the size of the folder is the number of files; before, it was 0.
    const open_files = attempt(() =>
      Deno.statSync(`${base}/fd`).size || [...Deno.readDirSync(`${base}/fd`)].length
    );
    if (open_files !== undefined) raw.open_files = open_files;
    return raw;
  }

  return {
    kind: "proc",
    start_tolerance_ms: 0,
    async list() {
      const processes: RawProcess[] = [];
      let count = 0;
      for (const pid of procfsPids()) {
        if (++count % PROCFS_SLICE === 0) await sleep(clock, 0);
        const raw = read(pid);
        if (raw) processes.push(raw);
      }
      return processes;
    },
    one: (pid) => Promise.resolve(read(pid)),
    connections: countConnections,
  };
}

/** Counts, by pid, the sockets in the tables of TCP and UDP. */
async function countConnections(pids: number[]): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  // One table for all processes of the same network namespace.
  const tables = new Map<string, Promise<Set<string>>>();
  for (const pid of pids) {
    const held = attempt(() => ({
      namespace: Deno.readLinkSync(`/proc/${pid}/ns/net`),
      inodes: heldSockets(pid),
    }));
    if (!held) continue;
    if (held.inodes.length > 0 && !tables.has(held.namespace)) tables.set(held.namespace, socketTable(pid));
    const table = await tables.get(held.namespace);
    counts.set(pid, held.inodes.filter((inode) => table?.has(inode)).length);
  }
  return counts;
}

/** The inodes of a process's open sockets. */
function heldSockets(pid: number): string[] {
  const inodes: string[] = [];
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    const target = attempt(() => Deno.readLinkSync(`/proc/${pid}/fd/${name}`));
    if (target?.startsWith("socket:[")) inodes.push(target.slice(8, -1));
  }
  return inodes;
}

/** The inodes in the tables of TCP and UDP. They are read in parallel, because the kernel takes 6 ms for each. */
async function socketTable(pid: number): Promise<Set<string>> {
  const inodes = new Set<string>();
  await Promise.all(["tcp", "tcp6", "udp", "udp6"].map(async (table) => {
    try {
      const text = await Deno.readTextFile(`/proc/${pid}/net/${table}`);
      for (const inode of parseSocketInodes(text)) inodes.add(inode);
    } catch (error) {
      // The process has ended, or there is no IPv6.
      if (!unavailable(error)) throw error;
    }
  }));
  return inodes;
}
