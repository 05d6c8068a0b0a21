/** The message that begins a turn, as its agent gets it. */
import { cutToBytes } from "../../domain/scalars.ts";
import { messageId, type TurnPrompt } from "../../domain/message.ts";
import type { TurnMessage } from "../../domain/run_request.ts";
import { executionOf, type TaskRecord } from "../../domain/task_record.ts";
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

/** How much of a message the task's log has, in bytes. */
const LOGGED_BYTES = 4096;

/** Says in the task's log that a message begins the turn. Returns a promise if the caller must wait before it appends more. */
export function noteDelivery(
  { logs }: Pick<Store, "logs">,
  { id, state }: TaskRecord,
  text: string,
): void | Promise<void> {
  const { prompt, attempt, turn } = state;
  const message_id = prompt?.message && messageId(prompt.message.number);
  const details = { message_id, source: prompt?.source, turn };
  const context = { task_id: id, attempt };
  return logs.append({
    level: "info",
    message: cutToBytes(text, LOGGED_BYTES),
    agent: id,
    source: "message",
    details,
    context,
  });
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
