/** What a person says about a task's changes. */
import * as z from "zod";
import { fieldProblem } from "./field_problem.ts";
import { text, utf8Length } from "./scalars.ts";

export const COMMENTS_MAX = 200;
/** All texts of a review, in UTF-8 bytes. */
export const REVIEW_TEXTS_MAX = 128 << 10;
/** The texts with the names of their files. */
const REVIEW_BYTES_MAX = 160 << 10;
export const VIEWED_MAX = 10_000;

/** git's id of a commit or a content. */
export const ObjectId = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, {
  error: "40 or 64 hexadecimal digits",
});

const FilePath = text(1, 4096).describe("From the repository's root, as `get_task_changes` gives it.");

export const ReviewComment = z.object({
  path: FilePath,
  line: z.int().min(1),
  end_line: z.int().min(1).optional().describe("The last line that it is about. Default: `line`."),
  side: z.enum(["old", "new"]).optional().describe(
    "old: lines of the base, such as removed ones. Default: new.",
  ),
  text: text(1, 4000),
  head_commit: ObjectId.optional().describe(
    "The `head_commit` at which it was written, to find out whether its lines have changed since.",
  ),
}).refine(({ line, end_line }) => end_line === undefined || end_line >= line, {
  error: "not less than line",
  path: ["end_line"],
});
export type ReviewComment = z.infer<typeof ReviewComment>;

/** A file that a person has looked at, as it was then. */
export const ViewedFile = z.object({
  path: FilePath,
  blob: ObjectId.describe("The `blob` of the file in `get_task_changes`."),
});
export type ViewedFile = z.infer<typeof ViewedFile>;

/** Throws `INVALID_FIELD_VALUE` for a review that says more than an agent can be given at once. */
export function requireBrief(comments: readonly ReviewComment[] = [], message = ""): void {
  const texts = [message, ...comments.map(({ text }) => text)];
  const size = texts.reduce((all, text) => all + utf8Length(text), 0);
  if (size > REVIEW_TEXTS_MAX) throw tooLong(size, REVIEW_TEXTS_MAX);
  // With the names of the files, it is one message and one value of the store.
  const whole = size + comments.reduce((all, { path }) => all + utf8Length(path), 0);
  if (whole > REVIEW_BYTES_MAX) throw tooLong(whole, REVIEW_BYTES_MAX);
}

function tooLong(size: number, most: number) {
  return fieldProblem(
    "INVALID_FIELD_VALUE",
    "comments",
    `${size} bytes`,
    `at most ${most} bytes together`,
    `A review may have ${most} bytes, and this one has ${size}`,
  );
}
