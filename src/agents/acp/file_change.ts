/** A change to one file as hunks, from two texts or from a patch. The time of a comparison is bounded. Pure. */
import { parsePatch, structuredPatch, type StructuredPatchHunk } from "diff";

export interface FileChange {
  path: string;
  created: boolean;
  /** Lines. */
  added: number;
  /** Absent if the agent did not report the previous content. */
  removed?: number;
  hunks: StructuredPatchHunk[];
  /** What the hunks leave out, and why. */
  note?: string;
}

/** In longer texts and in binary files, lines are only counted. */
const LONGEST_TEXT = 400_000;
/** The most edits of a comparison. Its time grows with their square. */
const MOST_EDITS = 500;
const CONTEXT = 3;

const BINARY = "Not a text file";
const TOO_LARGE = "Too large to be compared line by line";

/** The change that a patch makes; undefined for a text that is not a patch, or is too long. */
export function changeOfPatch(path: string, patch: string): FileChange | undefined {
  if (patch.length > LONGEST_TEXT) return undefined;
  const hunks = hunksOf(patch);
  return hunks.length === 0 ? undefined : { path, created: false, ...counted(hunks), hunks };
}

function hunksOf(patch: string): StructuredPatchHunk[] {
  try {
    return parsePatch(patch).flatMap(({ hunks }) => hunks);
  } catch (error) {
    // Not a patch after all. Other reports of the agent are used instead.
    if (error instanceof Error) return [];
    throw error;
  }
}

/** The change from one text to another. */
export function changeOf(path: string, before: string, after: string, created: boolean): FileChange {
  if (before.includes("\0") || after.includes("\0")) {
    return { path, created, added: 0, removed: 0, hunks: [], note: BINARY };
  }
  if (before.length + after.length > LONGEST_TEXT) {
    return { path, created, ...countedRoughly(before, after), hunks: [], note: TOO_LARGE };
  }
  const compared = structuredPatch(path, path, before, after, undefined, undefined, {
    context: CONTEXT,
    maxEditLength: MOST_EDITS,
  });
  const hunks = compared?.hunks ?? replaced(before, after);
  return { path, created, ...counted(hunks), hunks };
}

function counted(hunks: StructuredPatchHunk[]): { added: number; removed: number } {
  const lines = hunks.flatMap((hunk) => hunk.lines);
  return {
    added: lines.filter((line) => line[0] === "+").length,
    removed: lines.filter((line) => line[0] === "-").length,
  };
}

/** Counts the lines between the common beginning and the common end. */
function countedRoughly(before: string, after: string): { added: number; removed: number } {
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && before.charCodeAt(start) === after.charCodeAt(start)) start++;
  let end = 0;
  while (
    end < least - start &&
    before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)
  ) end++;
  return {
    added: lineCount(after.slice(start, after.length - end)),
    removed: lineCount(before.slice(start, before.length - end)),
  };
}

function lineCount(text: string): number {
  if (text === "") return 0;
  let count = text.endsWith("\n") ? 0 : 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/** One hunk that replaces all lines between the common beginning and end: for texts too different to compare. */
function replaced(before: string, after: string): StructuredPatchHunk[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  const least = Math.min(old.length, now.length);
  let start = 0;
  while (start < least && old[start] === now[start]) start++;
  let end = 0;
  while (end < least - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const from = Math.max(0, start - CONTEXT);
  const rest = Math.min(CONTEXT, end);
  const shown = (mark: string, lines: string[]) =>
    lines.flatMap((line) =>
      line.endsWith("\n") ? [mark + line.slice(0, -1)] : [mark + line, "\\ No newline at end of file"]
    );
  return [{
    oldStart: from + 1,
    newStart: from + 1,
    oldLines: old.length - end - from + rest,
    newLines: now.length - end - from + rest,
    lines: [
      ...shown(" ", old.slice(from, start)),
      ...shown("-", old.slice(start, old.length - end)),
      ...shown("+", now.slice(start, now.length - end)),
      ...shown(" ", old.slice(old.length - end, old.length - end + rest)),
    ],
  }];
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
