/** How a turn ended: judged by its facts, with what a person should know of it in the task's log. */
import type { TurnOutcome } from "../../domain/run.ts";
import type { WireObject } from "../makes/agent_make.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import { LONGEST_ERROR, type Verdict } from "./agent_failure.ts";
import { judgeTurn } from "./outcome.ts";
import { refusalOf } from "./model_trouble.ts";
import type { AcpTurn } from "./turn.ts";
import { cut, textOf } from "./wire_value.ts";

export interface TurnEnd {
  turn: AcpTurn;
  /** The prompt's result. */
  result: WireObject;
  /** The questions that nobody answered in time. */
  unanswered: readonly string[];
  /** The model that the task chooses. */
  model: string | undefined;
  /** The engine has interrupted the turn. */
  isInterrupted: boolean;
  events: EventQueue;
}

export async function endOf(
  { turn, result, unanswered, model, isInterrupted, events }: TurnEnd,
): Promise<Verdict> {
  const stop_reason = textOf(result.stopReason);
  const facts = { stop_reason, unanswered, ...await turn.end(result) };
  const { status, failure, trouble, warnings: told } = judgeTurn(facts);
  // An agent that is interrupted before it has said anything may end its turn as if it were done.
  if (isInterrupted && (status === "failed" || facts.last_message === "")) {
    return { status: "stopped", stop_reason };
  }
  const warnings = told.map((warning) => cut(warning, LONGEST_ERROR));
  for (const warning of warnings) await events.note("warn", warning, "acp");
  return {
    status,
    stop_reason,
    warnings,
    failure: failure && { ...failure, message: cut(failure.message, LONGEST_ERROR) },
    refusal: trouble && refusalOf(trouble, model),
  };
}

/** The outcome with only the fields that have a value. `output`: the agent's answer. */
export function outcomeOf(
  { status, failure, refusal, stop_reason, warnings = [] }: Verdict,
  output: string,
  { usage, session_cost }: Pick<AcpTurn, "usage" | "session_cost">,
): TurnOutcome {
  const outcome: TurnOutcome = { status, output };
  if (failure !== undefined) outcome.failure = failure;
  if (refusal !== undefined) outcome.refusal = refusal;
  if (stop_reason !== undefined) outcome.stop_reason = stop_reason;
  if (warnings.length > 0) outcome.warnings = warnings;
  if (Object.keys(usage).length > 0) outcome.usage = usage;
  if (typeof session_cost === "object") outcome.session_cost = session_cost;
  return outcome;
}
