/** A task's conversation as clients see it. */
import type { TaskRecord } from "../domain/task_record.ts";
import { holdsSlot } from "../domain/task_record.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { turnOf } from "../domain/conversation.ts";
import { messageId, messageNumber } from "../domain/message.ts";
import { numbering } from "../domain/turns.ts";
import { utf8Length } from "../domain/scalars.ts";
import type { ConversationMessage } from "../protocol/conversation_messages.ts";
import type { Message } from "../store/messages.ts";
import type { RunContext } from "./run_context.ts";

type Sources = Pick<RunContext, "store" | "attachments">;

/** The most bytes of a page. */
const PAGE_BYTES = 4 << 20;

/** One page, oldest first. Throws `INVALID_FIELD_VALUE` for an `after` that is no message of the task. */
export async function conversationOf(
  sources: Sources,
  task: TaskRecord,
  { after, limit }: { after?: string; limit: number },
): Promise<{ messages: ConversationMessage[]; has_more: boolean }> {
  const { last } = numbering(task.state);
  const start = after === undefined ? 0 : messageNumber(after);
  if (start === undefined || start > last) {
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "after",
      after,
      "the id of a message of the task",
      `Task '${task.id}' has no message '${after}'`,
    );
  }
  const messages: ConversationMessage[] = [];
  let bytes = 0;
  for await (const message of messagesAfter(sources, task, start)) {
    const size = utf8Length(JSON.stringify(message));
    if (messages.length === limit || (messages.length > 0 && bytes + size > PAGE_BYTES)) {
      return { messages, has_more: true };
    }
    messages.push(message);
    bytes += size;
  }
  return { messages, has_more: false };
}

/** Without what an agent did not say: an answer may be empty. */
async function* messagesAfter(
  sources: Sources,
  task: TaskRecord,
  start: number,
): AsyncGenerator<ConversationMessage> {
  const { id, state } = task;
  const { last, old } = numbering(state);
  if (start < 1) yield firstMessage(sources, task);
  for (let number = Math.max(2, start + 1); number <= 1 + old; number++) {
    const message = await oldMessage(sources, task, number);
    if (message && message.text !== "") yield message;
  }
  if (last <= 1 + old) return;
  for await (const message of sources.store.messages.list(id, { after: Math.max(start, 1 + old) })) {
    if (message.number > last) return;
    if (message.role === "agent" && message.text === "") continue;
    yield await shownMessage(sources, task, message);
  }
}

/** One message; undefined if there is none with this number, or if it says nothing. */
export async function messageOf(
  sources: Sources,
  task: TaskRecord,
  number: number,
): Promise<ConversationMessage | undefined> {
  if (number === 1) return firstMessage(sources, task);
  if (number <= 1 + numbering(task.state).old) return await oldMessage(sources, task, number);
  const message = await sources.store.messages.get(task.id, number);
  if (message === undefined || (message.role === "agent" && message.text === "")) return undefined;
  return await shownMessage(sources, task, message);
}

/** The task's own prompt, which its record has. */
function firstMessage({ attachments }: Sources, { spec, state }: TaskRecord): ConversationMessage {
  const { prompt, attachments: ids } = spec.execution ?? {};
  return {
    id: messageId(1),
    turn: 1,
    attempt: 1,
    role: "user",
    source: "task",
    text: prompt ?? spec.description,
    at: spec.created_at,
    state: state.attempt > 0 ? "delivered" : "queued",
    by: spec.created_by,
    attached_files: ids && attachments?.known(ids),
  };
}

async function oldMessage(
  { store }: Sources,
  { id, spec, state }: TaskRecord,
  number: number,
): Promise<ConversationMessage | undefined> {
  const attempt = number - 1;
  const output = await store.outputs.get(id, attempt);
  if (output === undefined) return undefined;
  const known = state.attempts.find((one) => one.attempt === attempt);
  return {
    id: messageId(number),
    turn: known?.turn ?? 1,
    attempt,
    role: "agent",
    source: "task",
    text: output.output,
    at: known?.ended_at ?? spec.created_at,
    state: "delivered",
  };
}

async function shownMessage(
  { store, attachments }: Sources,
  task: TaskRecord,
  message: Message,
): Promise<ConversationMessage> {
  const { id, state } = task;
  const { number, role, source, at, by, parts, attachments: ids } = message;
  const isWaiting = state.waiting?.some((one) => one.number === number);
  const place = isWaiting
    ? { turn: turnOf(state, { number }), attempt: state.attempt + (holdsSlot(state) ? 0 : 1) }
    : { turn: message.turn, attempt: message.attempt };
  return {
    id: messageId(number),
    ...place,
    role,
    source,
    text: parts === undefined ? message.text : await store.messages.text(id, { number, parts }),
    at,
    state: message.state,
    by,
    attached_files: ids && attachments?.known(ids),
  };
}
