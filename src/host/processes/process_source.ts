/** The interface of a source of processes: /proc if it may be read, else `ps`, or systeminformation on Windows. */
import type { ProcessStatus } from "../../protocol/process.ts";
import type { ProcessIdentity } from "./process_identity.ts";

/** A process as the system shows it. Optional fields are absent if the source does not show them. */
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
  /** The resolution of `cpu_ms`. */
  cpu_step_ms: number;
  /** 0–100 of the whole machine since the previous list, if the source measures that itself. */
  cpu_percent?: number;
  /** Resident memory in bytes. */
  rss: number;
  /** Only if the source reports it. */
  memory_percent?: number;
  threads?: number;
  open_files?: number;
  working_dir?: string;
}

export interface ProcessSource {
  readonly kind: "proc" | "ps" | "systeminformation";
  /** How much two readings of a process's `started` may differ. */
  readonly start_tolerance_ms: number;
  list(): Promise<RawProcess[]>;
  /** The current state of one process; undefined if no process has that pid. */
  one(pid: number): Promise<RawProcess | undefined>;
  /** Number of network connections by pid. Processes whose connections cannot be read are left out. */
  connections(pids: number[]): Promise<Map<number, number>>;
  /** Working folder by pid, for a source whose rows do not have it. Folders that cannot be read are left out. */
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
      // S, D, I, K, W, P on Linux; S, I, U on macOS. All of them wait for something.
      return "sleeping";
  }
}

/** Completes a name that the kernel has cut to 15 bytes, if it is the beginning of the program's own name. */
export function fullName(name: string, argv0: string | undefined): string {
  if (argv0 === undefined || name.length < 15) return name;
  const base = argv0.slice(argv0.lastIndexOf("/") + 1);
  return base.startsWith(name) ? base : name;
}
