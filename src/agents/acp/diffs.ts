/** An agent's changes to files, as unified patches of bounded length. Pure. */
import { formatPatch, type StructuredPatchHunk } from "diff";
import { relative } from "node:path";
import type { FileDiff } from "../../domain/file_diff.ts";
import type { FileChange } from "./file_change.ts";
import { cut } from "./wire_value.ts";

/** The diffs that a tool call reports; undefined when it reports none. */
export type DiffReader = (call: Record<string, unknown>) => FileDiff[] | undefined;

const LONGEST_LINE = 1000;
const MOST_FILES = 20;
/** The most bytes of all patches of one tool call as JSON, so that the log entry has room for the rest. */
const MOST_BYTES = 24_000;

/** Creates a reader for runs in `working_dir`. It shows the changes that `changesOf` finds. */
export function diffReader(
  changesOf: (call: Record<string, unknown>) => FileChange[],
  working_dir: string,
): DiffReader {
  return (call) => {
    const changes = changesOf(call).slice(0, MOST_FILES);
    if (changes.length === 0) return undefined;
    return bounded(changes.map((change) => ({ ...change, path: pathWithin(working_dir, change.path) })));
  };
}

function pathWithin(working_dir: string, path: string): string {
  const inside = relative(working_dir, path);
  return cut(path.startsWith("/") && inside !== "" && !/^\.\.(?:\/|$)/.test(inside) ? inside : path, 1000);
}

/** The patches as text, cut at the bound for all of them. */
function bounded(changes: FileChange[]): FileDiff[] {
  let left = MOST_BYTES;
  return changes.map(({ path, created, hunks, note, added, removed }) => {
    const lines = hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
    const kept: StructuredPatchHunk[] = [];
    let count = 0;
    for (const hunk of hunks) {
      const fitting = linesWithin(hunk.lines, left);
      left = fitting.left;
      count += fitting.lines.length;
      if (fitting.lines.length > 0) kept.push(shortened(hunk, fitting.lines));
      if (fitting.lines.length < hunk.lines.length) break;
    }
    const [from, to] = [created ? "/dev/null" : `a/${path}`, `b/${path}`];
    const patch = formatPatch({
      oldFileName: from,
      newFileName: to,
      oldHeader: "",
      newHeader: "",
      hunks: kept,
    }, { includeIndex: false, includeUnderline: false, includeFileHeaders: true });
    const missing = lines - count;
    const diff: FileDiff = { path, added };
    if (removed !== undefined) diff.removed = removed;
    if (kept.length > 0) diff.patch = patch;
    if (missing > 0) diff.note = `The last ${missing} of ${lines} lines of the patch are left out`;
    else if (note !== undefined) diff.note = note;
    return diff;
  });
}

const utf8 = new TextEncoder();

function linesWithin(lines: string[], room: number): { lines: string[]; left: number } {
  const fitting: string[] = [];
  let left = room;
  for (const line of lines) {
    const short = cut(line, LONGEST_LINE);
    const bytes = utf8.encode(JSON.stringify(short)).length;
    if (bytes > left) break;
    left -= bytes;
    fitting.push(short);
  }
  return { lines: fitting, left };
}

/** The hunk with only these lines, and a header that counts them. */
function shortened(hunk: StructuredPatchHunk, lines: string[]): StructuredPatchHunk {
  const count = (marks: string) => lines.filter((line) => marks.includes(line[0] ?? " ")).length;
  return { ...hunk, lines, oldLines: count(" -"), newLines: count(" +") };
}
