/** Where the tools' work is done: a server of opencode-agents, reached over its socket or from inside itself. */
import type { Requester } from "../../client/replies.ts";
import type { TaskStatus } from "../../domain/task.ts";

/** What became of a task that is watched. Empty: news may have been missed, so the status is worth a look. */
export interface Change {
  status?: TaskStatus;
  progress?: number;
  /** What its agent does at the moment. */
  step?: string;
}

export interface McpBackend extends Requester {
  /** From its resolution on each change of the task is told; the answer ends that. */
  watch(task_id: string, changed: (change: Change) => void): Promise<() => void>;
}
