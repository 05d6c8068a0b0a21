/** The numbers of a task's messages, and how a message that waits becomes the prompt of the next turn. */
import type { WaitingMessage } from "./message.ts";
import { notParked } from "./parked.ts";
import { notRefused } from "./retrying.ts";
import { holdsSlot, type TaskState } from "./task_record.ts";

/**
 * The number of the last message, and how many of the first after the prompt are outputs of attempts as older versions stored
 * them: one for each attempt.
 */
export function numbering(state: TaskState): { last: number; old: number } {
  const { messages, old_outputs = 0, attempt } = state;
  if (messages !== undefined) return { last: messages, old: old_outputs };
  const old = holdsSlot(state) ? attempt - 1 : attempt;
  return { last: 1 + old, old };
}

/** The state with one more message, and its number. */
export function withMessage(state: TaskState): { state: TaskState; number: number } {
  const { last, old } = numbering(state);
  const number = last + 1;
  return { state: { ...state, messages: number, old_outputs: old > 0 ? old : undefined }, number };
}

/** What failed checks tell the agent goes before the messages that wait. */
export function withCheckMessage(
  state: TaskState,
  about: Pick<WaitingMessage, "parts" | "at" | "by">,
): { state: TaskState; message: WaitingMessage } {
  const { state: numbered, number } = withMessage(state);
  const message: WaitingMessage = { number, source: "check", ...about };
  const check_rounds = (state.check_rounds ?? 0) + 1;
  return { message, state: { ...numbered, check_rounds, waiting: [message, ...state.waiting ?? []] } };
}

/** The message that waits longest begins the next turn. Undefined if none waits. */
export function begunByMessage(
  state: TaskState,
): { state: TaskState; message: WaitingMessage } | undefined {
  const [message, ...rest] = state.waiting ?? [];
  if (message === undefined) return undefined;
  const { number, parts, source, attachments } = message;
  return {
    message,
    state: {
      ...state,
      ...notRefused,
      ...notParked,
      turn: (state.turn ?? 0) + 1,
      turn_over: undefined,
      prompt: { source, message: { number, parts, attachments } },
      waiting: rest.length > 0 ? rest : undefined,
      progress: 0,
      progress_details: undefined,
    },
  };
}

/** The message that a change of state has made the prompt of a turn, if any. */
export function deliveredBetween(before: TaskState, after: TaskState): WaitingMessage | undefined {
  const number = after.prompt?.message?.number;
  if (number === undefined || after.waiting?.some((one) => one.number === number)) return undefined;
  return before.waiting?.find((one) => one.number === number);
}
