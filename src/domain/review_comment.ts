/** What a person says about a task's changes. */
import * as z from "zod";
import { fieldProblem } from "./field_problem.ts";
import { text, utf8Length } from "./scalars.ts";

export const COMMENTS_MAX = 200;
/** All texts of a review, in UTF-8 bytes. */
const REVIEW_TEXTS_MAX = 128 << 10;
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
  const size = utf8Length(message) + comments.reduce((all, { text }) => all + utf8Length(text), 0);
  if (size <= REVIEW_TEXTS_MAX) return;
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    "comments",
    `${size} bytes of text`,
    `at most ${REVIEW_TEXTS_MAX} bytes of text`,
    `A review's texts may have ${REVIEW_TEXTS_MAX} bytes together, and these have ${size}`,
  );
}
