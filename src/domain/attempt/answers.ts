/** The answer at the end of a turn: a message of the conversation, stored once. */
import type { TaskState } from "../task_record.ts";
import { withMessage } from "../turns.ts";
import { withAttempt } from "./record_change.ts";

/** The state with the answer of a turn, and the answer's number. */
export function answered(
  state: TaskState,
  attempt: number,
  turn: number,
): { state: TaskState; number: number } {
  const { state: next, number } = withMessage(state);
  return { number, state: { ...next, attempts: withAttempt(next, attempt, { answered_turn: turn }) } };
}
