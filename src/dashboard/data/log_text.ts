/** What a terminal would show of a message: its text, its colours; where a text is found in it. Pure. */
import Anser from "anser";

export interface Piece {
  text: string;
  /** As `r, g, b`. */
  fg?: string;
  bg?: string;
  classes: string;
  /** Whether it is (a part of) what is looked for. */
  isHit?: boolean;
}

/** Commands to a terminal other than those about colours: cursor, title, links, character sets. */
const COMMANDS =
  // deno-lint-ignore no-control-regex
  /\x1b\[[0-9:;<=>?]*[ -/]*[@-ln-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[PX^_][^\x1b]*(?:\x1b\\|$)|\x1b[ -/]+[0-~]|\x1b[0-Z\\\]^-~]/g;
// deno-lint-ignore no-control-regex
const COLOURS = /\x1b\[[0-9:;]*m/g;
// deno-lint-ignore no-control-regex
const OTHER_CONTROLS = /[\x00-\x08\x0b-\x0d\x0e-\x1a\x1c-\x1f\x7f-\x9f]/g;
// deno-lint-ignore no-control-regex
const ANY_CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

/** Without commands other than those about colours. A line that was written over itself is what stood there last. */
function coloured(message: string): string {
  return message.replace(COMMANDS, "").replace(/\r+(?=\n|$)/g, "").replace(/^.*\r/gm, "").replace(
    OTHER_CONTROLS,
    "",
  );
}

/** The text alone. */
export function printable(message: string): string {
  if (!ANY_CONTROL.test(message)) return message;
  // deno-lint-ignore no-control-regex
  return coloured(message).replace(COLOURS, "").replace(/\x1b/g, "");
}

/** The text in pieces of one colour each; those of `printable`, put together. */
function colouredPieces(message: string): Piece[] {
  if (!message.includes("\x1b")) return [{ text: printable(message), classes: "" }];
  const pieces: Piece[] = [];
  for (
    const { content, fg, bg, decorations } of Anser.ansiToJson(coloured(message), { remove_empty: true })
  ) {
    const classes = decorations.filter((name) => name !== "reverse" && name !== "blink").map((name) =>
      `ansi-${name}`
    );
    if (fg) classes.push("ansi-fg");
    if (bg) classes.push("ansi-bg");
    // deno-lint-ignore no-control-regex
    const text = content.replace(/\x1b/g, "");
    pieces.push({ text, classes: classes.join(" "), ...(fg ? { fg } : {}), ...(bg ? { bg } : {}) });
  }
  return pieces;
}

/** Finds a text without case. */
export function finder(wanted: string): RegExp | undefined {
  if (wanted === "") return undefined;
  return new RegExp(wanted.replace(/[\^$\\.*+?()[\]{}|/]/g, "\\$&"), "giu");
}

/** The message in pieces, cut where what is looked for begins and ends. */
export function piecesOf(message: string, text: string, wanted: RegExp | undefined): Piece[] {
  const pieces = colouredPieces(message);
  if (!wanted) return pieces;
  const cuts: [from: number, to: number][] = [];
  for (const { index, 0: found } of text.matchAll(wanted)) cuts.push([index, index + found.length]);
  if (cuts.length === 0) return pieces;
  const result: Piece[] = [];
  let at = 0;
  let next = 0;
  for (const piece of pieces) {
    const end = at + piece.text.length;
    for (let from = at; from < end;) {
      while (next < cuts.length && cuts[next]![1] <= from) next++;
      const [start, stop] = cuts[next] ?? [Infinity, Infinity];
      const isHit = from >= start;
      const to = Math.min(end, isHit ? stop : start);
      result.push({ ...piece, text: piece.text.slice(from - at, to - at), isHit });
      from = to;
    }
    at = end;
  }
  return result;
}
