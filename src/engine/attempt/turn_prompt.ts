/** The message that begins a turn, as its agent gets it. */
import type { TurnPrompt } from "../../domain/message.ts";
import type { TurnMessage } from "../../domain/run.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import { executionOf } from "../../domain/task_record.ts";
import type { Store } from "../../store/open.ts";
import type { RunContext } from "../run_context.ts";

/** Throws `DATABASE_ERROR` if its text is gone, `FILE_NOT_FOUND` if an attachment is. */
export async function promptOf(
  { store, attachments: files }: Pick<RunContext, "store" | "attachments">,
  task_id: string,
  message: NonNullable<TurnPrompt["message"]>,
): Promise<TurnMessage> {
  const text = await store.messages.text(task_id, message);
  return { text, attachments: message.attachments && files?.of(message.attachments) };
}

/** How many other messages of the task have been delivered with the same text, its prompt included. */
export async function copiesOf(
  { messages }: Pick<Store, "messages">,
  task: TaskRecord,
  number: number,
  text: string,
): Promise<number> {
  let copies = (executionOf(task).prompt ?? task.spec.description) === text ? 1 : 0;
  for await (const other of messages.list(task.id, {})) {
    const { parts, state } = other;
    if (parts === undefined || state !== "delivered" || other.number === number) continue;
    if (await messages.text(task.id, { number: other.number, parts }) === text) copies++;
  }
  return copies;
}
