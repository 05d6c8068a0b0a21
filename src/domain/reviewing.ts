/** A person asks the agent of an ended task for changes. */
import type { FoundLines } from "./comparison.ts";
import { requireStatus } from "./expected_status.ts";
import { fieldProblem } from "./field_problem.ts";
import { requireBrief, type ReviewComment } from "./review_comment.ts";
import type { LinedComment } from "./review_message.ts";
import type { TaskRecord } from "./task_record.ts";
import { FINISHED_STATUSES } from "./task_values.ts";

export interface AskedChanges {
  message?: string;
  comments?: readonly ReviewComment[];
}

/** Throws `INVALID_FIELD_VALUE` for a task that is not over, or to which something else is about to be said. */
export function requireReviewable(task: TaskRecord): void {
  requireStatus(task, "review", FINISHED_STATUSES);
  const { waiting = [], status } = task.state;
  if (waiting.length === 0) return;
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    "task_id",
    task.id,
    "a task without waiting messages",
    `Cannot review task '${task.id}': ${waiting.length} messages wait for it. Its agent gets them first`,
    { current_status: status },
  );
}

/** Throws for a review that says nothing, or too much. */
export function requireWords({ message, comments }: AskedChanges): void {
  if (message === undefined && comments === undefined) {
    throw fieldProblem(
      "MISSING_REQUIRED_FIELD",
      "message",
      undefined,
      "a message or a comment",
      "A review needs a 'message' or 'comments'",
    );
  }
  if ((message ?? "").trim() === "" && (comments ?? []).length === 0) {
    const field = message === undefined ? "comments" : "message";
    throw fieldProblem("INVALID_FIELD_VALUE", field, message ?? comments, "a message or a comment");
  }
  requireBrief(comments, message);
}

/** The comments with their lines, where those are now. Throws `INVALID_FIELD_VALUE` for a comment on nothing. */
export function placedComments(
  comments: readonly ReviewComment[],
  found: readonly FoundLines[],
): LinedComment[] {
  return comments.map((comment, i) => {
    const lines = found[i]!;
    if (lines.problem !== undefined) throw problemOf(comment, i, lines);
    const { text, now } = lines;
    const outdated = now === undefined;
    return { ...comment, ...now, lines: text, outdated };
  });
}

function problemOf(
  comment: ReviewComment,
  index: number,
  found: Extract<FoundLines, { problem: string }>,
) {
  const { path, line, end_line = line, side = "new", head_commit } = comment;
  const at = `comments[${index}]`;
  switch (found.problem) {
    case "no_commit":
      return fieldProblem(
        "INVALID_FIELD_VALUE",
        "head_commit",
        head_commit,
        "a commit of the task's repository",
      );
    case "no_file":
      return fieldProblem(
        "INVALID_FIELD_VALUE",
        `${at}.path`,
        path,
        side === "new" ? "a file of the task's work" : "a file of the task's base",
      );
    case "no_line":
      return fieldProblem(
        "INVALID_FIELD_VALUE",
        line > found.lines_there ? `${at}.line` : `${at}.end_line`,
        end_line,
        `at most ${found.lines_there}, which is the last line of ${path}`,
      );
  }
}
