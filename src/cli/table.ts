/** Tables. */
import type { Terminal } from "./terminal.ts";
import { columns, fit, oneLine } from "./text.ts";

export interface Column<T> {
  title: string;
  value: (row: T) => string;
  /** Applied to the padded cell. */
  paint?: (cell: string, row: T) => string;
}

/** Prints the rows under their titles: cut to the screen in a terminal, whole in a pipe. */
export function printTable<T>(terminal: Terminal, rows: T[], shown: Column<T>[]): void {
  const width = terminal.isTerminal ? terminal.width : undefined;
  for (const line of tableLines(rows, shown, width)) terminal.line(line);
}

/** The last column takes the rest of `width` and is cut there; without `width`, nothing is cut. */
export function tableLines<T>(rows: T[], shown: Column<T>[], width?: number): string[] {
  const cells = rows.map((row) => shown.map(({ value }) => oneLine(value(row))));
  const widths = shown.map(({ title }, i) => Math.max(title.length, ...cells.map((row) => columns(row[i]!))));
  const last = shown.length - 1;
  const used = widths.slice(0, last).reduce((sum, one) => sum + one + 2, 0);
  const pad = (text: string, i: number) =>
    i < last
      ? text + " ".repeat(widths[i]! - columns(text) + 2)
      : width === undefined
      ? text
      : fit(text, Math.max(8, width - used));
  return [
    shown.map(({ title }, i) => pad(title, i)).join("").trimEnd(),
    ...cells.map((row, r) =>
      shown.map(({ paint }, i) => {
        const cell = pad(row[i]!, i);
        return paint ? paint(cell, rows[r]!) : cell;
      }).join("").trimEnd()
    ),
  ];
}
