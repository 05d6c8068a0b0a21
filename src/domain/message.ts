/** The messages of a task's conversation: what waits in the task's record, and what is stored of each. */
import * as z from "zod";
import { Actor } from "./actor.ts";
import { AttemptOutput } from "./output.ts";

/** What a message is about. An agent's message has the source of the one that it answers. */
export const MessageSource = z.enum(["task", "message", "review", "check", "conflict", "agent"]).describe(
  "task: the task's own prompt. message: a person or another agent. review: a review of the changes. check: a check of " +
    "the result. conflict: changes that cannot be merged. agent: what the agent did of itself after a turn.",
);
export type MessageSource = z.infer<typeof MessageSource>;

/** When a message is delivered: after the turn, in its stead, or in it where the agent takes that. */
export const MessageMode = z.enum(["next", "now", "steer"]);
export type MessageMode = z.infer<typeof MessageMode>;

/** What becomes of a message: it waits for its turn, it ends the present turn, or the task goes on for it. */
export const Delivery = z.enum(["queued", "now", "reopened"]);
export type Delivery = z.infer<typeof Delivery>;

/** How many messages of a task may wait. */
export const WAITING_MAX = 20;

const About = {
  source: MessageSource,
  by: Actor.optional(),
  attachments: z.array(z.string()).optional(),
};

/** A message as the task's record refers to it. Its text is stored under its number. */
const MessagePlace = z.object({
  number: z.int().describe(
    "Counts from 1 through all messages of the task. The task's own prompt is the first.",
  ),
  parts: z.int().describe("How many values hold its text."),
});

/** A message that has not been delivered, in the order of delivery. */
export const WaitingMessage = MessagePlace.extend({ ...About, mode: MessageMode.optional(), at: z.string() });
export type WaitingMessage = z.infer<typeof WaitingMessage>;

/** What the present turn answers, unless that is the task's own prompt. */
export const TurnPrompt = z.object({
  source: MessageSource,
  message: MessagePlace.extend({ attachments: About.attachments }).optional().describe(
    "Absent if no person has written since the task's own prompt.",
  ),
});
export type TurnPrompt = z.infer<typeof TurnPrompt>;

/** A message besides its text, as it is stored. */
export const StoredMessage = z.object({
  role: z.enum(["user", "agent"]),
  ...About,
  turn: z.int(),
  attempt: z.int(),
  at: z.string(),
  state: z.enum(["queued", "delivered", "withdrawn"]),
  parts: z.int().optional().describe("Of a user's message: how many values hold its text."),
  started_at: z.string().optional().describe("Of an agent's message: when its turn began, in this attempt."),
  ...AttemptOutput.omit({ output: true }).shape,
});
export type StoredMessage = z.infer<typeof StoredMessage>;

/** What is stored of a turn that has ended: the agent's message. */
export interface TurnRecord extends Omit<AttemptOutput, "output"> {
  turn: number;
  attempt: number;
  source: MessageSource;
  started_at: string;
  ended_at: string;
  output: string;
}

/** The id of a message, for clients. */
export function messageId(number: number): string {
  return `m${number}`;
}

/** The number of the message with this id; undefined if it is no id of a message. */
export function messageNumber(id: string): number | undefined {
  const found = /^m([1-9]\d{0,8})$/.exec(id);
  return found ? Number(found[1]) : undefined;
}
