/** Files that go along with what is written, with how much of each has been sent. */
import { bytes } from "../../protocol/formats.ts";
import type { FilesToSend, FileToSend } from "../data/files_to_send.ts";
import "./file_rows.css";

export interface FileRowsProps {
  of: FilesToSend;
  /** The list's name. */
  label: string;
  /** Called when one has been removed; the button that had the focus is gone. */
  onRemoved: () => void;
}

export function FileRows({ of, label, onRemoved }: FileRowsProps) {
  if (of.files.length === 0) return null;
  return (
    <ul class="file-rows" aria-label={label}>
      {of.files.map((file) => (
        <FileRow
          key={file.key}
          file={file}
          remove={() => {
            of.remove(file.key);
            onRemoved();
          }}
        />
      ))}
    </ul>
  );
}

function FileRow(
  { file: { name, size, sent, id, problem }, remove }: { file: FileToSend; remove: () => void },
) {
  return (
    <li class={problem === undefined ? "" : "is-refused"}>
      <span class="clip">{name}</span>
      {size !== undefined && <span class="muted figure">{bytes(size)}</span>}
      {problem !== undefined
        ? <span class="field-problem" role="alert">{problem}</span>
        : id === undefined
        ? <progress aria-label={`Sending ${name}`} max={1} value={sent} />
        : <span class="muted">sent</span>}
      <button type="button" class="icon-button" aria-label={`Remove ${name}`} onClick={remove}>
        ×
      </button>
    </li>
  );
}
