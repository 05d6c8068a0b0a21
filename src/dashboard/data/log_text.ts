/** A message as a terminal would show it: its text, its colors, and the hits of a search. Pure. */
import Anser from "anser";

export interface Piece {
  text: string;
  /** As `r, g, b`. */
  fg?: string;
  bg?: string;
  classes: string;
  /** Whether it is part of a search hit. */
  isHit?: boolean;
}

/** Terminal control sequences other than colors: cursor, title, links, character sets. */
const COMMANDS =
  // deno-lint-ignore no-control-regex
  /\x1b\[[0-9:;<=>?]*[ -/]*[@-ln-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[PX^_][^\x1b]*(?:\x1b\\|$)|\x1b[ -/]+[0-~]|\x1b[0-Z\\\]^-~]/g;
// deno-lint-ignore no-control-regex
const COLORS = /\x1b\[[0-9:;]*m/g;
// deno-lint-ignore no-control-regex
const OTHER_CONTROLS = /[\x00-\x08\x0b-\x0d\x0e-\x1a\x1c-\x1f\x7f-\x9f]/g;
// deno-lint-ignore no-control-regex
const ANY_CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

/** Removes control sequences other than colors. An overwritten line becomes what was written last. */
function colored(message: string): string {
  return message.replace(COMMANDS, "").replace(/\r+(?=\n|$)/g, "").replace(/^.*\r/gm, "").replace(
    OTHER_CONTROLS,
    "",
  );
}

/** The text without colors and control characters. */
export function printable(message: string): string {
  if (!ANY_CONTROL.test(message)) return message;
  // deno-lint-ignore no-control-regex
  return colored(message).replace(COLORS, "").replace(/\x1b/g, "");
}

/** The text split into pieces of one color each. */
function coloredPieces(message: string): Piece[] {
  if (!message.includes("\x1b")) return [{ text: printable(message), classes: "" }];
  const pieces: Piece[] = [];
  for (
    const { content, fg, bg, decorations } of Anser.ansiToJson(colored(message), { remove_empty: true })
  ) {
    const classes = decorations.filter((name) => name !== "reverse" && name !== "blink").map((name) =>
      `ansi-${name}`
    );
    if (fg) classes.push("ansi-fg");
    if (bg) classes.push("ansi-bg");
    // deno-lint-ignore no-control-regex
    const text = content.replace(/\x1b/g, "");
    pieces.push({ text, classes: classes.join(" "), fg: fg || undefined, bg: bg || undefined });
  }
  return pieces;
}

/** A pattern that finds the text, ignoring case; undefined for an empty text. */
export function finder(pattern: string): RegExp | undefined {
  if (pattern === "") return undefined;
  return new RegExp(pattern.replace(/[\^$\\.*+?()[\]{}|/]/g, "\\$&"), "giu");
}

/** The message in pieces, split at the beginning and end of each hit. */
export function piecesOf(message: string, text: string, pattern: RegExp | undefined): Piece[] {
  const pieces = coloredPieces(message);
  if (!pattern) return pieces;
  const cuts: [from: number, to: number][] = [];
  for (const { index, 0: found } of text.matchAll(pattern)) cuts.push([index, index + found.length]);
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
