/** Which project a task belongs to, and the project that the pages are narrowed to. */
import { computed, signal } from "@preact/signals";
import type { Task } from "../../domain/task.ts";
import { tasks } from "./tasks.ts";

/** The project of a task: the configured one, else the one that it names, else the repository that it works in. */
export function projectOf({ project, metadata, workspace }: Task): string | undefined {
  if (project ?? metadata?.project) return project ?? metadata?.project;
  return workspace?.repository?.replace(/[\\/]+$/, "").split(/[\\/]/).at(-1);
}

/** The chosen project; empty: all. The tasks page keeps it in its address. */
export const chosenProject = signal("");

/** Whether the task belongs to the chosen project. */
export function isShown(task: Task): boolean {
  return chosenProject.value === "" || projectOf(task) === chosenProject.value;
}

/** The projects of the known tasks, by name. */
export const projectNames = computed<readonly string[]>(() =>
  [...new Set(tasks.value.map(projectOf))].filter((name) => name !== undefined).sort()
);
