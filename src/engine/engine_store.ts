/** What the engine needs of the store. */
import type { LogLevel } from "../domain/log_entry.ts";
import type { Notifier } from "../store/notifier.ts";
import type { NodeLease } from "../store/node_lease.ts";
import type { TaskRecord, TaskState } from "../domain/task_record.ts";
import type { TaskMemory } from "../read/task_index.ts";

/** A key of the store, opaque here. */
export type StoreKey = readonly (string | number)[];

/** One atomic change. Everything in it is committed, or nothing. */
export interface TaskPlan {
  creates?: TaskRecord[];
  updates?: { id: string; state: TaskState }[];
  removes?: string[];
  /** Tasks that the plan depends on without changing them. */
  reads?: string[];
  sets?: { key: StoreKey; value: Uint8Array }[];
  deletes?: StoreKey[];
}

export interface TaskStore extends TaskMemory {
  /** Whether it is not known yet what became of some change: there may be tasks that memory does not hold. */
  readonly isDoubtful: boolean;
  /**
   * Commits what `plan` answers for the tasks as they stand. It is called again when another commit came first,
   * so it must only read; what it throws is thrown here. Resolves after the commit.
   */
  update(plan: (view: TaskMemory) => TaskPlan): Promise<unknown>;
}

/** What is kept of an attempt's end besides the task's record. */
export interface AttemptOutput {
  output: string;
  exit_code?: number;
  stop_reason?: string;
  usage?: Record<string, unknown>;
}

export interface NewLogEntry {
  level: LogLevel;
  message: string;
  agent: string;
  source: string;
  details?: Record<string, unknown>;
  context?: Record<string, unknown>;
  stack_trace?: string;
}

export interface LogRetention {
  retention_days: number;
  max_bytes: number;
}

export interface EngineStore {
  readonly node: NodeLease;
  readonly changes: Notifier;
  tasks: TaskStore;
  logs: {
    /** Answers a promise to wait for when too many entries await their commit. */
    append(entry: NewLogEntry): void | Promise<void>;
    /** Resolves when all that was appended is committed. */
    flush(): Promise<void>;
    /** Drops what is too old or too much; the number of entries. */
    prune(retention: LogRetention): Promise<number>;
  };
  outputs: {
    entry(task_id: string, attempt: number, output: AttemptOutput): { key: StoreKey; value: Uint8Array };
    keysOf(task_id: string, attempts: number): StoreKey[];
    get(task_id: string, attempt: number): Promise<AttemptOutput | undefined>;
  };
  readonly closed: boolean;
}
