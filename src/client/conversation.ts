/** All of a task's conversation, page by page. */
import type { ConversationMessage } from "../protocol/conversation_messages.ts";
import type { Requester } from "./replies.ts";

/** The messages, oldest first, as they are when their page is read. `after`: the id of the message before the first. */
export async function* conversation(
  client: Requester,
  task_id: string,
  after?: string,
): AsyncGenerator<ConversationMessage, undefined> {
  for (let last = after, has_more = true; has_more;) {
    const page = await client.request("get_conversation", { task_id, after: last });
    yield* page.messages;
    last = page.messages.at(-1)?.id ?? last;
    has_more = page.has_more;
  }
}
