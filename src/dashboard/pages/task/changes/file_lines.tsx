/** The lines of one file's diff, in one column or with what was and what is side by side, and the comments below them. */
import { MessageSquarePlus } from "lucide-preact";
import { useMemo, useState } from "preact/hooks";
import type { ChangedFile } from "../../../../domain/task_changes.ts";
import { count, counted } from "../../../../protocol/formats.ts";
import { lazyModule } from "../../../ui/lazy_module.ts";
import { DiffTable, DiffText } from "../diff_table.tsx";
import { CommentEditor, CommentView } from "./comment_box.tsx";
import {
  type GapRow,
  type LineRow,
  pairsOf,
  placeOf,
  type RemarkRow,
  type Row,
  rowsOf,
} from "./diff_rows.ts";
import type { Piece } from "./highlight.ts";
import type { Layout } from "./layout.ts";
import type { Comment } from "./review.ts";

const useHighlighter = lazyModule(() => import("./highlight.ts"));

/** More lines of a file are drawn on request. */
const ROWS = 1000;

const COLUMNS: Record<Layout, readonly string[]> = {
  unified: ["Old line", "New line", "Text"],
  split: ["Old line", "Old text", "New line", "New text"],
};

export interface FileLinesProps {
  file: ChangedFile;
  layout: Layout;
  comments: readonly Comment[];
  /** The comment that is being written. */
  editing: Comment | undefined;
  /** The row that the keys are at. */
  at: number | undefined;
  /** `isMore`: up to this line, beginning with the comment being written. */
  onComment: (path: string, row: LineRow, isMore: boolean) => void;
  onEdit: (comment: Comment) => void;
  onDone: (comment: Comment, text: string) => void;
  onRemove: (comment: Comment) => void;
  /** Shows more lines around the changes. */
  onMore: (path: string) => void;
}

export function FileLines(props: FileLinesProps) {
  const { file: { path, patch = "" }, layout, comments, at = -1, onMore } = props;
  const [most, setMost] = useState(ROWS);
  const highlighter = useHighlighter();
  const rows = useMemo(() => rowsOf(patch), [patch]);
  const colors = useMemo(() => highlighter?.highlighted(path, rows), [highlighter, path, rows]);
  // What is commented on and where the keys are is always there.
  const last = rows.findLastIndex((row) => isCommented(row, comments));
  const shown = rows.slice(0, Math.max(most, at + 1, last + 1));
  const left = rows.length - shown.length;
  const columns = COLUMNS[layout];
  const across = columns.length;
  const whole = (index: number) => (
    <Whole
      key={index}
      row={rows[index] as GapRow | RemarkRow}
      across={across}
      onMore={() => onMore(path)}
    />
  );
  const lineAt = (index: number | undefined): Line | undefined =>
    index === undefined ? undefined : { index, row: rows[index] as LineRow, pieces: colors?.get(index) };
  return (
    <DiffTable
      class={`file-lines${layout === "split" ? " is-split" : ""}`}
      label={`Changes of ${path}`}
      columns={columns}
    >
      {layout === "unified"
        ? shown.map((row, index) =>
          isLine(row)
            ? <UnifiedLine key={index} line={lineAt(index)!} across={across} {...props} />
            : whole(index)
        )
        : pairsOf(shown).map((pair) =>
          "whole" in pair ? whole(pair.whole) : (
            <SplitLine
              key={pair.left ?? pair.right}
              left={lineAt(pair.left)}
              right={lineAt(pair.right)}
              across={across}
              {...props}
            />
          )
        )}
      {left > 0 && (
        <tr class="diff-gap">
          <td colSpan={across}>
            <button type="button" class="diff-more" onClick={() => setMost(shown.length + ROWS)}>
              Show {count(Math.min(ROWS, left))} more of {counted(left, "line")}
            </button>
          </td>
        </tr>
      )}
    </DiffTable>
  );
}

/** A row across all columns. */
function Whole({ row, across, onMore }: { row: GapRow | RemarkRow; across: number; onMore: () => void }) {
  return (
    <tr class={`diff-${row.kind}`}>
      <td colSpan={across}>
        {row.kind === "remark" ? row.text : (
          <button type="button" class="diff-more" onClick={onMore}>
            {row.count === undefined ? "More lines" : counted(row.count, "line")}
          </button>
        )}
      </td>
    </tr>
  );
}

interface Line {
  index: number;
  row: LineRow;
  pieces: readonly Piece[] | undefined;
}

interface LineProps extends FileLinesProps {
  across: number;
}

function UnifiedLine({ line, ...props }: LineProps & { line: Line }) {
  const { index, row } = line;
  return (
    <>
      <tr class={`diff-${row.kind}${props.at === index ? " is-at" : ""}`} data-row={index}>
        <td class="diff-number">{row.old}</td>
        <td class="diff-number">
          {row.now}
          <CommentButton row={row} {...props} />
        </td>
        <DiffText kind={row.kind}>
          <Colored {...line} />
        </DiffText>
      </tr>
      <Says rows={[row]} {...props} />
    </>
  );
}

function SplitLine(
  { left, right, ...props }: LineProps & { left: Line | undefined; right: Line | undefined },
) {
  const lines = [left, right].filter((line) => line !== undefined);
  const isAt = lines.some(({ index }) => index === props.at);
  // Context stands on both sides, and has one comment.
  const rows = new Set(lines.map(({ row }) => row));
  return (
    <>
      <tr class={isAt ? "is-at" : undefined} data-row={(left ?? right)?.index}>
        <Side line={left} number={left?.row.old} hasButton={left?.row.kind === "removed"} {...props} />
        <Side line={right} number={right?.row.now} hasButton={right !== undefined} {...props} />
      </tr>
      <Says rows={[...rows]} {...props} />
    </>
  );
}

interface SideProps extends LineProps {
  /** Undefined: the other side has a line, and this one has none. */
  line: Line | undefined;
  number: number | undefined;
  hasButton: boolean;
}

function Side({ line, number, hasButton, ...props }: SideProps) {
  const name = `diff-${line?.row.kind ?? "none"}`;
  return (
    <>
      <td class={`diff-number ${name}`}>
        {number}
        {line !== undefined && hasButton && <CommentButton row={line.row} {...props} />}
      </td>
      <DiffText kind={line?.row.kind ?? "gap"} class={name}>
        {line !== undefined && <Colored {...line} />}
      </DiffText>
    </>
  );
}

function CommentButton({ row, file, onComment }: { row: LineRow } & Pick<LineProps, "file" | "onComment">) {
  return (
    <button
      type="button"
      class="diff-comment"
      tabIndex={-1}
      aria-label={`Comment on line ${placeOf(row).line}`}
      title="Comment; with Shift: up to this line"
      onClick={({ shiftKey }) => onComment(file.path, row, shiftKey)}
    >
      <MessageSquarePlus size={12} aria-hidden="true" />
    </button>
  );
}

function Colored({ row, pieces }: Line) {
  if (pieces === undefined) return <>{row.text}</>;
  return (
    <>
      {pieces.map((piece, place) =>
        piece.class === undefined ? piece.text : <span key={place} class={piece.class}>{piece.text}</span>
      )}
    </>
  );
}

/** The comments below these rows, and the one that is being written. */
function Says(
  { rows, across, comments, editing, onEdit, onDone, onRemove }: LineProps & { rows: LineRow[] },
) {
  const isHere = (comment: Comment) => rows.some((row) => isAbout(row, comment));
  return (
    <>
      {comments.filter((comment) => comment !== editing && isHere(comment)).map((comment, place) => (
        <tr key={`comment ${place}`} class="diff-says">
          <td colSpan={across}>
            <CommentView
              comment={comment}
              onEdit={() =>
                onEdit(comment)}
              onRemove={() =>
                onRemove(comment)}
            />
          </td>
        </tr>
      ))}
      {editing !== undefined && isHere(editing) && (
        <tr class="diff-says">
          <td colSpan={across}>
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

function isLine(row: Row): row is LineRow {
  return row.kind !== "gap" && row.kind !== "remark";
}

/** Whether the comment stands below this row. */
function isAbout(row: LineRow, { line, end_line = line, side = "new" }: Comment): boolean {
  const place = placeOf(row);
  return side === place.side && end_line === place.line;
}

function isCommented(row: Row, comments: readonly Comment[]): boolean {
  return isLine(row) && comments.some((comment) => isAbout(row, comment));
}
