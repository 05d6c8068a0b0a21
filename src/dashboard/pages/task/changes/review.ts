/** A person's review of a task's changes: comments that are not sent yet, and the files that were viewed. The server keeps it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { systemClock, type Timer } from "../../../../clock/clock.ts";
import type { ReviewComment, ViewedFile } from "../../../../domain/review_comment.ts";
import { ask, client } from "../../../data/server.ts";
import { toastError } from "../../../ui/toast.tsx";

export type Comment = ReviewComment & { outdated?: boolean };

export interface Review {
  comments: readonly Comment[];
  isViewed: (path: string) => boolean;
  setComments: (comments: readonly Comment[]) => void;
  setViewed: (file: ViewedFile, isViewed: boolean) => void;
}

/** As the server takes them: whether one is outdated is for it to say. */
export function toSend(comments: readonly Comment[]): ReviewComment[] {
  return comments.map(({ outdated: _, ...comment }) => comment);
}

/** Marks of files that change within this time are stored together. What was written is stored at once. */
const SAVE_AFTER_MS = 400;

/**
 * `about`: identifies the state of the changes, once there are any. The marks of files that have changed fall off.
 */
export function useReview(task_id: string, about: string | undefined): Review {
  const [comments, setOwnComments] = useState<readonly Comment[]>([]);
  const [viewed, setOwnViewed] = useState<readonly ViewedFile[]>([]);
  const latest = useRef({ comments, viewed, isDue: false });
  const timer = useRef<Timer>();

  const save = async () => {
    timer.current?.cancel();
    if (!latest.current.isDue) return;
    latest.current.isDue = false;
    const { comments, viewed } = latest.current;
    try {
      await client.request("save_review", {
        task_id,
        comments: toSend(comments),
        viewed: [...viewed],
      });
    } catch (error) {
      // The next change stores it again.
      latest.current.isDue = true;
      throw error;
    }
  };
  const change = (next: { comments?: readonly Comment[]; viewed?: readonly ViewedFile[] }) => {
    Object.assign(latest.current, next, { isDue: true });
    setOwnComments(latest.current.comments);
    setOwnViewed(latest.current.viewed);
    timer.current?.cancel();
    if (next.comments !== undefined) return void save().catch(toastError);
    timer.current = systemClock.after(SAVE_AFTER_MS, () => void save().catch(toastError));
  };

  useEffect(() => {
    if (about === undefined) return;
    let isLeft = false;
    ask("get_review", { task_id }).then(({ comments, viewed }) => {
      // What was written meanwhile is newer.
      if (isLeft || latest.current.isDue) return;
      Object.assign(latest.current, { comments, viewed });
      setOwnComments(comments);
      setOwnViewed(viewed);
    }).catch(toastError);
    return () => void (isLeft = true);
  }, [task_id, about]);
  // What is not stored yet is stored when the user leaves.
  useEffect(() => () => void save().catch(toastError), [task_id]);

  return {
    comments,
    isViewed: (path) => viewed.some((file) => file.path === path),
    setComments: (comments) => change({ comments }),
    setViewed: (file, isViewed) => {
      const others = latest.current.viewed.filter(({ path }) => path !== file.path);
      change({ viewed: isViewed ? [...others, file] : others });
    },
  };
}
