/** Finds in what a failed program printed the lines that say why. Pure. */
import { stripVTControlCharacters } from "node:util";
import { firstCharacters } from "./first_characters.ts";

const MOST_LINES = 200;
const LONGEST_LINE = 400;

/** Lines that programs print last, and that never say why they failed. */
const NOISE = [
  /^npm (notice|warn|http|timing|verbose|info)\b/i,
  /^npm (error|err!)(\s+A complete log of this run.*|\s+\S*_logs\S*)?$/i,
  // Their own updates and announcements.
  /^\[?notice\]?\b/i,
  /\b(new|newer) (major |minor |patch )?(version|release) (of \S+ )?(is )?(now )?available\b|\bupdate available\b/i,
  /^(changelog|to update run|run .* to update)\b/i,
  // Where in the program it happened, and how to see more of it.
  /^at .*(:\d+\)?|\(native\)|<anonymous>\)?|\((native method|unknown source)\))$/i,
  /^\.\.\. \d+ more$/,
  /^Node\.js v\d/,
  /^\(Use `?node --trace|^\(node:\d+\) /,
  /^note: run with `RUST_BACKTRACE|^For more information (about|,)/,
  /^(Debugger attached|Waiting for the debugger)/,
  // Progress bars.
  /--:--:--|\d%\||^[\d.]+ ?%|[#=█-]{4}.*\d ?%|\d ?%.*[#=█-]{4}/,
];

/** A line that names what went wrong. */
const FAULT =
  /error|fatal|exception|panic|fail|cannot|can't|could not|couldn't|unable|denied|refused|not found|no such|invalid|missing|unexpected|abort|timed? ?out|unauthori[sz]ed|forbidden|out of memory/i;

/** Before each line that npm prints when it fails, its hints included. */
const PREFIX = /^npm (error|err!)/i;

/** A line that only says that another program failed, which has said why. */
const SUMMARY =
  /^make(\[\d+\])?: \*\*\*|^exit status \d+$|command failed with exit code|^npm (error|err!) (code|errno|path|command|signal|lifecycle)\b|ELIFECYCLE/i;

export interface LastWords {
  /** Takes one line. */
  add(line: string): void;
  /** The line that says why the program failed, with the end of its output; empty if none does. */
  reason(): string;
  /** The last line that is not blank, whatever it says. */
  last(): string;
}

/** Remembers the end of a program's output. Only a program that fails has it looked at. */
export function createLastWords(): LastWords {
  let lines: string[] = [];
  const texts = () =>
    lines.slice(-MOST_LINES)
      .map((line) => firstCharacters(stripVTControlCharacters(line).trim(), LONGEST_LINE))
      .filter((text) => text !== "");
  return {
    add(line) {
      if (line === "") return;
      lines.push(line.length > 2 * LONGEST_LINE ? line.slice(0, 2 * LONGEST_LINE) : line);
      // Copied only now and then.
      if (lines.length > 2 * MOST_LINES) lines = lines.slice(-MOST_LINES);
    },
    reason: () => reasonIn(texts().filter((text) => !isNoise(text))),
    last: () => texts().at(-1) ?? "",
  };
}

function isNoise(text: string): boolean {
  return !/[\p{L}\p{N}]/u.test(text) || NOISE.some((pattern) => pattern.test(text));
}

/** The last line; before it the last one that names a fault, if the last one does not say which. */
function reasonIn(lines: string[]): string {
  const last = lines.at(-1);
  if (last === undefined) return "";
  const says = (line: string) => FAULT.test(line.replace(PREFIX, "")) && !SUMMARY.test(line);
  const cause = says(last) ? undefined : lines.findLast(says);
  return cause === undefined ? last : `${cause} … ${last}`;
}
