/** A review as one message to the agent: Markdown, with the lines that each comment is about. Pure. */
import type { ReviewComment } from "./review_comment.ts";
import { cutToBytes, utf8Length } from "./scalars.ts";

/** The lines that one comment repeats, in UTF-8 bytes. */
const LINES_MAX = 2 << 10;
/** The lines that all comments repeat. */
const ALL_LINES_MAX = 96 << 10;

export interface LinedComment extends ReviewComment {
  /** The lines that it is about, each with its end; undefined if they cannot be shown. */
  lines?: string;
  /** Whether the lines have changed since it was written. */
  outdated?: boolean;
}

export function reviewMessage(message: string | undefined, comments: readonly LinedComment[]): string {
  const most = Math.min(LINES_MAX, Math.floor(ALL_LINES_MAX / Math.max(1, comments.length)));
  const parts = comments.length === 0 ? [] : [
    comments.length === 1
      ? "This is a review comment on your changes. Please act on it."
      : `These are ${comments.length} review comments on your changes. Please act on each of them.`,
    ...comments.map((comment, i) => section(comment, i + 1, most)),
  ];
  const said = message?.trim();
  return [...said ? [said] : [], ...parts].join("\n\n");
}

function section(comment: LinedComment, number: number, most: number): string {
  const { lines, outdated, text } = comment;
  const parts = [`### ${number}. ${placeOf(comment)}`];
  if (outdated) {
    const said = "This comment is outdated: the lines have changed since it was written.";
    parts.push(lines === undefined ? said : `${said} They were:`);
  }
  if (lines !== undefined) parts.push(fenced(shortened(lines, most)));
  parts.push(text.trim());
  return parts.join("\n\n");
}

function placeOf({ path, line, end_line = line, side }: ReviewComment): string {
  const where = end_line === line ? `line ${line}` : `lines ${line}-${end_line}`;
  return `${named(path)}, ${where}${side === "old" ? " of the version before your changes" : ""}`;
}

/** A name with line ends or backticks would not stay in its place. */
function named(path: string): string {
  // deno-lint-ignore no-control-regex
  return /[`\x00-\x1f\x7f]/.test(path) ? JSON.stringify(path) : `\`${path}\``;
}

function shortened(lines: string, most: number): string {
  if (utf8Length(lines) <= most) return lines;
  return `${cutToBytes(lines, most)}…`;
}

/** In a fence that is longer than any in the lines. */
function fenced(lines: string): string {
  const longest = Math.max(2, ...(lines.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${lines.replace(/\r?\n$/, "")}\n${fence}`;
}
