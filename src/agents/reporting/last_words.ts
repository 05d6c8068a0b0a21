/** Finds in what a failed program printed the lines that say why. Pure. */
import { firstCharacters, firstPrinted } from "./first_characters.ts";

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
  // How to see more of it, or how to use the program.
  /^Node\.js v\d/,
  /^\(Use .*node --trace|^\(node:\d+\) /,
  /^note: |^For more information (about|,)/,
  /^(run|try|see|use|type)\b.*(--help|\bfor (more )?(help|information|details|usage))\b|^usage: |^info Visit /i,
  /^(Debugger attached|Waiting for the debugger)/,
  // Where in the program it happened.
  /^at .*(:\d+\)?( \{)?|:line \d+|\(native\)|<anonymous>\)?|\((native method|unknown source)\))$/i,
  /^\.\.\. \d+ more$|^stack (trace|backtrace):$|^thrown in .* on line \d+$/i,
  /^from .*:\d+:in\b/,
  /^\d+:\s+(rust_\w+|\S+::\S+)$|^#\d+\s+(\{main\}|0x|\S+\(\d+\): )/,
  /^goroutine \d+ |^[\w./]+\.\w+\(\S*\)$|\.go:\d+ \+0x[0-9a-f]+$/,
  // The rest of an error that Node.js shows as an object.
  /^(errno|code|syscall|path|dest|address|port|requireStack|spawnargs): (-?\d+|'.*'|\[.*\]),?$/,
  // Progress bars.
  /--:--:--|\d%\||^[\d.]+ ?%\W*(done|completed?)?\W*$|[#=█-]{4}.*\d ?%|\d ?%.*[#=█-]{4}/,
];

/** Points at a place in the line of source before it. */
const POINTER = /^[|\s]*[\^~][\^~\s-]*$/;

/** A line that names what went wrong. */
const FAULT =
  /error|fatal|exception|panic|fail|cannot|can't|could not|couldn't|unable|denied|refused|not found|no such|invalid|missing|unexpected|unknown|unrecognized|unsupported|illegal|expired|exceed|abort|timed? ?out|unauthori[sz]ed|forbidden|out of memory/i;

/** A fault that led to the one before it. */
const CAUSE = /^(Caused by|\[cause\]):/;

/** Before each line that npm prints when it fails, its hints included. */
const PREFIX = /^npm (error|err!)/i;

/** A line that only says that another program failed, or how many things did: what printed it has said why. */
const SUMMARY = new RegExp(
  [
    /^make(\[\d+\])?: \*\*\*|^exit status \d+$|command failed with exit code|didn't exit successfully/,
    /^npm (error|err!) (code|errno|path|command|signal|lifecycle|location|workspace)\b|ELIFECYCLE/,
    /^=+ .*\d+ (failed|errors?)\b.*=$|^(tests|test suites|test files|snapshots):? .*\d+ failed\b/,
  ].map(({ source }) => source).join("|"),
  "i",
);

export interface LastWords {
  /** Takes one line. */
  add(line: string): void;
  /** Takes a line as far as it goes. The next one, begun or whole, replaces it. */
  begin(line: string): void;
  /** The line that says why the program failed, with the end of its output; empty if none does. */
  reason(): string;
  /** Whether it is more than that something else failed. */
  saysWhy(): boolean;
  /** The last line that is not blank, whatever it says. */
  last(): string;
}

/** Why a program failed: what it printed on stderr about that, else on stdout; empty if it printed nothing. */
export function failureReason(stderr: LastWords, stdout: LastWords): string {
  const telling = [stderr, stdout].find((words) => words.saysWhy());
  return telling?.reason() ?? (stderr.reason() || stdout.reason() || stderr.last());
}

/** Remembers the end of a program's output. Only a program that fails has it looked at. */
export function createLastWords(): LastWords {
  let lines: string[] = [];
  let begun = "";
  const texts = () =>
    [...lines, begun].slice(-MOST_LINES)
      .map((line) => firstPrinted(line, LONGEST_LINE))
      .filter((text) => text !== "");
  return {
    begin(line) {
      begun = firstCharacters(line, LONGEST_LINE);
    },
    add(line) {
      begun = "";
      if (line === "") return;
      lines.push(line.length > 2 * LONGEST_LINE ? line.slice(0, 2 * LONGEST_LINE) : line);
      // Copied only now and then.
      if (lines.length > 2 * MOST_LINES) lines = lines.slice(-MOST_LINES);
    },
    reason: () => reasonIn(withoutNoise(texts())),
    saysWhy: () => withoutNoise(texts()).some((text) => !SUMMARY.test(text)),
    last: () => texts().at(-1) ?? "",
  };
}

function withoutNoise(texts: string[]): string[] {
  return texts.filter((text, at) => !isNoise(text) && !POINTER.test(texts[at + 1] ?? ""));
}

function isNoise(text: string): boolean {
  return !/[\p{L}\p{N}]/u.test(text) || NOISE.some((pattern) => pattern.test(text));
}

/** The last line; before it the last one that names a fault, if the last one does not, or tells what led to it. */
function reasonIn(lines: string[]): string {
  const last = lines.at(-1);
  if (last === undefined) return "";
  const says = (line: string) => FAULT.test(line.replace(PREFIX, "")) && !SUMMARY.test(line);
  if (says(last) && !CAUSE.test(last)) return last;
  const fault = lines.findLast((line) => says(line) && !CAUSE.test(line));
  return fault === undefined ? last : `${fault} … ${last}`;
}
