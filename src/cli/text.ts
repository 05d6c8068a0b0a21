/** Text from agents and tasks, made safe and fitted for a terminal. Pure. */
import stringWidth from "string-width";

// deno-lint-ignore no-control-regex
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** Removes whatever could move the cursor, set the title or change the writing direction: agents may print anything. */
export function clean(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(ESCAPES, "").replace(CONTROLS, "");
}

/**
 * What a text may not contain where it reaches a terminal, whoever wrote it: control characters of both sets but tabs and line
 * ends, and escape sequences but those of colors.
 */
// deno-lint-ignore no-control-regex
const HARMFUL = /\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** The text as a terminal may get it: with colors, but nothing else that it would obey. */
export function harmless(text: string): string {
  return text.replace(HARMFUL, "");
}

const UNESCAPED = /[\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** JSON whose control characters are all escaped, also those that JSON itself allows. */
export function escapedControls(json: string): string {
  return json.replace(UNESCAPED, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Cleans the text and joins it to one line. */
export function oneLine(text: string): string {
  return clean(text).replace(/\s+/g, " ").trim();
}

/** How many columns clean text takes. East Asian characters and emoji take two, combining marks none. */
export function columns(text: string): number {
  return stringWidth(text);
}

const CHARACTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Cuts text to `width` columns; `…` replaces the end of longer text. */
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

/** Breaks text into lines of at most `width` columns. */
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
