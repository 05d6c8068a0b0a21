/** Section 9 of the contract: what a task has changed, and what people say about it. */
import * as z from "zod";
import {
  COMMENTS_MAX,
  ObjectId,
  REVIEW_TEXTS_MAX,
  ReviewComment,
  VIEWED_MAX,
  ViewedFile,
} from "../domain/review_comment.ts";
import { bytes, TaskId, text } from "../domain/scalars.ts";
import { Since, TaskChanges } from "../domain/task_changes.ts";
import { Review } from "../domain/workspace.ts";
import { exchange } from "./exchange.ts";

const ReviewComments = z.array(ReviewComment).max(COMMENTS_MAX);

export const changeMessages = {
  get_task_changes: exchange(
    "get_task_changes",
    {
      task_id: TaskId,
      path: text(1, 4096).optional().describe(
        "A file, or a folder with all that is in it: a name from the repository's root, taken literally.",
      ),
      since: Since.default("base").describe(
        "base: since the task began. last_turn: in the current or last turn. last_review: since a person has last asked " +
          "for changes by `review_task`.",
      ),
      context: z.int().min(0).max(100).default(3).describe("Lines around each change."),
      patch: z.boolean().default(true).describe("Whether patches are wanted, not only the list of files."),
    },
    "task_changes",
    { task_id: z.string(), ...TaskChanges.shape },
  ),
  review_task: exchange(
    "review_task",
    {
      task_id: TaskId,
      verdict: z.enum(["request_changes"]),
      message: bytes(REVIEW_TEXTS_MAX).optional(),
      comments: ReviewComments.optional(),
      head_commit: ObjectId.optional().describe(
        "The `head_commit` that was reviewed. Comments on lines that have changed since are marked as outdated.",
      ),
    },
    "task_reviewed",
    {
      task_id: z.string(),
      review: Review,
      message_id: z.string().describe("The message to the agent, which has all comments."),
      comments: z.array(z.object({
        path: z.string(),
        line: z.int(),
        end_line: z.int().optional(),
        side: z.enum(["old", "new"]).optional(),
        outdated: z.boolean().optional().describe("true: its lines have changed since it was written."),
      })).describe("Where the comments are in the work as it is now."),
    },
  ),
  save_review: exchange(
    "save_review",
    {
      task_id: TaskId,
      comments: ReviewComments.optional().describe("Replaces all comments that were kept."),
      viewed: z.array(ViewedFile).max(VIEWED_MAX).optional().describe("Replaces all marks that were kept."),
    },
    "review_saved",
    { task_id: z.string(), timestamp: z.string() },
  ),
  get_review: exchange("get_review", { task_id: TaskId }, "review", {
    task_id: z.string(),
    comments: z.array(
      ReviewComment.extend({
        outdated: z.boolean().optional().describe("true: its lines have changed since it was written."),
      }),
    ),
    viewed: z.array(ViewedFile).describe("Files that were viewed and have not changed since."),
    head_commit: ObjectId,
  }),
};
