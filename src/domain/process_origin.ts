/** Where a process of this machine comes from, as far as that can be seen. */

/** The variable that marks every process that this run of a server has started. */
export const INSTANCE = "OPENCODE_AGENTS_INSTANCE";
/** The variables that say for whom a process works. */
export const TELLING_VARIABLES = [INSTANCE, "TASK_ID"] as const;

export interface ProcessOrigin {
  /** The process itself first, then its parents. */
  line: { pid: number; pgid: number; session: number }[];
  /** The path of its control group. */
  group?: string;
  /** The telling variables of its environment, as `NAME=VALUE`. */
  variables: string[];
}
