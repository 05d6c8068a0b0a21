/** All other fields of a task. */
import type { JSX } from "preact";
import { TaskPicker } from "../../ui/task_picker.tsx";
import { taskOf } from "../../data/tasks.ts";
import { StatusBadge } from "../../ui/status.tsx";
import { change, type Draft, draft, edited, idOf, NO_CHECKS, projectFor } from "./draft.ts";
import { ChoiceField } from "./choice_field.tsx";
import { EnvFields } from "./env_fields.tsx";
import { SessionField } from "./session_field.tsx";
import { Field, type FieldProps } from "./field.tsx";

const ISOLATIONS: Record<Draft["isolation"], string> = {
  "": "Server default",
  none: "Work in the folder itself",
  worktree: "Work in a separate git worktree",
};

const DELEGATIONS: Record<Draft["delegate"], string> = {
  "": "Server default",
  yes: "May delegate",
  no: "May not delegate",
};

const AFTER: Record<Draft["after"], string> = {
  "": "When its task is completed",
  accepted: "When its changes are accepted",
};

const INHERITED: Record<Draft["inherit"], string> = {
  "": "Their changes and answers",
  results: "Only what they answered",
  none: "Nothing",
};

type TextName = {
  [Name in keyof Draft]: Draft[Name] extends string ? string extends Draft[Name] ? Name : never : never;
}[keyof Draft];

interface TextProps extends Omit<FieldProps, "children"> {
  of: TextName;
  input?: Pick<JSX.InputHTMLAttributes<HTMLInputElement>, "class" | "placeholder" | "inputMode">;
}

/** A text field of the form. */
function TextField({ of, input, ...field }: TextProps) {
  return (
    <Field {...field}>
      {(attributes) => (
        <input
          {...attributes}
          autoComplete="off"
          spellcheck={false}
          {...input}
          value={draft.value[of]}
          onInput={(event) => change({ [of]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
}

export function MoreFields() {
  const { prompt } = draft.value;
  const project = projectFor.value;
  return (
    <div class="field-grid">
      {edited.value === undefined && <IdField />}
      <TextField
        name="task.timeout"
        of="timeout"
        input={{ placeholder: "30 min" }}
        hint="The agent is stopped after this time. Empty: the server's default."
      />
      <Field
        name="task.execution.prompt"
        hint="The agent gets this text. The text above is then only the task's name."
        isWide
      >
        {(attributes) => (
          <textarea
            {...attributes}
            rows={4}
            dir="auto"
            value={prompt}
            onInput={(event) => change({ prompt: event.currentTarget.value })}
          />
        )}
      </Field>
      <DependencyField />
      {draft.value.dependencies.length > 0 && (
        <>
          <ChoiceField name="task.execution.after" of="after" choices={AFTER} />
          <ChoiceField name="task.execution.inherit" of="inherit" choices={INHERITED} />
        </>
      )}
      {edited.value === undefined && (
        <TextField
          name="task.files_pattern"
          of="files_pattern"
          input={{ class: "mono", placeholder: "src/**/*.ts" }}
          hint="A pattern for the files that the task is about."
        />
      )}
      <ChoiceField
        name="task.execution.isolation"
        of="isolation"
        choices={{
          ...ISOLATIONS,
          "": project?.isolation ? `The project's: ${ISOLATIONS[project.isolation]}` : ISOLATIONS[""],
        }}
        hint="A git worktree keeps the changes out of the folder."
      />
      <TextField
        name="task.execution.base"
        of="base"
        input={{ class: "mono", placeholder: project?.base_branch ?? "HEAD" }}
        hint="A branch, tag or commit, for a worktree."
      />
      <ChoiceField
        name="task.execution.delegate"
        of="delegate"
        choices={DELEGATIONS}
        hint="Whether the agent may start tasks for other agents and wait for them."
      />
      <TextField
        name="task.execution.max_attempts"
        of="max_attempts"
        input={{ inputMode: "numeric" }}
        hint="1 to 100. Empty: the server's default."
      />
      <TextField
        name="task.execution.priority_boost"
        of="priority_boost"
        input={{ inputMode: "numeric" }}
        hint="−100 to 100. Higher runs earlier among tasks of the same priority."
      />
      <ChecksField />
      <TextField
        name="task.execution.check_rounds"
        of="check_rounds"
        input={{ inputMode: "numeric" }}
        hint="How often failed checks go back to the agent, 0 to 10. Empty: the project's, else 2."
      />
      <TextField
        name="task.metadata.tags"
        of="tags"
        input={{ placeholder: "nightly, parser" }}
        hint="Separate them with commas."
      />
      <SessionField />
      <McpServersField />
      <EnvFields />
      <MetadataField />
    </div>
  );
}

function IdField() {
  const { id } = draft.value;
  return (
    <Field
      name="task.id"
      hint="Suggested from the text above until you change it. Letters, digits, _ and -."
      onSuggestion={(value) => change({ id: value })}
    >
      {(attributes) => (
        <input
          {...attributes}
          class="mono"
          autoComplete="off"
          spellcheck={false}
          value={idOf.value}
          onInput={(event) => change({ id: event.currentTarget.value })}
          onBlur={() => id === "" && change({ id: undefined })}
        />
      )}
    </Field>
  );
}

interface JsonFieldProps extends Pick<FieldProps, "name" | "label" | "hint"> {
  placeholder: string;
  /** The key of the draft's text. */
  text: "mcp_servers" | "metadata";
}

function JsonField({ text, placeholder, ...field }: JsonFieldProps) {
  return (
    <Field {...field} isWide>
      {(attributes) => (
        <textarea
          {...attributes}
          class="mono"
          rows={3}
          spellcheck={false}
          placeholder={placeholder}
          value={draft.value[text]}
          onInput={(event) => change({ [text]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
}

function McpServersField() {
  return (
    <JsonField
      name="task.execution.mcp_servers"
      hint="A list in JSON of servers whose tools the agent gets: with a url, or with a command and args."
      placeholder='[{"name": "docs", "url": "https://docs.example/mcp"}]'
      text="mcp_servers"
    />
  );
}

function ChecksField() {
  return (
    <Field
      name="task.execution.checks"
      hint={`Run before the task is done, one a line: a configured name, or a command such as npm test. Empty: the project's. ${NO_CHECKS}: no checks.`}
      isWide
    >
      {(attributes) => (
        <textarea
          {...attributes}
          class="mono"
          rows={2}
          spellcheck={false}
          placeholder="npm test"
          value={draft.value.checks}
          onInput={(event) => change({ checks: event.currentTarget.value })}
        />
      )}
    </Field>
  );
}

function MetadataField() {
  return (
    <JsonField
      name="task.metadata"
      label="Metadata as JSON"
      hint="owner, project, environment, complexity (low, medium, high), estimated_duration, and any others you like."
      placeholder='{"owner": "ana", "ticket": "PAR-117"}'
      text="metadata"
    />
  );
}

function DependencyField() {
  const { dependencies } = draft.value;
  const add = (id: string) => change({ dependencies: [...new Set([...dependencies, id])] });
  return (
    <Field
      name="task.dependencies"
      hint="The task starts when these are completed. At most 20."
      onSuggestion={add}
      isWide
    >
      {(attributes) => (
        <>
          <TaskPicker
            attributes={attributes}
            placeholder="Find a task by its id or text"
            without={dependencies}
            onPick={add}
            takesUnknown
          />
          {dependencies.length > 0 && (
            <ul class="chosen-tasks" aria-label="Waits for these">
              {dependencies.map((id) => <Chosen key={id} id={id} />)}
            </ul>
          )}
        </>
      )}
    </Field>
  );
}

function Chosen({ id }: { id: string }) {
  const task = taskOf(id);
  const remove = () => change({ dependencies: draft.value.dependencies.filter((other) => other !== id) });
  return (
    <li>
      <code class="clip">{id}</code>
      {task ? <StatusBadge status={task.status} /> : <span class="muted">unknown here</span>}
      <button
        type="button"
        class="icon-button"
        aria-label={`Do not wait for ${id}`}
        onClick={() => {
          remove();
          // The button that had the focus is gone.
          document.getElementById("new-task-dependencies")?.focus();
        }}
      >
        ×
      </button>
    </li>
  );
}
