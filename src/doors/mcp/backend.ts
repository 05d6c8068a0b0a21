/** The server that carries out the tools' requests: over its socket, or within the same process. */
import type { Requester } from "../../client/replies.ts";
import type { TaskStatus } from "../../domain/task.ts";

/** What changed in a watched task. Empty: changes may have been missed, so its status should be read again. */
export interface Change {
  status?: TaskStatus;
  progress?: number;
  /** What its agent is doing. */
  step?: string;
}

export interface McpBackend extends Requester {
  /** Calls `changed` for each change of the task once it has resolved. Returns the function that ends the watch. */
  watch(task_id: string, changed: (change: Change) => void): Promise<() => void>;
}
