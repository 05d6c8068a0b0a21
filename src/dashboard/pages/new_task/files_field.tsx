/** The task's files: chosen, dropped or pasted, with how much of each has been sent. */
import { FileRows } from "../../ui/file_rows.tsx";
import { Field } from "./field.tsx";
import { draftFiles } from "./files.ts";
import { elementId, mended } from "./problems.ts";
import "./files_field.css";

const NAME = "task.execution.attachments";

export function FilesField() {
  return (
    <Field
      name={NAME}
      hint="The agent gets them with its prompt. You can also drop files on this form or paste a picture."
      isWide
    >
      {(attributes) => (
        <>
          <input
            {...attributes}
            type="file"
            multiple
            onChange={(event) => {
              draftFiles.add(event.currentTarget.files ?? []);
              event.currentTarget.value = "";
            }}
          />
          <FileRows
            of={draftFiles}
            label="Files of the task"
            onRemoved={() => {
              mended(NAME);
              document.getElementById(elementId(NAME))?.focus();
            }}
          />
        </>
      )}
    </Field>
  );
}
