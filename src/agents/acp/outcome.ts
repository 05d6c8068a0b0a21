/**
 * Judges a turn that has ended. `end_turn` alone does not mean success. Pure.
 *
 * - A refusal, a limit of tokens or requests, a failure that the agent hides, or a cancellation that nobody here
 *   asked for: failed.
 * - A permission denied by policy: failed, since nobody chose to have the task done without it.
 * - A permission denied by a person, or for lack of an answer: failed if the agent gave up there. If it continued and ended its
 *   turn by itself, the task is completed with a warning in its log.
 * - A permission denied by a rule, or as it was before: fails nothing by itself, even if the agent stops there. The log has a warning.
 * - A question that nobody answered in time: completed, with a warning. The agent has decided without a person.
 * - Steps left open in the plan: completed, with a warning. Agents often forget to check off the last one.
 */
import type { Failure, FailureKind } from "../../domain/failure.ts";
import { toldFullDisk } from "../../domain/full_disk.ts";
import type { AgentMoment } from "./agent_moment.ts";
import { kindOfText } from "./failure_kind.ts";
import { type ModelTrouble, troubleInText, withMore } from "./model_trouble.ts";
import type { PlanStep } from "../../domain/task.ts";

export interface Denial {
  /** What the agent asked to do. */
  title: string;
  by: "client" | "policy" | "rule" | "memory" | "timeout";
}

export interface TurnFacts {
  stop_reason: string | undefined;
  denials: Denial[];
  /** The questions that nobody answered in time. */
  unanswered: readonly string[];
  /** Whether the agent said or did anything after the last denial. */
  continued_after_denial: boolean;
  /** Whether an update showed that the turn has failed. */
  hidden_failure: boolean;
  /** What the agent said of that failure; empty for nothing. */
  failure_text: string;
  /** Whether the model's answer was withheld and nothing was done after that. */
  is_refused: boolean;
  /** The trouble with the model that the agent told last and did not recover from. */
  trouble?: ModelTrouble;
  at: AgentMoment;
  /** The agent's last message. */
  last_message: string;
  /** The agent has neither said nor done anything. */
  is_empty?: boolean;
  /** Why the end of the turn may not be what it seems. */
  doubt?: string;
  steps: PlanStep[];
}

export interface Judgement {
  status: "completed" | "failed";
  failure?: Failure;
  /** What is known of the provider's refusal, if that is why. */
  trouble?: ModelTrouble;
  /** What a person should know although the task is completed. */
  warnings: string[];
}

export function judgeTurn(facts: TurnFacts): Judgement {
  const failure = failureOf(facts);
  if (failure !== undefined) {
    return { status: "failed", failure, trouble: troubleOf(failure, facts), warnings: [] };
  }
  const warnings: string[] = [];
  if (facts.is_empty) warnings.push("The agent ended its turn without saying or doing anything");
  if (facts.doubt !== undefined) warnings.push(facts.doubt);
  if (facts.denials.length > 0) {
    warnings.push(`Finished without what was denied: ${listed(facts.denials.map((d) => d.title))}`);
  }
  if (facts.unanswered.length > 0) {
    warnings.push(`Finished without an answer to: ${listed(facts.unanswered)}`);
  }
  const open = facts.steps.filter((step) => step.status !== "completed");
  if (open.length > 0) {
    warnings.push(
      `The agent ended its turn with ${open.length} of ${facts.steps.length} steps of its plan not completed: ` +
        listed(open.map((step) => step.title)),
    );
  }
  return { status: "completed", warnings };
}

const MOST_LISTED = 5;

function listed(titles: readonly string[]): string {
  const more = titles.length - MOST_LISTED;
  return titles.slice(0, MOST_LISTED).join("; ") + (more > 0 ? `; and ${more} more` : "");
}

function failureOf(facts: TurnFacts): Failure | undefined {
  const said = facts.last_message.trim();
  const silent = said === "" && /^(end_turn|refusal|cancelled)$/.test(facts.stop_reason ?? "")
    ? silentFailure(facts.trouble)
    : undefined;
  switch (facts.stop_reason) {
    case "refusal":
      if (silent !== undefined) return silent;
      return failure(
        "refused",
        said === "" ? "The model refused the request" : `The model refused the request: ${said}`,
      );
    case "max_tokens":
      return failure("context_overflow", "The model stopped at its limit of tokens (max_tokens)");
    case "max_turn_requests":
      return failure(
        "budget",
        "The agent stopped at its limit of model requests in one turn (max_turn_requests)",
      );
  }
  if (facts.hidden_failure) {
    if (facts.trouble?.isFinal) return failure(facts.trouble.kind, `The agent failed: ${facts.trouble.what}`);
    const why = facts.failure_text.trim();
    const kind = facts.trouble?.kind ?? kindOfText(why) ?? "refused";
    return toldFullDisk(
      failure(kind, why === "" ? "The agent reports a system error" : `The agent failed: ${why}`),
    );
  }
  if (facts.is_refused && facts.stop_reason === "end_turn") {
    return failure(
      "refused",
      `The model refused the request, and only spoke when it was asked again: ${said}`,
    );
  }
  // Whoever wrote a rule wants the work done without what it denies.
  const denials = facts.denials.filter(({ by }) => by !== "rule" && by !== "memory");
  const by_policy = denials.find(({ by }) => by === "policy");
  const decisive = by_policy ?? (facts.continued_after_denial ? undefined : denials.at(-1));
  if (decisive !== undefined) {
    const by = decisive.by === "policy"
      ? " by policy"
      : decisive.by === "timeout"
      ? ", nobody answered in time"
      : "";
    return failure("permission_denied", `Permission denied${by}: ${decisive.title}`);
  }
  if (silent !== undefined) return silent;
  if (facts.stop_reason === "cancelled") return failure("refused", "The agent cancelled its turn by itself");
  if (facts.stop_reason === "end_turn") return undefined;
  return failure(
    "bug",
    `The agent ended its turn for an unknown reason: ${facts.stop_reason ?? "none given"}`,
  );
}

/** The agent had trouble with its model, did not recover, and ended its turn as if it had nothing to say. */
function silentFailure(trouble: ModelTrouble | undefined): Failure | undefined {
  return trouble && failure(trouble.kind, `The agent ended its turn without an answer: ${trouble.what}`);
}

function troubleOf({ kind, message }: Failure, { trouble, at, failure_text }: TurnFacts): ModelTrouble {
  if (failure_text.trim() === "" && trouble?.kind === kind) return trouble;
  return withMore(troubleInText(failure_text || message, at, kind), trouble);
}

function failure(kind: FailureKind, message: string): Failure {
  return { kind, message };
}
