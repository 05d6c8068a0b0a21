/** What is stored at the end of a turn. */
import { answered } from "../../domain/attempt/answers.ts";
import { withShareTold } from "../../domain/budget.ts";
import { withSessionCost } from "../../domain/attempt/record_change.ts";
import { type CheckResult, keptResults } from "../../domain/check.ts";
import type { RunOutcome } from "../../domain/run.ts";
import type { TaskRecord, TaskState } from "../../domain/task_record.ts";
import { withUsed } from "../../domain/task_usage.ts";
import { shownUsage } from "../../domain/usage_counting.ts";
import { agentMessage, forgottenMessage } from "../../store/messages.ts";
import type { Besides } from "../../store/queue.ts";
import { entryOfTurn, type UsageContext } from "./turn_usage.ts";

/** A turn of an attempt that has ended. Times are ISO 8601. */
export interface Ended {
  attempt: number;
  turn: number;
  outcome: RunOutcome;
  started_at: string;
  ended_at: string;
  /** How the checks of the turn ended. */
  checks?: CheckResult[];
}

/** The state with the agent's answer, and the answer. */
export function answerOf(
  context: UsageContext,
  task: TaskRecord,
  { attempt, turn, outcome, started_at, ended_at, checks }: Ended,
): { state: TaskState; besides: Besides } {
  const { id: task_id } = task;
  const { state, number } = answered(task.state, attempt, turn);
  const { output, exit_code, stop_reason, usage: told, warnings, left_running, session_cost } = outcome;
  const entry = entryOfTurn(context, task, { attempt, turn, told, started_at, ended_at });
  const usage = shownUsage(told, entry);
  const message = agentMessage(task_id, number, {
    turn,
    attempt,
    source: task.state.prompt?.source ?? "task",
    started_at,
    ended_at,
    output,
    exit_code,
    stop_reason,
    usage,
    warnings,
    checks: checks && keptResults(checks),
    left_running,
  });
  return {
    state: withShareTold(
      { ...task, state: withUsed(withSessionCost(state, session_cost), entry) },
      context.index.usedBelow(task_id),
    ),
    besides: { sets: [message], deletes: forgottenMessage(task_id, number, state.waiting) },
  };
}
