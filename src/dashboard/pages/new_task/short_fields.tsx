/** The short form: what to do, who does it, where and how. */
import type { Priority, TaskType } from "../../../domain/task.ts";
import { TASK_TYPES, taskTypeTitle } from "../../../domain/task_types.ts";
import { AgentChoiceFields } from "./agent_choice_fields.tsx";
import { AgentField } from "./agent_field.tsx";
import { change, type Draft, draft, edited, projectFor } from "./draft.ts";
import { ChoiceField } from "./choice_field.tsx";
import { Field } from "./field.tsx";
import { FilesField } from "./files_field.tsx";
import { ProjectField } from "./project_field.tsx";
import { knownFolders } from "../../data/known_agents.ts";
import { DESCRIPTION_MAX, isTooLong } from "../../../domain/description.ts";

/** Sorted by title. */
const TYPES = Object.fromEntries(
  TASK_TYPES.map((name) => [name, taskTypeTitle(name)]).toSorted(([, a], [, b]) => a!.localeCompare(b!)),
) as Record<TaskType, string>;
const PRIORITIES: Record<Priority, string> = {
  low: "Low",
  medium: "Medium",
  high: "High",
  critical: "Critical",
};
const PERMISSIONS: Record<Draft["permissions"], string> = {
  "": "Server default",
  ask: "Ask me",
  allow: "Allow all in its folder",
  deny: "Deny all",
};
/** From this length on, the form shows how many characters are left. */
const NEARLY = 800;

export function ShortFields() {
  const { description, working_dir } = draft.value;
  const path = projectFor.value?.path;
  return (
    <div class="field-grid">
      <Field name="task.description" hint={<DescriptionHint />} isWide>
        {(attributes) => (
          <textarea
            {...attributes}
            rows={4}
            dir="auto"
            placeholder="Fix the failing test in src/parser"
            value={description}
            onInput={(event) => change({ description: event.currentTarget.value })}
          />
        )}
      </Field>
      {edited.value === undefined && <FilesField />}
      <ProjectField />
      <AgentField />
      <Field
        name="task.execution.working_dir"
        hint={path === undefined
          ? "It must be inside the folders that the server allows. Empty: the server's default."
          : "Inside the project's folder. Empty: that folder itself."}
        onSuggestion={(value) => change({ working_dir: value })}
      >
        {(attributes) => (
          <>
            <input
              {...attributes}
              class="mono"
              list="known-folders"
              autoComplete="off"
              spellcheck={false}
              placeholder={path ?? "The server's folder"}
              value={working_dir}
              onInput={(event) => change({ working_dir: event.currentTarget.value })}
            />
            <datalist id="known-folders">
              {knownFolders.value.map((name) => <option key={name} value={name} />)}
            </datalist>
          </>
        )}
      </Field>
      <AgentChoiceFields />
      <ChoiceField
        name="task.execution.permissions"
        of="permissions"
        choices={PERMISSIONS}
        hint="What happens when the agent asks for permission."
      />
      {edited.value === undefined && <ChoiceField name="task.type" of="type" choices={TYPES} />}
      <ChoiceField name="task.priority" of="priority" choices={PRIORITIES} />
    </div>
  );
}

function DescriptionHint() {
  const { description, prompt } = draft.value;
  const length = [...description].length;
  if (isTooLong(description) && prompt === "") {
    return (
      <>
        Longer than a description may be: the agent gets all of it as its prompt, and its first{" "}
        {DESCRIPTION_MAX} characters become the description.
      </>
    );
  }
  return (
    <>
      {length > NEARLY ? `${length} of ${DESCRIPTION_MAX} characters.` : "The agent gets exactly this text."}
    </>
  );
}
