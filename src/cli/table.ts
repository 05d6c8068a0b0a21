/** Rows in columns as wide as their content; the last column takes what is left of the line. */
import { type Style, styled } from "./style.ts";
import { cut, type Terminal } from "./terminal.ts";

export interface Cell {
  text: string;
  style?: Style;
}

const GAP = "  ";
/** Below this the last column is of no use, and the line may wrap. */
const LAST_MIN = 20;

/** The table's lines, each ending with a line end. */
export function table(terminal: Terminal, header: string[], rows: (string | Cell)[][]): string {
  const all: Cell[][] = [
    header.map((text) => ({ text, style: "dim" as const })),
    ...rows.map((row) => row.map((cell) => typeof cell === "string" ? { text: cell } : cell)),
  ];
  const last = header.length - 1;
  const widths = header.map((_, i) => Math.max(...all.map((row) => length(row[i]!.text))));
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + GAP.length, 0);
  // In a pipe nothing is cut: whoever reads it there can cut it.
  const left = terminal.isTTY ? Math.max(LAST_MIN, terminal.columns - before) : Infinity;
  return all.map((row) =>
    row.map(({ text, style }, i) =>
      i === last
        ? styled(terminal, style, left === Infinity ? text : cut(text, left))
        : styled(terminal, style, text) + " ".repeat(widths[i]! - length(text))
    ).join(GAP).trimEnd() + "\n"
  ).join("");
}

function length(text: string): number {
  return Array.from(text).length;
}
