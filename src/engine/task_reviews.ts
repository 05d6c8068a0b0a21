/** Answers what tasks have changed, and keeps what people note about it. */
import { isDeepStrictEqual } from "node:util";
import type { Actor } from "../domain/actor.ts";
import { comparedWork } from "../domain/compared_work.ts";
import type { ComparedWork, Comparisons, FoundLines, ListedChanges } from "../domain/comparison.ts";
import { requireBrief, type ReviewComment, type ViewedFile } from "../domain/review_comment.ts";
import type { Since, TaskChanges } from "../domain/task_changes.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import { type AskedChanges, placedComments, requireReviewable, requireWords } from "../domain/reviewing.ts";
import { reviewMessage } from "../domain/review_message.ts";
import type { Review } from "../domain/workspace.ts";
import { viewedMark } from "../domain/viewed_mark.ts";
import type { Store } from "../store/open.ts";
import { foundTask } from "./found_task.ts";
import type { TaskCommands } from "./task_commands.ts";

export interface TaskReviewOptions {
  commands: Pick<TaskCommands, "say" | "withdraw">;
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

/** What was sent to the agent. */
export interface Reviewed {
  review: Review;
  message_id: string;
  /** Where the comments are now. */
  comments: (Pick<ReviewComment, "path" | "line" | "end_line" | "side"> & { outdated?: boolean })[];
}

export class TaskReviews {
  readonly #options: TaskReviewOptions;

  constructor(options: TaskReviewOptions) {
    this.#options = options;
  }

  /** Throws `TASK_NOT_FOUND`, `INVALID_FIELD_VALUE` outside a repository, and what `Comparisons` throws. */
  changes(task_id: string, since: Since, list: ListedChanges): Promise<TaskChanges> {
    return this.#options.comparisons.changes(this.#work(this.#find(task_id), since), list);
  }

  /** Keeps comments and marks with the task. What is given replaces what was kept. */
  async save(
    task_id: string,
    { comments, viewed }: { comments?: ReviewComment[]; viewed?: ViewedFile[] },
    by: Actor,
  ): Promise<void> {
    const { tasks, reviews } = this.#options.store;
    const work = this.#work(this.#find(task_id));
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
    const work = this.#work(this.#find(task_id));
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

  /** Asks the agent for changes: one message with all comments. */
  async review(
    task_id: string,
    asked: AskedChanges & { head_commit?: string },
    by: Actor,
  ): Promise<Reviewed> {
    const { commands } = this.#options;
    const task = this.#find(task_id);
    requireReviewable(task);
    requireWords(asked);
    const { message, comments = [], head_commit } = asked;
    const seen = comments.map((comment) => ({ ...comment, head_commit: comment.head_commit ?? head_commit }));
    const { reviewed, lined } = await this.#lined(task, seen);
    const { message_id } = await commands.say(task_id, {
      text: reviewMessage(message, lined),
      source: "review",
      also(state) {
        requireReviewable({ ...task, state });
        const milestones = { ...state.milestones, reviewed: reviewed ?? state.milestones?.reviewed };
        return { ...state, review: "changes_requested", milestones };
      },
    }, by);
    await this.#noteSent(task_id, message_id, comments, by);
    const told = lined.map(({ path, line, end_line, side, outdated }) => ({
      path,
      line,
      end_line,
      side,
      outdated: outdated || undefined,
    }));
    return { review: "changes_requested", message_id, comments: told };
  }

  /** The comments with their lines, and the commit that is reviewed; undefined outside a repository. */
  async #lined(task: TaskRecord, comments: readonly ReviewComment[]) {
    if (comments.length === 0 && task.state.workspace?.common_dir === undefined) return { lined: [] };
    const lines = comments.map(linesOf);
    const work = this.#work(task);
    const { found, head_commit } = await this.#options.comparisons.lines(work, lines);
    // What is uncommitted in a folder is part of what was reviewed.
    const { kind, head_commit: lastTurn } = task.state.workspace ?? {};
    return { lined: placedComments(comments, found), reviewed: kind === "folder" ? lastTurn : head_commit };
  }

  /** Takes back a message that waits. If it was a review, its comments are noted again. */
  async withdraw(task_id: string, message_id: string, by: Actor): Promise<void> {
    const { commands, store: { reviews } } = this.#options;
    const { comments, sent = [] } = await reviews.get(task_id);
    const back = sent.flatMap(({ message_id: of, ...comment }) => of === message_id ? [comment] : []);
    const noted = { comments: [...comments, ...back], sent: [] };
    await commands.withdraw(task_id, message_id, by, back.length > 0 ? reviews.entries(task_id, noted) : {});
  }

  /** Comments that were sent are no longer noted. Only one review waits at a time. */
  async #noteSent(
    task_id: string,
    message_id: string,
    told: readonly ReviewComment[],
    by: Actor,
  ): Promise<void> {
    const { tasks, reviews } = this.#options.store;
    if (told.length === 0) return;
    const { comments } = await reviews.get(task_id);
    const [gone, rest] = [true, false].map((isTold) =>
      comments.filter((kept) => told.some((one) => isSame(one, kept)) === isTold)
    );
    if (gone!.length === 0) return;
    const sent = gone!.map((comment) => ({ ...comment, message_id }));
    const entries = reviews.entries(task_id, { comments: rest!, sent });
    await tasks.update((view) => ({ ...entries, reads: [foundTask(task_id, view).id] }), by);
  }

  async #shown(task_id: string, comments: readonly ReviewComment[]): Promise<ShownComment[]> {
    if (comments.length === 0) return [];
    const { found } = await this.#options.comparisons.lines(
      this.#work(this.#find(task_id)),
      comments.map(linesOf),
    );
    return comments.map((comment, i) => ({ ...comment, outdated: isOutdated(found[i]!) || undefined }));
  }

  #work(task: TaskRecord, since: Since = "base"): ComparedWork {
    return comparedWork(task, since, (id) => this.#options.store.tasks.get(id));
  }

  #find(task_id: string): TaskRecord {
    return foundTask(task_id, this.#options.store.tasks);
  }
}

function linesOf({ path, line, end_line = line, side = "new", head_commit }: ReviewComment) {
  return { path, line, end_line, side, commit: head_commit };
}

function isSame(a: ReviewComment, b: ReviewComment): boolean {
  const [one, other] = [a, b].map(({ text, ...rest }) => ({
    ...linesOf({ ...rest, text }),
    commit: undefined,
    text,
  }));
  return isDeepStrictEqual(one, other);
}

function isOutdated(found: FoundLines): boolean {
  return found.problem !== undefined || found.now === undefined;
}
