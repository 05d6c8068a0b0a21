/** Narrows the pages to one project. The address of the tasks holds which. */
import { Layers } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { allProjects, chooseProject, chosenProject, useConfiguredProjects } from "../data/projects.ts";
import { navigate, useHashPath, useHashSearch } from "../hash_location.ts";
import "./project_switch.css";

/** The address of the tasks of a project; empty: of all. */
export function tasksOf(project: string): string {
  return project === "" ? "/tasks" : `/tasks?project=${encodeURIComponent(project)}`;
}

/** Shows nothing where there are no projects. */
export function ProjectSwitch() {
  const [path] = useHashPath();
  const inAddress = new URLSearchParams(useHashSearch()).get("project") ?? "";
  useConfiguredProjects();
  useEffect(() => {
    // Other pages keep what was chosen.
    if (path === "/tasks") chooseProject(inAddress);
  }, [path, inAddress]);
  const chosen = chosenProject.value;
  const names = [...new Set([...allProjects.value, ...(chosen === "" ? [] : [chosen])])].sort();
  if (names.length === 0) return null;
  return (
    <label class="nav-project" title="Project">
      <Layers size={16} aria-hidden="true" />
      <select
        aria-label="Project"
        value={chosen}
        onChange={({ currentTarget }) => {
          chooseProject(currentTarget.value);
          // The form of a new task takes the project over.
          if (path !== "/new") navigate(tasksOf(currentTarget.value));
        }}
      >
        <option value="">All projects</option>
        {names.map((name) => <option key={name} value={name}>{name}</option>)}
      </select>
    </label>
  );
}
