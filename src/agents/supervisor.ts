/**
 * Starts agent processes and ends them with everything they started. POSIX only: sessions, groups and
 * signals have no counterpart on Windows, which is out of scope here.
 */
import type { Clock } from "../clock/clock.ts";
import type { RunRequest } from "../protocol/run.ts";

/** One agent process and its tree. Both outputs must be read, or the agent blocks. */
export interface SupervisedProcess {
  readonly pid: number;
  /** Closing it is the first step of ending. */
  readonly stdin: WritableStream<Uint8Array>;
  /** Ends, at the latest, shortly after the tree is gone, even when an escaped process holds the pipe. */
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  /** The process itself has exited; processes that it started may still run until `end`. */
  readonly status: Promise<{ code: number; signal: string | null }>;
  /**
   * Ends the whole tree and settles when it is gone and its TMPDIR removed; never rejects. Idempotent: later
   * calls return the first one's promise. Must be called also after the process exited by itself.
   */
  end(options?: EndOptions): Promise<void>;
  /** SIGSTOP to the whole tree. */
  pause(): Promise<void>;
  /** SIGCONT to the whole tree. */
  resume(): Promise<void>;
}

export interface EndOptions {
  /** What the protocol does to end by itself; waited for at most 2 s. */
  graceful?: () => Promise<void>;
  /** Time from closing stdin to SIGTERM, 4,000 by default. 0 starts with SIGTERM. */
  stdin_grace_ms?: number;
  /** Time from SIGTERM to SIGKILL, 10,000 by default. */
  kill_after_ms?: number;
}

export interface SpawnOptions {
  /** Program and arguments, placeholders already replaced. */
  command: string[];
  /** Gives the folder, the task's variables and the agent's configuration. */
  request: RunRequest;
  /** Variables that this kind of agent needs; the agent's and the task's own `env` override them. */
  defaults?: Record<string, string>;
}

export interface Supervisor {
  /** Throws `ApiError` when the program cannot be started. The reaper knows the process when this resolves. */
  spawn(options: SpawnOptions): Promise<SupervisedProcess>;
  /** Ends what earlier servers on the same store left behind; the number of processes found. */
  endStrays(): Promise<number>;
  /** Ends the reaper. Processes must have ended before. */
  close(): Promise<void>;
}

/** What every protocol needs to run an agent: `startCommand` and `startAcp` take it as their third argument. */
export interface RunHost {
  clock: Clock;
  supervisor: Supervisor;
}

export interface SupervisorOptions {
  clock: Clock;
  /** Marks every process of this store. */
  store_id: string;
  /** Marks every process of this server; unlike any earlier one's. Neither id may hold white space. */
  instance_id: string;
  /** Program and arguments that run `runReaper`; an empty list means no reaper. */
  reaper_command: string[];
  /** The server's own environment. */
  server_env: Record<string, string>;
  /** Folder for the runs' own TMPDIRs. */
  tmp_root: string;
}

export function createSupervisor(_options: SupervisorOptions): Supervisor {
  throw new Error("to follow");
}
