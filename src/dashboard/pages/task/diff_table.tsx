/** The lines of a diff as a table; additions and removals are marked by sign, color and word. */
import type { ComponentChildren } from "preact";
import "./diff.css";

const SIGNS = { added: "+", removed: "-", context: " ", gap: "", remark: "" };
const WORDS = { added: "added", removed: "removed" };

export interface DiffTableProps {
  label: string;
  class?: string;
  /** What stands in the cells of each row: by default the old number of a line, the new one, and its text. */
  columns?: readonly string[];
  children: ComponentChildren;
}

const UNIFIED = ["Old line", "New line", "Text"];

/** A wide one scrolls in itself, by keys too. */
export function DiffTable({ label, class: name = "", columns = UNIFIED, children }: DiffTableProps) {
  return (
    <div class={`diff ${name}`} role="region" aria-label={label} tabIndex={0}>
      <table>
        <colgroup>{columns.map((column) => <col key={column} />)}</colgroup>
        <thead class="visually-hidden">
          <tr>
            {columns.map((column) => <th key={column} scope="col">{column}</th>)}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export interface DiffTextProps {
  kind: keyof typeof SIGNS;
  class?: string;
  children: ComponentChildren;
}

/** The cell with the text of a line. */
export function DiffText({ kind, class: name = "", children }: DiffTextProps) {
  return (
    <td class={`diff-text ${name}`}>
      {(kind === "added" || kind === "removed") && <span class="visually-hidden">{WORDS[kind]}:</span>}
      <span class="diff-sign" aria-hidden="true">{SIGNS[kind]}</span>
      {children}
    </td>
  );
}
