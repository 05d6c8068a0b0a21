/** Answers what tasks have changed, and keeps what people note about it. */
import type { Actor } from "../domain/actor.ts";
import { comparedWork } from "../domain/compared_work.ts";
import type { Comparisons, FoundLines, ListedChanges } from "../domain/comparison.ts";
import { requireBrief, type ReviewComment, type ViewedFile } from "../domain/review_comment.ts";
import type { Since, TaskChanges } from "../domain/task_changes.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import { viewedMark } from "../domain/viewed_mark.ts";
import type { Store } from "../store/open.ts";
import { foundTask } from "./found_task.ts";

export interface TaskReviewOptions {
  store: Pick<Store, "tasks" | "reviews">;
  comparisons: Comparisons;
}

/** A noted comment as it stands to the work as it is now. */
export interface ShownComment extends ReviewComment {
  outdated?: boolean;
}

export interface ShownReview {
  comments: ShownComment[];
  viewed: ViewedFile[];
  head_commit: string;
}

export class TaskReviews {
  readonly #options: TaskReviewOptions;

  constructor(options: TaskReviewOptions) {
    this.#options = options;
  }

  /** Throws `TASK_NOT_FOUND`, `INVALID_FIELD_VALUE` outside a repository, and what `Comparisons` throws. */
  changes(task_id: string, since: Since, list: ListedChanges): Promise<TaskChanges> {
    return this.#options.comparisons.changes(comparedWork(this.#find(task_id), since), list);
  }

  /** Keeps comments and marks with the task. What is given replaces what was kept. */
  async save(
    task_id: string,
    { comments, viewed }: { comments?: ReviewComment[]; viewed?: ViewedFile[] },
    by: Actor,
  ): Promise<void> {
    const { tasks, reviews } = this.#options.store;
    const work = comparedWork(this.#find(task_id), "base");
    requireBrief(comments);
    const noted = {
      comments: comments?.map((comment) => ({ ...comment, head_commit: comment.head_commit ?? work.head })),
      viewed: viewed && await Promise.all(viewed.map(viewedMark)),
    };
    const entries = reviews.entries(task_id, noted);
    await tasks.update((view) => ({ ...entries, reads: [foundTask(task_id, view).id] }), by);
  }

  /** What is kept, as far as it still holds: a mark of a file that has changed since is left out. */
  async get(task_id: string): Promise<ShownReview> {
    const { comparisons, store } = this.#options;
    const work = comparedWork(this.#find(task_id), "base");
    const [noted, { files, head_commit }] = await Promise.all([
      store.reviews.get(task_id),
      comparisons.changes(work, { context: 0, patch: false }),
    ]);
    const marks = new Set(noted.viewed);
    const listed = files.map(({ path, blob }) => ({ path, blob }));
    const marked = await Promise.all(listed.map(viewedMark));
    return {
      comments: await this.#shown(task_id, noted.comments),
      viewed: listed.filter((_, i) => marks.has(marked[i]!)),
      head_commit,
    };
  }

  async #shown(task_id: string, comments: readonly ReviewComment[]): Promise<ShownComment[]> {
    if (comments.length === 0) return [];
    const { found } = await this.#options.comparisons.lines(
      comparedWork(this.#find(task_id), "base"),
      comments.map(linesOf),
    );
    return comments.map((comment, i) => ({ ...comment, outdated: isOutdated(found[i]!) || undefined }));
  }

  #find(task_id: string): TaskRecord {
    return foundTask(task_id, this.#options.store.tasks);
  }
}

function linesOf({ path, line, end_line = line, side = "new", head_commit }: ReviewComment) {
  return { path, line, end_line, side, commit: head_commit };
}

function isOutdated(found: FoundLines): boolean {
  return found.problem !== undefined || found.now === undefined;
}
