/** What a source of processes gives: `/proc` where it may be read, `ps` everywhere else. */
import type { ProcessStatus } from "../../protocol/process.ts";
import type { ProcessIdentity } from "./process_identity.ts";

/** A process as the system shows it. Optional fields are absent where the source does not show them. */
export interface RawProcess extends ProcessIdentity {
  ppid: number;
  name: string;
  executable?: string;
  argv: string[];
  /** All arguments, separated by spaces. */
  command: string;
  status: ProcessStatus;
  /** Processor time used so far, user and system. */
  cpu_ms: number;
  /** How coarse `cpu_ms` is. */
  cpu_step_ms: number;
  /** Resident memory in bytes. */
  rss: number;
  /** Only where the source says so itself. */
  memory_percent?: number;
  threads?: number;
  open_files?: number;
  working_dir?: string;
}

export interface ProcessSource {
  readonly kind: "proc" | "ps";
  /** By how much two readings of the same process's `started` may differ. */
  readonly start_tolerance_ms: number;
  list(): Promise<RawProcess[]>;
  /** One process as it is now; undefined when no process has that pid. */
  one(pid: number): Promise<RawProcess | undefined>;
  /** Number of network connections by pid; processes whose number cannot be read are left out. */
  connections(pids: number[]): Promise<Map<number, number>>;
  /** Working folder by pid, for a source whose rows do not say; those that cannot be read are left out. */
  workingDirs?(processes: readonly ProcessIdentity[]): Promise<Map<number, string>>;
}

/** The status for the first letter of the state, as Linux and macOS write it. */
export function statusOf(state: string): ProcessStatus {
  switch (state[0]) {
    case "R":
      return "running";
    case "T":
    case "t":
      return "stopped";
    case "Z":
      return "zombie";
    case "X":
    case "x":
      return "dead";
    default:
      // S, D, I, K, W, P on Linux; S, I, U on macOS: all wait for something.
      return "sleeping";
  }
}

/** The whole name. The kernel cuts it to 15 bytes, which are then the beginning of the program's own name. */
export function fullName(name: string, argv0: string | undefined): string {
  if (argv0 === undefined || name.length < 15) return name;
  const base = argv0.slice(argv0.lastIndexOf("/") + 1);
  return base.startsWith(name) ? base : name;
}
