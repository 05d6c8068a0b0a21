/** Text as it may be shown in a terminal. Pure. */
import stringWidth from "string-width";

// deno-lint-ignore no-control-regex
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** Without anything that could move the cursor, set the title or turn the writing direction: agents print what they like. */
export function clean(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(ESCAPES, "").replace(CONTROLS, "");
}

/** One clean line. */
export function oneLine(text: string): string {
  return clean(text).replace(/\s+/g, " ").trim();
}

/** Columns that clean text takes: East Asian characters and emoji take two, marks none. */
export function columns(text: string): number {
  return stringWidth(text);
}

const CHARACTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** At most `width` columns, the end replaced by `…` where it was longer. */
export function fit(text: string, width: number): string {
  if (columns(text) <= width) return text;
  let kept = "";
  let count = 0;
  for (const { segment } of CHARACTERS.segment(text)) {
    const more = columns(segment);
    if (count + more > width - 1) break;
    kept += segment;
    count += more;
  }
  return width < 1 ? "" : `${kept}…`;
}

/** The text in lines of at most `width` columns. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  let count = 0;
  for (const { segment } of CHARACTERS.segment(text)) {
    const more = columns(segment);
    if (count + more > width && line !== "") {
      lines.push(line);
      [line, count] = ["", 0];
    }
    line += segment;
    count += more;
  }
  return [...lines, line];
}

export interface Column<T> {
  title: string;
  value: (row: T) => string;
  /** Applied to the padded cell. */
  paint?: (cell: string, row: T) => string;
}

/**
 * Rows under their titles. The last column takes what the others leave of `width` and is cut there; with no
 * `width` (a pipe) nothing is cut.
 */
export function table<T>(rows: T[], shown: Column<T>[], width?: number): string[] {
  const cells = rows.map((row) => shown.map(({ value }) => oneLine(value(row))));
  const widths = shown.map(({ title }, i) => Math.max(title.length, ...cells.map((row) => columns(row[i]!))));
  const last = shown.length - 1;
  const taken = widths.slice(0, last).reduce((sum, one) => sum + one + 2, 0);
  const pad = (text: string, i: number) =>
    i < last
      ? text + " ".repeat(widths[i]! - columns(text) + 2)
      : width === undefined
      ? text
      : fit(text, Math.max(8, width - taken));
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
