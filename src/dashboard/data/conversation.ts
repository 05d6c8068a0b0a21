/** What a task and its agent have said: loaded once, then kept by the server's pushes. */
import { useEffect, useState } from "preact/hooks";
import type { ConversationMessage } from "../../protocol/conversation_messages.ts";
import type { MessageMode } from "../../domain/message.ts";
import { onPush, onResubscribed } from "./pushes.ts";
import { ask, client } from "./server.ts";

export interface Conversation {
  /** The oldest first. */
  messages: readonly ConversationMessage[];
  error?: unknown;
}

const PAGE = 500;

/** Follows the conversation of a task. */
export function useConversation(task_id: string): Conversation {
  const [state, setState] = useState<Conversation>({ messages: [] });
  useEffect(() => {
    let isLeft = false;
    const arrived = new Map<string, ConversationMessage>();
    const load = async () => {
      arrived.clear();
      try {
        const loaded = await loadAll(task_id);
        if (!isLeft) setState({ messages: merged(loaded, [...arrived.values()]) });
      } catch (error) {
        if (!isLeft) setState((state) => ({ ...state, error }));
      }
    };
    void load();
    const leave = [
      onResubscribed(load),
      onPush("conversation_message", ({ task_id: of, message }) => {
        if (of !== task_id) return;
        arrived.set(message.id, message);
        setState((state) => ({ ...state, messages: merged(state.messages, [message]) }));
      }),
    ];
    return () => {
      isLeft = true;
      for (const action of leave) action();
    };
  }, [task_id]);
  return state;
}

async function loadAll(task_id: string): Promise<ConversationMessage[]> {
  const all: ConversationMessage[] = [];
  while (true) {
    const after = all.at(-1)?.id;
    const { messages, has_more } = await ask("get_conversation", { task_id, after, limit: PAGE });
    all.push(...messages);
    if (!has_more || messages.length === 0) return all;
  }
}

/** Newer messages replace those with the same id. */
function merged(
  old: readonly ConversationMessage[],
  newer: readonly ConversationMessage[],
): ConversationMessage[] {
  const byId = new Map(old.map((message) => [message.id, message]));
  for (const message of newer) byId.set(message.id, message);
  return [...byId.values()];
}

/** Rejects like `client.request`: the text has not been taken then. */
export async function sendMessage(
  task_id: string,
  message: string,
  more: { mode: MessageMode; attachments?: string[] | undefined },
) {
  return await client.request("send_message", { task_id, message, ...more });
}

/** Rejects like `client.request`, also if the message has been delivered meanwhile. */
export async function withdrawMessage(task_id: string, message_id: string): Promise<void> {
  await client.request("withdraw_message", { task_id, message_id });
}
