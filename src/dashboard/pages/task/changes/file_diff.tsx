/** One changed file: its head with the mark, and its lines with the comments below them. */
import { ChevronRight } from "lucide-preact";
import { memo } from "preact/compat";
import type { ChangedFile } from "../../../../domain/task_changes.ts";
import { DiffStat } from "../../../ui/diff_stat.tsx";
import { FileLines, type FileLinesProps } from "./file_lines.tsx";

const STATUSES: Record<ChangedFile["status"], string> = {
  added: "new",
  modified: "",
  deleted: "deleted",
  renamed: "renamed",
  type_changed: "kind changed",
};

export interface FileDiffProps extends FileLinesProps {
  isOpen: boolean;
  isCurrent: boolean;
  isViewed: boolean;
  onToggle: (path: string) => void;
  onViewed: (file: ChangedFile, isViewed: boolean) => void;
}

export const FileDiff = memo(function FileDiff(props: FileDiffProps) {
  const { file, isOpen, isCurrent, isViewed, onToggle, onViewed, onMore } = props;
  const { path, old_path, status, additions, deletions, binary, truncated } = file;
  return (
    <section class={`file-diff${isCurrent ? " is-current" : ""}`} aria-label={path} data-path={path}>
      <header class="file-head">
        <button
          type="button"
          class="icon-button"
          aria-expanded={isOpen}
          aria-label={`Lines of ${path}`}
          onClick={() => onToggle(path)}
        >
          <ChevronRight size={14} aria-hidden="true" />
        </button>
        <h2 dir="ltr">
          <code>{old_path === undefined ? path : `${old_path} → ${path}`}</code>
        </h2>
        {STATUSES[status] !== "" && <span class="badge">{STATUSES[status]}</span>}
        <span class="grow" />
        <DiffStat additions={additions} deletions={deletions} />
        <label class="file-viewed">
          <input
            type="checkbox"
            checked={isViewed}
            onChange={({ currentTarget }) => onViewed(file, currentTarget.checked)}
          />
          Viewed
        </label>
      </header>
      {isOpen && (binary
        ? <p class="file-note muted">A binary file: it is not compared by lines.</p>
        : file.patch === undefined && !truncated
        ? <p class="file-note muted">The text did not change.</p>
        : <FileLines {...props} />)}
      {isOpen && truncated && (
        <p class="file-note muted">
          The rest is left out: the change is too long. {file.patch === undefined && (
            <button
              type="button"
              onClick={() => onMore(path)}
            >
              Show it
            </button>
          )}
        </p>
      )}
    </section>
  );
});
