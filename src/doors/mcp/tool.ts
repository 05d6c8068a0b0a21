/** The definition of a tool, and the shapes that several tools return. */
import { needOf, NEEDS } from "../../domain/needs.ts";
import { isFinished } from "../../domain/task_values.ts";
import * as z from "zod";
import type { Clock } from "../../clock/clock.ts";
import { TaskId } from "../../domain/scalars.ts";
import { Task } from "../../domain/task.ts";
import { waitingWords } from "../../protocol/waiting_words.ts";
import type { McpBackend } from "./backend.ts";

/** The context of a call. */
export interface Call {
  backend: McpBackend;
  clock: Clock;
  /** The task that the caller names. An agent with a token is known without. */
  caller?: string;
  /** Aborted when the client cancels the call or disconnects. */
  signal: AbortSignal;
  /** Reports to the client that the call is alive, and how much of `total_ms` has passed. */
  progress(elapsed_ms: number, total_ms: number, text: string): void;
}

export interface Tool<I extends z.ZodRawShape = z.ZodRawShape, O extends z.ZodRawShape = z.ZodRawShape> {
  readonly name: string;
  readonly title: string;
  /** For the model: what the tool is for, when to use it, what it returns. */
  readonly description: string;
  readonly input: I;
  readonly output: O;
  /** Hints of the protocol, by which clients decide whether to ask a person. */
  readonly hints: { readOnlyHint: boolean; destructiveHint?: boolean; idempotentHint?: boolean };
  run(input: z.output<z.ZodObject<I>>, call: Call): Promise<z.output<z.ZodObject<O>>>;
}

/** Gives a tool its types. */
export function tool<I extends z.ZodRawShape, O extends z.ZodRawShape>(definition: Tool<I, O>): Tool {
  // Each tool is called only with what its own schema has accepted.
  return definition as unknown as Tool;
}

export const taskId = TaskId.describe("The id of a task, as start_task or list_tasks gave it");

/** A short form of a task: what a model needs to decide what to do next. */
export const brief = {
  task_id: z.string(),
  status: Task.shape.status,
  finished: z.boolean().describe("Whether it is over: completed, failed or cancelled"),
  progress: Task.shape.progress,
  description: z.string(),
  error: Task.shape.error,
  doing: z.string().optional().describe("What its agent does at the moment"),
  review: Task.shape.review.describe(
    "What becomes of its changes. to_review: read them, then accept, send a message, or discard them",
  ),
  changes: Task.shape.changes,
  needs: z.enum(NEEDS).optional().describe(
    "What somebody is waited for. review and changes_requested: whoever started the task may judge its changes; the " +
      "others need a person",
  ),
  waits_for: z.string().optional().describe("Why it does not go on by itself"),
  created_at: Task.shape.created_at,
  completed_at: Task.shape.completed_at,
};
export type Brief = z.output<z.ZodObject<typeof brief>>;

export function briefOf(task: Task): Brief {
  const finished = isFinished(task.status);
  return {
    task_id: task.id,
    status: task.status,
    finished,
    progress: task.progress,
    description: task.description,
    error: task.error,
    doing: finished ? undefined : task.progress_details?.current_step,
    review: task.review === "none" ? undefined : task.review,
    changes: task.changes?.files ? task.changes : undefined,
    needs: needOf(task),
    waits_for: task.waiting_for && waitingWords(task.waiting_for),
    created_at: task.created_at,
    completed_at: task.completed_at,
  };
}
