/** Which project a task belongs to, and the project that the pages are narrowed to. */
import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Task } from "../../domain/task.ts";
import type { ProjectView } from "../../protocol/project_messages.ts";
import { onResubscribed } from "./pushes.ts";
import { report } from "./report.ts";
import { ask } from "./server.ts";
import { tasks } from "./tasks.ts";

/** The project of a task: the configured one, else the one that it names, else the repository that it works in. */
export function projectOf({ project, metadata, workspace }: Task): string | undefined {
  if (project ?? metadata?.project) return project ?? metadata?.project;
  return workspace?.repository?.replace(/[\\/]+$/, "").split(/[\\/]/).at(-1);
}

const KEY = "opencode-agents.project";

/** The chosen project; empty: all. The tasks page has it in its address; this tab keeps it for the other pages. */
export const chosenProject = signal(sessionStorage.getItem(KEY) ?? "");

export function chooseProject(name: string): void {
  chosenProject.value = name;
  sessionStorage.setItem(KEY, name);
}

/** The projects of the configuration. */
export const configuredProjects = signal<readonly ProjectView[]>([]);

/** Loads them; they change only with the server's start. */
export function useConfiguredProjects(): void {
  useEffect(() => {
    const load = async () => void (configuredProjects.value = (await ask("list_projects")).projects);
    // Without the list, the projects of the known tasks can be chosen.
    load().catch(report);
    return onResubscribed(load);
  }, []);
}

/** The projects of the known tasks, by name. */
export const projectNames = computed<readonly string[]>(() =>
  [...new Set(tasks.value.map(projectOf))].filter((name) => name !== undefined).sort()
);

/** All projects that are configured, or that tasks name. */
export const allProjects = computed<readonly string[]>(() =>
  [...new Set([...configuredProjects.value.map(({ name }) => name), ...projectNames.value])].sort()
);

/** Whether the task belongs to the chosen project. */
export function isShown(task: Task): boolean {
  return chosenProject.value === "" || projectOf(task) === chosenProject.value;
}
