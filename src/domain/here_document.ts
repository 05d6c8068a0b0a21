/** Texts that stand in a shell command, as `<<END` has them. Pure. */

export interface HereDocument {
  delimiter: string;
  /** Tabs before its lines do not count. */
  isTabbed: boolean;
  /** How long its operator and delimiter are. */
  length: number;
}

const OPERATOR = /^<<(-?)[ \t]*(?:'([\w.-]+)'|"([\w.-]+)"|\\?([\w.-]+))(?=$|[\s;&|<>()])/;
/** Where two angle brackets may shift bits. */
const SUMS = /\(\(|\$\[|\blet\b/;

/** The document that begins at the place; undefined if it is not certain that one does. */
export function hereDocumentAt(text: string, at: number): HereDocument | undefined {
  const found = OPERATOR.exec(text.slice(at, at + 200));
  if (found === null || SUMS.test(text.slice(0, at))) return undefined;
  const [all, tab, ...names] = found;
  return { delimiter: names.find((name) => name !== undefined)!, isTabbed: tab === "-", length: all.length };
}

/**
 * The body that begins at the place, and where the command goes on; undefined if it is not certain where it ends.
 *
 * @param at the first character of a line
 */
export function bodyAt(
  text: string,
  at: number,
  { delimiter, isTabbed }: HereDocument,
): { body: string; end: number } | undefined {
  for (let start = at; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end).replace(isTabbed ? /^\t+/ : /^/, "");
    if (line === delimiter) return { body: text.slice(at, start), end };
    // Some shells also end it at `END)`.
    if (line.startsWith(delimiter)) return undefined;
    start = end + 1;
  }
  return undefined;
}
