/** References in the repository of a task that works in a folder. They go with the task's record. */

export interface FolderRefs {
  /** The folder as it was when the task began. */
  start: string;
  /** Leads to the folder as it was at the end of each turn. */
  turns: string;
}

export function folderRefs(task_id: string): FolderRefs {
  return {
    start: `refs/opencode-agents/start/${task_id}`,
    turns: `refs/opencode-agents/turns/${task_id}`,
  };
}
