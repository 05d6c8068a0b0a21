/** A limit of its model's provider that a program tells in its last words when it fails. Pure. */
import type { RunOutcome } from "../../domain/run.ts";
import type { AgentMoment } from "../acp/agent_moment.ts";
import { limitTold, refusalOf } from "../acp/model_trouble.ts";
import { withoutMoment } from "../acp/reset_time.ts";

/** Any program may print that some rate was exceeded. These are words of the plans of coding agents. */
const OF_A_PLAN =
  /\b(usage|session|weekly|hourly|daily|monthly|\d+-hour)[- ]limit\b|\blimit reached\|\d|\b(hit|reached|exceeded) your \b.{0,30}\blimit\b|\bexhausted your\b.{0,30}\bquota\b/i;

/** The outcome of a failed command, as a limit if one of its last words tells one and when it ends. */
export function withToldLimit(
  outcome: RunOutcome,
  words: readonly string[],
  model: string | undefined,
  at: AgentMoment,
): RunOutcome {
  if (outcome.failure?.kind !== "command_failed") return outcome;
  const said = words.map((line) => line.trim()).filter((line) => OF_A_PLAN.test(line));
  const trouble = said.flatMap((line) => limitTold(line, at) ?? []).at(0);
  if (trouble === undefined) return outcome;
  return {
    ...outcome,
    failure: { kind: trouble.kind, message: withoutMoment(outcome.failure.message) },
    refusal: refusalOf(trouble, model),
  };
}
