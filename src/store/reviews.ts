/**
 * What people note about tasks' changes: comments that have not been sent yet, and marks of files that were viewed. Kept only
 * in the store, because they are requested for one task at a time.
 */
import * as z from "zod";
import { joinedBytes } from "../domain/bytes.ts";
import { ReviewComment } from "../domain/review_comment.ts";
import { stored } from "../domain/stored.ts";
import type { Key, KeyValue } from "./kv/kv.ts";
import { decodeStored, encodeStored } from "./stored_values.ts";
import { parted } from "./value_parts.ts";

const REVIEWS: Key = ["review"];
/** The most keys that one of the two takes. */
const PARTS_MAX = 8;

export const NOTED_COMMENTS = stored("review.comments", z.array(ReviewComment));
const VIEWED = stored("review.viewed", z.array(z.string()));
const SENT = stored("review.sent", z.array(ReviewComment.extend({ message_id: z.string() })));

export interface NotedReview {
  comments: ReviewComment[];
  /** One mark for each file, made of its name and its content. */
  viewed: string[];
  /** Noted comments that went to the agent with a message. They come back if that is withdrawn. */
  sent?: (ReviewComment & { message_id: string })[];
}

type Part = keyof NotedReview;
const PARTS: readonly Part[] = ["comments", "viewed", "sent"];

export class Reviews {
  readonly #kv: KeyValue;

  constructor(kv: KeyValue) {
    this.#kv = kv;
  }

  /** The keys to set and to delete, so that what is given replaces what was noted. The rest stays. */
  entries(task_id: string, noted: Partial<NotedReview>) {
    const sets: { key: Key; value: Uint8Array }[] = [];
    const deletes: Key[] = [];
    for (const part of PARTS) {
      const value = noted[part];
      if (value === undefined) continue;
      const values = value.length === 0 ? [] : parted(encodeStored(value));
      sets.push(...values.map((value, i) => ({ key: keyOf(task_id, part, i), value })));
      deletes.push(...keysOf(task_id, part).slice(values.length));
    }
    return { sets, deletes };
  }

  async get(task_id: string): Promise<NotedReview> {
    for await (const review of this.#read([...REVIEWS, task_id])) return review;
    return { comments: [], viewed: [] };
  }

  /** Of all tasks, by their ids. */
  all(): AsyncGenerator<NotedReview & { task_id: string }> {
    return this.#read(REVIEWS);
  }

  async *#read(prefix: Key): AsyncGenerator<NotedReview & { task_id: string }> {
    let id: string | undefined;
    let values: Values = { comments: [], viewed: [], sent: [] };
    // The keys of one task come in one batch, which is read at one moment.
    for await (const { key, value } of this.#kv.list({ prefix, batch: PARTS.length * PARTS_MAX })) {
      const [, task_id, part] = key as [string, string, Part, number];
      if (task_id !== id) {
        if (id !== undefined) yield decoded(id, values);
        id = task_id;
        values = { comments: [], viewed: [], sent: [] };
      }
      values[part].push(value);
    }
    if (id !== undefined) yield decoded(id, values);
  }

  /** The keys of all that may be noted about a task. */
  keysOf(task_id: string): Key[] {
    return PARTS.flatMap((part) => keysOf(task_id, part));
  }
}

type Values = Record<Part, Uint8Array[]>;

function decoded(task_id: string, { comments, viewed, sent }: Values): NotedReview & { task_id: string } {
  const record = `review of task '${task_id}'`;
  return {
    task_id,
    comments: comments.length > 0 ? decodeStored(NOTED_COMMENTS, record, joinedBytes(comments)) : [],
    viewed: viewed.length > 0 ? decodeStored(VIEWED, record, joinedBytes(viewed)) : [],
    ...sent.length > 0 ? { sent: decodeStored(SENT, record, joinedBytes(sent)) } : {},
  };
}

function keyOf(task_id: string, part: Part, number: number): Key {
  return [...REVIEWS, task_id, part, number];
}

function keysOf(task_id: string, part: Part): Key[] {
  return Array.from({ length: PARTS_MAX }, (_, number) => keyOf(task_id, part, number));
}
