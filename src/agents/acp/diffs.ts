/**
 * What an agent changed in files, as unified patches of bounded length: from the texts that it reports before and
 * after an edit, or from the patch that it made itself. No pair of texts takes long to compare.
 */
import { formatPatch, parsePatch, structuredPatch, type StructuredPatchHunk } from "diff";
import { relative } from "node:path";
import { cut, objectOf, objectsOf, textOf } from "./wire_value.ts";

export interface FileDiff {
  /** Relative to the working folder where it lies inside. */
  path: string;
  /** Lines. */
  added: number;
  /** Absent when the agent did not say what was there before. */
  removed?: number;
  /** Unified; absent when the texts cannot be shown. */
  patch?: string;
  /** What is missing in the patch, and why. */
  note?: string;
}

/** Larger texts, and those that are no text, are only counted. */
const LARGEST_TEXT = 400_000;
/** Bounds the time of a comparison, which grows with the square of it. */
const MOST_EDITS = 500;
const CONTEXT = 3;
const LONGEST_LINE = 1000;
const MOST_FILES = 20;
/** Of all patches of one tool call as JSON, in bytes: the rest of the log entry fits beside it. */
const MOST_BYTES = 24_000;

const NOT_TOLD = "The agent did not report what the file held before";
const BINARY = "Not a text file";
const TOO_LARGE = "Too large to be compared line by line";

/** The patches before their length is bounded. */
interface Change extends Omit<FileDiff, "patch"> {
  created: boolean;
  hunks: StructuredPatchHunk[];
}

/** What a `tool_call`, an update of one or a permission request reports of files; undefined when nothing. */
export function diffsOf(call: Record<string, unknown>, working_dir: string): FileDiff[] | undefined {
  const own = ownPatches(call);
  const reported = own.length > 0 ? own : reportedTexts(call);
  const changes = reported.length > 0 ? reported : writtenWhole(call);
  if (changes.length === 0) return undefined;
  const local = changes.slice(0, MOST_FILES).map((change) => ({
    ...change,
    path: pathWithin(working_dir, change.path),
  }));
  return bounded(local);
}

function pathWithin(working_dir: string, path: string): string {
  const inside = relative(working_dir, path);
  return cut(path.startsWith("/") && inside !== "" && !/^\.\.(?:\/|$)/.test(inside) ? inside : path, 1000);
}

/** OpenCode tells the patch of an edit, whose content parts hold only the text around it. */
function ownPatches(call: Record<string, unknown>): Change[] {
  const metadata = objectOf(objectOf(call.rawOutput)?.metadata);
  const files = objectsOf(metadata?.files);
  const input = objectOf(call.rawInput);
  const single = { filePath: objectOf(metadata?.filediff)?.file ?? input?.filePath, patch: metadata?.diff };
  return [single, ...files].flatMap((file) => {
    const path = textOf(file.filePath);
    const patch = textOf(file.patch);
    if (path === undefined || patch === undefined || patch.length > LARGEST_TEXT) return [];
    const hunks = hunksOf(patch);
    return hunks.length === 0 ? [] : [{ path, created: false, ...counted(hunks), hunks }];
  });
}

function hunksOf(patch: string): StructuredPatchHunk[] {
  try {
    return parsePatch(patch).flatMap(({ hunks }) => hunks);
  } catch (error) {
    // No patch after all; what else the agent reports is taken.
    if (error instanceof Error) return [];
    throw error;
  }
}

/** Content parts of the protocol's type `diff`. */
function reportedTexts(call: Record<string, unknown>): Change[] {
  const parts = objectsOf(call.content).filter((part) => part.type === "diff");
  const places = objectsOf(call.locations);
  return parts.flatMap((part, index) => {
    const path = textOf(part.path);
    if (path === undefined || typeof part.newText !== "string") return [];
    const created = typeof part.oldText !== "string";
    const change = changeOf(path, created ? "" : part.oldText as string, part.newText, created);
    // Some agents report the text around an edit alone, and its place beside it.
    const place = places.length === parts.length ? places[index] : undefined;
    const line = place?.path === path && Number.isInteger(place.line) ? Number(place.line) : 1;
    for (const hunk of line > 1 ? change.hunks : []) {
      hunk.oldStart += line - 1;
      hunk.newStart += line - 1;
    }
    return [change];
  });
}

/** OpenCode's `write` says only what it wrote, and whether the file was there. */
function writtenWhole(call: Record<string, unknown>): Change[] {
  const input = objectOf(call.rawInput);
  const existed = objectOf(objectOf(call.rawOutput)?.metadata)?.exists;
  const path = textOf(input?.filePath);
  if (path === undefined || typeof input?.content !== "string" || typeof existed !== "boolean") return [];
  const change = changeOf(path, "", input.content, !existed);
  if (!existed) return [change];
  const { removed: _, ...rest } = change;
  return [{ ...rest, note: change.note ?? NOT_TOLD }];
}

function changeOf(path: string, before: string, after: string, created: boolean): Change {
  if (before.includes("\0") || after.includes("\0")) {
    return { path, created, added: 0, removed: 0, hunks: [], note: BINARY };
  }
  if (before.length + after.length > LARGEST_TEXT) {
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

/** Lines between what both texts begin and end with. */
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

/** One hunk that takes out all lines that differ and puts the new ones there: for texts too different to compare. */
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

/** The patches as text, cut where the room for all of them ends. */
function bounded(changes: Change[]): FileDiff[] {
  let left = MOST_BYTES;
  return changes.map(({ path, created, hunks, note, ...counts }) => {
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
    }, {
      includeIndex: false,
      includeUnderline: false,
      includeFileHeaders: true,
    });
    const missing = lines - count;
    const told = missing > 0 ? `The last ${missing} of ${lines} lines of the patch are left out` : note;
    return {
      path,
      ...counts,
      ...(kept.length === 0 ? {} : { patch }),
      ...(told === undefined ? {} : { note: told }),
    };
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

/** The hunk with these of its lines, its head as they say. */
function shortened(hunk: StructuredPatchHunk, lines: string[]): StructuredPatchHunk {
  const count = (marks: string) => lines.filter((line) => marks.includes(line[0] ?? " ")).length;
  return { ...hunk, lines, oldLines: count(" -"), newLines: count(" +") };
}
