/** Why a conversation with an agent failed, and the text for the task's `error`. */
import { getLogger } from "@logtape/logtape";
import { ApiError } from "../../domain/errors.ts";
import type { Failure, FailureKind } from "../../domain/failure.ts";
import { toldFullDisk } from "../../domain/full_disk.ts";
import type { RunOutcome } from "../../domain/run.ts";
import { SIGNALLED } from "../reporting/exit_status.ts";
import { limitTold, loginText, type ModelTrouble, refusalOf, withMore } from "./model_trouble.ts";
import type { AgentMoment } from "./agent_moment.ts";
import { withoutMoment } from "./reset_time.ts";
import { cut } from "./wire_value.ts";

const log = getLogger(["opencode-agents", "agents"]);

export const LONGEST_ERROR = 1000;

/** How a run ends, before its output and usage are added. */
export type Verdict = Pick<
  RunOutcome,
  "status" | "failure" | "refusal" | "stop_reason" | "exit_code" | "warnings"
>;

/** A failure of the run whose message is meant for the task's `error`. */
export class AgentFailure extends Error {
  override readonly name = "AgentFailure";
}

/** An error reply from the agent to one of our requests. */
export class AgentRefusal extends AgentFailure {
  constructor(message: string, readonly code: number, readonly trouble: ModelTrouble) {
    super(message);
  }

  get kind(): FailureKind {
    return this.trouble.kind;
  }

  /** Whether it is a limit that does not say when it ends. */
  get lacks_end(): boolean {
    return this.kind === "provider_limit" && this.trouble.until_ms === undefined;
  }

  /** Whether the agent has no account to work with. */
  get wants_login(): boolean {
    return this.code === -32000 ||
      /API[_ ]?KEY\b.*\b(not set|not configured|missing)\b|\bnot logged in\b|\b(login|authentication) (is )?required\b/i
        .test(this.message);
  }

  /** Whether a loaded session may be to blame: one that is unknown, damaged, deadly or full. */
  get may_be_of_session(): boolean {
    return this.kind === "refused" || this.kind === "context_overflow" || this.kind === "agent_crashed";
  }
}

/** The agent ended, or closed its output, before it answered. */
export class AgentGone extends AgentFailure {
  /** `method`: the request that it did not answer. */
  constructor(message: string, readonly exit_code: number | undefined, readonly method: string) {
    super(message);
  }

  /** Whether it ended by itself before it began, as programs do that are called or set up wrongly. */
  get refused_to_start(): boolean {
    return this.method === "initialize" && this.exit_code !== undefined && this.exit_code < SIGNALLED;
  }
}

/** The turn was ended, since the agent would only have gone on to ask its model in vain. */
export class GivenUp extends AgentFailure {
  /** `trouble`: what the model was asked in vain for. */
  constructor(readonly failure: Failure, readonly trouble: ModelTrouble) {
    super(failure.message);
  }
}

/** The agent did not answer in time. */
export class AgentLate extends AgentFailure {}

/** The agent does not offer what the task chooses. `details` have the field, the value and the choices. */
export class NotOffered extends AgentFailure {
  constructor(message: string, readonly details: Record<string, unknown>) {
    super(message);
  }
}

/** The earlier session cannot be had, and this process is of no more use. `cause` is what happened instead. */
export class SessionLost extends AgentFailure {
  constructor(override readonly cause: AgentFailure) {
    super(cause.message);
  }
}

/** The agent did not come up to open the earlier session. Another process may. */
export class StartFailed extends AgentFailure {
  constructor(override readonly cause: AgentFailure) {
    super(cause.message);
  }
}

/** What is known when a run fails. */
export interface FailureContext {
  task_id: string;
  /** What the agent printed last that may say why, empty for nothing. */
  last_words: string;
  /** How the agent gets an account. */
  login_advice: string;
  /** The trouble with the model that the agent told last and did not recover from. */
  trouble?: ModelTrouble;
  /** The agent's last message in the turn. */
  last_message?: string;
  /** The model that the task chooses. */
  model?: string;
  at: AgentMoment;
  /** Whether the agent has worked for the task before, so that it is not set up wrongly. */
  has_worked?: boolean;
}

/** The verdict on a turn that did not end by itself. */
export function verdictOf(error: unknown, context: FailureContext): Verdict {
  const verdict = ownVerdict(error, context);
  const failure = verdict.failure && toldFullDisk(verdict.failure);
  return failure === verdict.failure ? verdict : { ...verdict, failure, refusal: undefined };
}

function ownVerdict(error: unknown, context: FailureContext): Verdict {
  if (error instanceof GivenUp) {
    return { status: "failed", failure: error.failure, refusal: refusalOf(error.trouble, context.model) };
  }
  if (error instanceof AgentLate) return failed("unresponsive", withWords(error, context.last_words));
  if (error instanceof AgentGone) {
    const kind = error.refused_to_start && !context.has_worked ? "command_failed" : "agent_crashed";
    return { ...failed(kind, withWords(error, context.last_words)), exit_code: error.exit_code };
  }
  if (error instanceof AgentRefusal) {
    const trouble = knownTrouble(error.trouble, context);
    const message = trouble.kind === "needs_login"
      ? loginText(error.message, context.login_advice)
      : error.message;
    return { ...failed(trouble.kind, withoutMoment(message)), refusal: refusalOf(trouble, context.model) };
  }
  if (error instanceof NotOffered) return failed("refused", error.message);
  if (error instanceof AgentFailure) return failed("bug", error.message);
  if (error instanceof ApiError) return failed("not_installed", error.message);
  log.error("run of task {task} broke: {error}", { task: context.task_id, error });
  return failed("bug", "The server failed while it spoke to the agent; its log says why");
}

/** What an error tells, with what the agent has told before it. */
function knownTrouble(told: ModelTrouble, { trouble, last_message = "", at }: FailureContext): ModelTrouble {
  const said = limitTold(last_message, at);
  const known = told.kind === "refused" ? trouble ?? said ?? told : told;
  return withMore(withMore(known, trouble), said);
}

/** The failure with what the agent printed last. An agent that is late need not have told why. */
export function withWords(failure: AgentFailure, words: string): string {
  if (words === "") return failure.message;
  return failure instanceof AgentLate
    ? `${failure.message}; it printed last: ${words}`
    : `${failure.message}: ${words}`;
}

function failed(kind: FailureKind, message: string): Verdict {
  return { status: "failed", failure: { kind, message: cut(message, LONGEST_ERROR) } };
}
