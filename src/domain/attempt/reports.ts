/** Handles what an agent reports while it works. */
import { titleWithPlaces } from "../asked_words.ts";
import type { PermissionRequest } from "../permission_request.ts";
import type { Question } from "../question.ts";
import type { RunEvent } from "../run.ts";
import type { AttemptEffect } from "./effects.ts";
import { noteProgress } from "./progress.ts";
import type { AttemptState } from "./state.ts";
import { entry, stay, type Step } from "./step.ts";
import { ownTurn, turnEnded } from "./turns.ts";

type Report<K extends RunEvent["kind"]> = Extract<RunEvent, { kind: K }>;

export function reported(state: AttemptState, report: RunEvent, at_ms: number): Step {
  const { phase } = state;
  if (phase === "claiming" || phase === "preparing") return stay(state);
  // Log entries are kept even if they come late. Other late reports would change a result that is already decided.
  if (report.kind === "log") return [state, [{ ...report, kind: "append" }]];
  if (phase !== "starting" && phase !== "working") return stay(state);
  switch (report.kind) {
    case "started":
      return started(state);
    case "session":
      return sessionOpened(state, report);
    case "at_work":
      return stay({ ...state, isAtWork: true, isPrompted: true });
    case "prompted":
      return stay(withPrompt(state));
    case "progress":
      return noteProgress(state, report, at_ms);
    case "activity":
      // What it did before is reported a little late. That it asks its model again is what there is to see.
      return state.isRetrying ? stay(state) : noteProgress(state, report, at_ms);
    case "silent":
      return silent(state, report, at_ms);
    case "retrying":
    case "recovered":
      return retried(state, report, at_ms);
    case "permission_requested":
      return permissionRequested(state, report.request);
    case "permission_settled":
      return withLate(report, permissionSettled(state, report.permission_id));
    case "question_asked":
      return questionAsked(state, report.question);
    case "question_settled":
      return withLate(report, questionSettled(state, report.question_id));
    case "own_turn":
      return ownTurn(state, report.outcome);
    case "turn_ended":
      return turnEnded(state, report.outcome);
    case "usage":
      return used(state, report, at_ms);
    case "sign":
    case "offer":
      return stay(state);
  }
}

function started(state: AttemptState): Step {
  if (state.isStarted) return stay(state);
  // A command has its prompt from the start.
  const isPrompted = state.isPrompted || state.rules.ready_on === "started";
  const next = { ...state, isStarted: true, isPrompted };
  const [ready, effects] = state.rules.ready_on === "started" ? becomeReady(next) : stay(next);
  return [ready, [...effects, { kind: "publish_agent" }]];
}

function sessionOpened(state: AttemptState, report: Report<"session">): Step {
  const { session_id, opened_at, resumable, resumed, forgetful = false } = report;
  const { agent, node } = state.rules;
  const session = { agent, session_id, working_dir: state.working_dir ?? "", node, opened_at };
  const [ready, effects] = becomeReady({
    ...state,
    hasSession: true,
    isResumable: resumable,
    isParkable: resumable && !forgetful,
  });
  if (resumed) effects.push(entry("info", "The agent goes on in its earlier session", { session_id }));
  return [ready, [...effects, {
    kind: "write",
    change: {
      kind: "session",
      session: resumable ? session : undefined,
      isResumed: resumed,
      startsOver: state.hasEarlierSession && !state.isRetried && !resumed && !state.hasSession,
    },
  }]];
}

/** It is stored with what the agent does next. If the server dies before, the next attempt looks whether the agent was told. */
function withPrompt(state: AttemptState): AttemptState {
  const { turn } = state;
  const others = state.unwritten.filter(({ kind }) => kind !== "prompted");
  return { ...state, isPrompted: true, unwritten: [...others, { kind: "prompted", turn }] };
}

function becomeReady(state: AttemptState): [AttemptState, AttemptEffect[]] {
  return state.isReady ? [state, []] : [{ ...state, isReady: true }, [{ kind: "ready" }]];
}

function silent(state: AttemptState, { current_step, isLong }: Report<"silent">, at_ms: number): Step {
  const [noted, effects] = noteProgress(state, { kind: "activity", current_step }, at_ms);
  return [noted, isLong ? [entry("warn", current_step, {}), ...effects] : effects];
}

/** What says nothing of tokens or cost, such as the size of the context, is not worth a write. */
function used(state: AttemptState, report: Report<"usage">, at_ms: number): Step {
  const { attempt, turn } = state;
  const isWorthIt = Object.keys(report.usage).some((key) => key === "cost" || /tokens/.test(key));
  return isWorthIt ? noteProgress(state, { ...report, attempt, turn }, at_ms) : stay(state);
}

/** The agent asks its model again, or goes on. Clients are told of the change once, and of each try as the current step. */
function retried(state: AttemptState, report: Report<"retrying" | "recovered">, at_ms: number): Step {
  const { current_step } = report;
  const isRetrying = report.kind === "retrying";
  const [noted, effects] = current_step === undefined
    ? stay(state)
    : noteProgress(state, { kind: "activity", current_step }, at_ms);
  if (state.isRetrying === isRetrying) return [noted, effects];
  return [{ ...noted, isRetrying }, [...effects, { kind: "publish_agent" }]];
}

function permissionRequested(state: AttemptState, request: PermissionRequest): Step {
  const { permission_id } = request;
  if (state.permissions.some((one) => one.permission_id === permission_id)) return stay(state);
  return [{ ...state, permissions: [...state.permissions, request] }, [
    { kind: "publish_permission", request },
    entry("warn", `Permission asked: ${titleWithPlaces(request)}`, { permission_id }),
    { kind: "publish_agent" },
  ]];
}

/** An answer that the agent has had is not given once more. */
function withLate({ late }: { late?: string }, [state, effects]: Step): Step {
  return late === undefined
    ? [state, effects]
    : [state, [...effects, { kind: "write", change: { kind: "late_answer", id: late } }]];
}

/** Writes no log entry: the agent's run has already logged the outcome. */
function permissionSettled(state: AttemptState, permission_id: string): Step {
  const permissions = state.permissions.filter((one) => one.permission_id !== permission_id);
  if (permissions.length === state.permissions.length) return stay(state);
  return [{ ...state, permissions }, [{ kind: "publish_permission_end", permission_id }, {
    kind: "publish_agent",
  }]];
}

function questionAsked(state: AttemptState, question: Question): Step {
  const { question_id, message } = question;
  if (state.questions.some((one) => one.question_id === question_id)) return stay(state);
  return [{ ...state, questions: [...state.questions, question] }, [
    { kind: "publish_question", question },
    entry("warn", `The agent asks: ${message}`, { question_id }),
    { kind: "publish_agent" },
  ]];
}

/** Writes no log entry: the agent's run has already logged the answer. */
function questionSettled(state: AttemptState, question_id: string): Step {
  const questions = state.questions.filter((one) => one.question_id !== question_id);
  if (questions.length === state.questions.length) return stay(state);
  return [{ ...state, questions }, [{ kind: "publish_question_end", question_id }, {
    kind: "publish_agent",
  }]];
}
