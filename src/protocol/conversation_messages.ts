/** The conversation of a task: messages to its agent, and what was said. */
import * as z from "zod";
import { Actor } from "../domain/actor.ts";
import { Attachment, AttachmentIds } from "../domain/attachment.ts";
import { Delivery, MessageMode, MessageSource, StoredMessage } from "../domain/message.ts";
import { bytes, TaskId, text } from "../domain/scalars.ts";
import { exchange } from "./exchange.ts";

/** The most bytes of a person's message. */
export const MESSAGE_BYTES = 65_536;

const MessageId = text(1, 100);

export const ConversationMessage = z.object({
  id: z.string(),
  turn: z.int().describe(
    "The turn that it begins, or that it ended. While it waits: the turn that it will probably begin.",
  ),
  attempt: z.int(),
  role: z.enum(["user", "agent"]),
  source: MessageSource,
  text: z.string().describe("Markdown, as it was written."),
  at: z.string(),
  state: StoredMessage.shape.state,
  by: Actor.optional(),
  attached_files: z.array(Attachment).optional(),
});
export type ConversationMessage = z.infer<typeof ConversationMessage>;

const done = { task_id: z.string(), message_id: z.string(), timestamp: z.string() };

export const conversationMessages = {
  send_message: exchange(
    "send_message",
    {
      task_id: TaskId,
      message: bytes(MESSAGE_BYTES).describe("Markdown."),
      mode: MessageMode.optional().describe(
        "next (the default): after the present turn. now: the present turn is ended first. steer: into the present turn, " +
          "where the agent takes that; elsewhere as next.",
      ),
      attachments: AttachmentIds.optional().describe("Ids of files, from `POST /attachments`."),
    },
    "message_sent",
    {
      ...done,
      turn: z.int().describe("The turn that it will probably begin."),
      delivery: Delivery.describe(
        "queued: it waits for its turn. now: the present turn is ended for it. " +
          "reopened: the task had ended and is queued again.",
      ),
    },
  ),
  withdraw_message: exchange(
    "withdraw_message",
    { task_id: TaskId, message_id: MessageId },
    "message_withdrawn",
    done,
  ),
  get_conversation: exchange(
    "get_conversation",
    {
      task_id: TaskId,
      after: MessageId.optional().describe("The id of a message: those after it are wanted."),
      limit: z.int().min(1).max(500).default(100),
    },
    "conversation",
    { task_id: z.string(), messages: z.array(ConversationMessage), has_more: z.boolean() },
  ),
};
