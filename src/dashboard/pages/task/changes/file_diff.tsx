/** One changed file: its head with the mark, and its lines with the comments below them. */
import { ChevronRight, MessageSquarePlus } from "lucide-preact";
import { memo } from "preact/compat";
import { useMemo, useState } from "preact/hooks";
import type { ChangedFile } from "../../../../domain/task_changes.ts";
import { count, counted } from "../../../../protocol/formats.ts";
import { lazyModule } from "../../../ui/lazy_module.ts";
import { DiffStat } from "../../../ui/diff_stat.tsx";
import { DiffTable, DiffText } from "../diff_table.tsx";
import { CommentEditor, CommentView } from "./comment_box.tsx";
import { type LineRow, placeOf, type Row, rowsOf } from "./diff_rows.ts";
import type { Piece } from "./highlight.ts";
import type { Comment } from "./review.ts";

const useHighlighter = lazyModule(() => import("./highlight.ts"));

const STATUSES: Record<ChangedFile["status"], string> = {
  added: "new",
  modified: "",
  deleted: "deleted",
  renamed: "renamed",
  type_changed: "kind changed",
};
/** More lines of a file are drawn on request. */
const ROWS = 1000;

export interface FileDiffProps {
  file: ChangedFile;
  isOpen: boolean;
  isCurrent: boolean;
  isViewed: boolean;
  comments: readonly Comment[];
  /** The comment that is being written. */
  editing: Comment | undefined;
  /** The row that the keys are at. */
  at: number | undefined;
  onToggle: (path: string) => void;
  onViewed: (file: ChangedFile, isViewed: boolean) => void;
  /** `isMore`: up to this line, beginning with the comment being written. */
  onComment: (path: string, row: LineRow, isMore: boolean) => void;
  onEdit: (comment: Comment) => void;
  onDone: (comment: Comment, text: string) => void;
  onRemove: (comment: Comment) => void;
  /** Shows more lines around the changes. */
  onMore: (path: string) => void;
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
        : <Lines {...props} />)}
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

function Lines(props: FileDiffProps) {
  const { file: { path, patch = "" }, comments, at = -1, onMore } = props;
  const [most, setMost] = useState(ROWS);
  const highlighter = useHighlighter();
  const rows = useMemo(() => rowsOf(patch), [patch]);
  const colors = useMemo(() => highlighter?.highlighted(path, rows), [highlighter, path, rows]);
  // What is commented on and where the keys are is always there.
  const last = rows.findLastIndex((row) => isCommented(row, comments));
  const shown = rows.slice(0, Math.max(most, at + 1, last + 1));
  const left = rows.length - shown.length;
  return (
    <DiffTable class="file-lines" label={`Changes of ${path}`}>
      {shown.map((row, index) => {
        if (row.kind === "gap") {
          return (
            <tr key={index} class="diff-gap">
              <td colSpan={3}>
                <button type="button" class="diff-more" onClick={() => onMore(path)}>
                  {row.count === undefined ? "More lines" : counted(row.count, "line")}
                </button>
              </td>
            </tr>
          );
        }
        if (row.kind === "remark") {
          return (
            <tr key={index} class="diff-remark">
              <td colSpan={3}>{row.text}</td>
            </tr>
          );
        }
        return (
          <LineWithComments key={index} index={index} row={row} pieces={colors?.get(index)} {...props} />
        );
      })}
      {left > 0 && (
        <tr class="diff-gap">
          <td colSpan={3}>
            <button type="button" class="diff-more" onClick={() => setMost(shown.length + ROWS)}>
              Show {count(Math.min(ROWS, left))} more of {counted(left, "line")}
            </button>
          </td>
        </tr>
      )}
    </DiffTable>
  );
}

/** Whether the comment stands below this row. */
function isAbout(row: LineRow, { line, end_line = line, side = "new" }: Comment): boolean {
  const place = placeOf(row);
  return side === place.side && end_line === place.line;
}

function isCommented(row: Row, comments: readonly Comment[]): boolean {
  return row.kind !== "gap" && row.kind !== "remark" && comments.some((comment) => isAbout(row, comment));
}

interface LineProps extends FileDiffProps {
  index: number;
  row: LineRow & Row;
  pieces: readonly Piece[] | undefined;
}

function LineWithComments({ index, row, pieces, ...props }: LineProps) {
  const { file, comments, editing, at, onComment, onEdit, onDone, onRemove } = props;
  const { kind, old, now, text } = row;
  const place = placeOf(row);
  const here = comments.filter((comment) => comment !== editing && isAbout(row, comment));
  const number = place.side === "old" ? old : now;
  return (
    <>
      <tr class={`diff-${kind}${at === index ? " is-at" : ""}`} data-row={index}>
        <td class="diff-number">{old}</td>
        <td class="diff-number">
          {now}
          <button
            type="button"
            class="diff-comment"
            tabIndex={-1}
            aria-label={`Comment on line ${number}`}
            title="Comment; with Shift: up to this line"
            onClick={({ shiftKey }) => onComment(file.path, row, shiftKey)}
          >
            <MessageSquarePlus size={12} aria-hidden="true" />
          </button>
        </td>
        <DiffText kind={kind}>
          {pieces === undefined
            ? text
            : pieces.map((piece, place) =>
              piece.class === undefined
                ? piece.text
                : <span key={place} class={piece.class}>{piece.text}</span>
            )}
        </DiffText>
      </tr>
      {here.map((comment, place) => (
        <tr key={`comment ${place}`} class="diff-says">
          <td colSpan={3}>
            <CommentView
              comment={comment}
              onEdit={() => onEdit(comment)}
              onRemove={() => onRemove(comment)}
            />
          </td>
        </tr>
      ))}
      {editing !== undefined && isAbout(row, editing) && (
        <tr class="diff-says">
          <td colSpan={3}>
            <CommentEditor
              comment={editing}
              onDone={(text) => onDone(editing, text)}
              onRemove={() => onRemove(editing)}
            />
          </td>
        </tr>
      )}
    </>
  );
}
