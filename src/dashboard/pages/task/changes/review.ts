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

interface Kept {
  comments: readonly Comment[];
  viewed: readonly ViewedFile[];
}

/** Marks of files that change within this time are stored together. What was written is stored at once. */
const SAVE_AFTER_MS = 400;

/**
 * `about`: identifies the state of the changes, once there are any. The marks of files that have changed fall off.
 */
export function useReview(task_id: string, about: string | undefined): Review {
  const [comments, setOwnComments] = useState<readonly Comment[]>([]);
  const [viewed, setOwnViewed] = useState<readonly ViewedFile[]>([]);
  const latest = useRef({ comments, viewed });
  const due = useRef(new Set<keyof Kept>());
  /** How often the user has changed something. */
  const changes = useRef(0);
  /** Ends with the last save that has begun. Never rejects. */
  const saves = useRef<Promise<void>>(Promise.resolve());
  const timer = useRef<Timer>();

  const save = async () => {
    timer.current?.cancel();
    const kinds = [...due.current];
    if (kinds.length === 0) return;
    due.current.clear();
    const { comments, viewed } = latest.current;
    const kept = { comments: toSend(comments), viewed: [...viewed] };
    const stored = Object.fromEntries(kinds.map((kind) => [kind, kept[kind]]));
    try {
      await client.request("save_review", { task_id, ...stored });
    } catch (error) {
      // The next change stores it again.
      for (const kind of kinds) due.current.add(kind);
      toastError(error);
    }
  };
  /** One save after the other, so that none overtakes a later one. */
  const saveInOrder = () => void (saves.current = saves.current.then(save));
  const keep = (kept: Kept) => {
    latest.current = kept;
    setOwnComments(kept.comments);
    setOwnViewed(kept.viewed);
  };
  const change = (next: Partial<Kept>) => {
    changes.current++;
    for (const kind of Object.keys(next) as (keyof Kept)[]) due.current.add(kind);
    keep({ ...latest.current, ...next });
    timer.current?.cancel();
    if (next.comments !== undefined) return saveInOrder();
    timer.current = systemClock.after(SAVE_AFTER_MS, saveInOrder);
  };

  useEffect(() => {
    if (about === undefined) return;
    let isLeft = false;
    const read = async () => {
      // A reply from before a save would take back what was saved.
      await saves.current;
      const before = changes.current;
      const { comments, viewed } = await ask("get_review", { task_id });
      if (isLeft) return;
      if (changes.current !== before) return await read();
      if (due.current.size === 0) keep({ comments, viewed });
    };
    read().catch(toastError);
    return () => void (isLeft = true);
  }, [task_id, about]);
  // What is not stored yet is stored when the user leaves.
  useEffect(() => saveInOrder, [task_id]);

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
