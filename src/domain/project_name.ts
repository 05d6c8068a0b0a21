/** The name of a task's project for people. */
import type { Task } from "./task.ts";

/** The configured project that the task belongs to; else what it has as its label. */
export function projectName({ project, metadata }: Pick<Task, "project" | "metadata">): string | undefined {
  return project ?? (metadata?.project || undefined);
}
