/** What is stored at the end of a turn. */
import { answered } from "../../domain/attempt/answers.ts";
import type { RunOutcome } from "../../domain/run.ts";
import type { TaskState } from "../../domain/task_record.ts";
import { agentMessage, forgottenMessage } from "../../store/messages.ts";
import type { Besides } from "../../store/queue.ts";

/** A turn of an attempt that has ended. Times are ISO 8601. */
export interface Ended {
  attempt: number;
  turn: number;
  outcome: RunOutcome;
  started_at: string;
  ended_at: string;
}

/** The state with the agent's answer, and the answer. */
export function answerOf(
  task_id: string,
  before: TaskState,
  { attempt, turn, outcome, started_at, ended_at }: Ended,
): { state: TaskState; besides: Besides } {
  const { state, number } = answered(before, attempt, turn);
  const { output, exit_code, stop_reason, usage, warnings, left_running, session_cost } = outcome;
  const { session } = state;
  const message = agentMessage(task_id, number, {
    turn,
    attempt,
    source: before.prompt?.source ?? "task",
    started_at,
    ended_at,
    output,
    exit_code,
    stop_reason,
    usage,
    warnings,
    left_running,
  });
  return {
    state: session && session_cost ? { ...state, session: { ...session, cost: session_cost } } : state,
    besides: { sets: [message], deletes: forgottenMessage(task_id, number, state.waiting) },
  };
}
