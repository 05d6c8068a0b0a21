/** The task's files: chosen, dropped or pasted, with how much of each has been sent. */
import { useState } from "preact/hooks";
import { bytes } from "../../../protocol/formats.ts";
import { Field } from "./field.tsx";
import { addFiles, type DraftFile, files, removeFile } from "./files.ts";
import "./files_field.css";

export function FilesField() {
  return (
    <Field
      name="task.execution.attachments"
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
              addFiles(event.currentTarget.files ?? []);
              event.currentTarget.value = "";
            }}
          />
          {files.value.length > 0 && (
            <ul class="draft-files" aria-label="Files of the task">
              {files.value.map((file) => <FileRow key={file.key} file={file} />)}
            </ul>
          )}
        </>
      )}
    </Field>
  );
}

function FileRow({ file: { key, name, size, sent, id, problem } }: { file: DraftFile }) {
  return (
    <li class={problem === undefined ? "" : "is-refused"}>
      <span class="clip">{name}</span>
      {size !== undefined && <span class="muted figure">{bytes(size)}</span>}
      {problem !== undefined
        ? <span class="field-problem" role="alert">{problem}</span>
        : id === undefined
        ? <progress aria-label={`Sending ${name}`} max={1} value={sent} />
        : <span class="muted">sent</span>}
      <button
        type="button"
        class="icon-button"
        aria-label={`Remove ${name}`}
        onClick={() => {
          removeFile(key);
          // The button that had the focus is gone.
          document.getElementById("new-task-execution-attachments")?.focus();
        }}
      >
        ×
      </button>
    </li>
  );
}

/** The handlers of an element that takes dropped and pasted files, and whether some are held over it. */
export function useFileDrop() {
  const [isOver, setOver] = useState(false);
  const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes("Files") ?? false;
  return {
    isOver,
    handlers: {
      onDragOver(event: DragEvent) {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(true);
      },
      onDragLeave(event: DragEvent) {
        const { currentTarget, relatedTarget } = event;
        if (!(currentTarget as Node).contains(relatedTarget as Node | null)) setOver(false);
      },
      onDrop(event: DragEvent) {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(false);
        addFiles(event.dataTransfer!.files);
      },
      onPaste(event: ClipboardEvent) {
        const pasted = event.clipboardData?.files ?? [];
        // Text that is copied from an editor may come with a picture of it.
        if (pasted.length === 0 || event.clipboardData!.types.includes("text/plain")) return;
        event.preventDefault();
        addFiles(pasted);
      },
    },
  };
}
