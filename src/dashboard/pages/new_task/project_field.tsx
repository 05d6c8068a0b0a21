/** The project of the task, and what its settings say where the form says nothing. */
import { allProjects } from "../../data/projects.ts";
import { change, chosenFor, projectFor } from "./draft.ts";
import { Field } from "./field.tsx";

/** Shows nothing where there are no projects. */
export function ProjectField() {
  const chosen = chosenFor.value;
  const names = [...new Set([...allProjects.value, ...(chosen === "" ? [] : [chosen])])];
  if (names.length === 0) return null;
  return (
    <Field name="task.metadata.project" hint={hintOf(chosen)}>
      {(attributes) => (
        <select
          {...attributes}
          value={chosen}
          onChange={({ currentTarget }) => change({ project: currentTarget.value })}
        >
          <option value="">No project</option>
          {names.map((name) => <option key={name} value={name}>{name}</option>)}
        </select>
      )}
    </Field>
  );
}

const ISOLATIONS = { none: "in the folder itself", worktree: "in a worktree of its own" };

function hintOf(chosen: string): string {
  const project = projectFor.value;
  if (chosen === "") return "A task in a project's folder belongs to it anyway.";
  if (project === undefined) return "A label: the configuration has no settings for it.";
  const { agent, isolation, base_branch } = project;
  const says = [agent, isolation && ISOLATIONS[isolation], base_branch && `from ${base_branch}`].filter(
    Boolean,
  );
  return says.length === 0
    ? "It has no settings of its own."
    : `Where the form says nothing: ${says.join(", ")}.`;
}
