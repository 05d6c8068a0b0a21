/** The tools that talk with a task's agent. */
import * as z from "zod";
import { conversation } from "../../client/conversation.ts";
import { Delivery, MessageMode, MessageSource, StoredMessage } from "../../domain/message.ts";
import { bytes, cutToBytes, text, utf8Length } from "../../domain/scalars.ts";
import { ConversationMessage, MESSAGE_BYTES } from "../../protocol/conversation_messages.ts";
import { taskId, tool } from "./tool.ts";

/** The caller reads every word. */
const TEXTS_BYTES_MAX = 64 << 10;

export const sendMessage = tool({
  name: "send_message",
  title: "Send a message to a task's agent",
  description:
    "Tell the agent of a task that you have started something more: an answer, a correction, the next step. Each message " +
    "is a turn of its own in the agent's session, so it knows what was done before. A task that is over goes on. Then " +
    "call wait_for_task, and read the answer there or with get_conversation.",
  input: {
    task_id: taskId,
    message: bytes(MESSAGE_BYTES).describe("What the agent is told, as Markdown"),
    mode: MessageMode.optional().describe(
      "next (default): after the agent's present turn; now: the present turn is ended for it; steer: into the present turn, " +
        "where the agent takes that",
    ),
  },
  output: {
    task_id: z.string(),
    message_id: z.string(),
    turn: z.int().describe("The turn that it will probably begin"),
    delivery: Delivery.describe("reopened: the task was over and goes on"),
  },
  hints: { readOnlyHint: false },
  async run({ task_id, message, mode }, { backend }) {
    const sent = await backend.request("send_message", { task_id, message, mode });
    return { task_id, message_id: sent.message_id, turn: sent.turn, delivery: sent.delivery };
  },
});

const said = z.object({
  id: z.string(),
  turn: z.int(),
  role: ConversationMessage.shape.role,
  source: MessageSource,
  text: z.string(),
  truncated: z.boolean().optional().describe("true: only the beginning of the text is here"),
  at: z.string(),
  state: StoredMessage.shape.state,
});

export const getConversation = tool({
  name: "get_conversation",
  title: "Read a task's conversation",
  description:
    "What was said in a task: its prompt, the messages to its agent and the agent's answer at the end of each turn. Returns " +
    "the latest, oldest first.",
  input: {
    task_id: taskId,
    last: z.int().min(1).max(100).default(10).describe("How many of the latest messages"),
    after: text(1, 100).optional().describe("The id of a message: only those after it"),
  },
  output: {
    task_id: z.string(),
    messages: z.array(said),
    left_out: z.int().optional().describe("How many earlier ones are not returned"),
  },
  hints: { readOnlyHint: true },
  async run({ task_id, last, after }, { backend, signal }) {
    const latest: ConversationMessage[] = [];
    let count = 0;
    for await (const message of conversation(backend, task_id, after)) {
      signal.throwIfAborted();
      count++;
      latest.push(message);
      if (latest.length > last) latest.shift();
    }
    return { task_id, messages: inBrief(latest), left_out: count - latest.length || undefined };
  },
});

/** The newest text gets the room first. */
function inBrief(messages: readonly ConversationMessage[]): z.infer<typeof said>[] {
  let left = TEXTS_BYTES_MAX;
  return messages.toReversed().map(({ id, turn, role, source, text: whole, at, state }) => {
    const shown = cutToBytes(whole, left);
    left -= utf8Length(shown);
    return { id, turn, role, source, text: shown, truncated: shown !== whole || undefined, at, state };
  }).reverse();
}
