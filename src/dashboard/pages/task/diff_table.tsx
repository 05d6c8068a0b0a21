/** The lines of a diff as a table; additions and removals are marked by sign, color and word. */
import type { ComponentChildren } from "preact";
import "./diff.css";

const SIGNS = { added: "+", removed: "-", context: " ", gap: "", remark: "" };
const WORDS = { added: "added", removed: "removed" };

export interface DiffTableProps {
  label: string;
  class?: string;
  /** The rows, each of three cells: the old number of the line, the new one, its text. */
  children: ComponentChildren;
}

/** A wide one scrolls in itself, by keys too. */
export function DiffTable({ label, class: name = "", children }: DiffTableProps) {
  return (
    <div class={`diff ${name}`} role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Old line</th>
            <th scope="col">New line</th>
            <th scope="col">Text</th>
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** The cell with the text of a line. */
export function DiffText({ kind, children }: { kind: keyof typeof SIGNS; children: ComponentChildren }) {
  return (
    <td class="diff-text">
      {(kind === "added" || kind === "removed") && <span class="visually-hidden">{WORDS[kind]}:</span>}
      <span class="diff-sign" aria-hidden="true">{SIGNS[kind]}</span>
      {children}
    </td>
  );
}
