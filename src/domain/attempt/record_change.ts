/** The changes that a running attempt makes to its task's record. */
import type { CheckResult } from "../check.ts";
import type { RunEvent, TurnOutcome } from "../run.ts";
import type { SavedWork } from "../workspace.ts";
import type { ProgressDetails } from "../task.ts";
import type { TaskState } from "../task_record.ts";
import type { Attempt } from "./stored_attempt.ts";
import type { Cost } from "../cost.ts";
import { withoutAnswer } from "../parked.ts";
import { withTurnUsed } from "../task_usage.ts";
import type { TurnEntry } from "../usage.ts";

/** What a turn under way has used so far. */
export type UsageReport = Extract<RunEvent, { kind: "usage" }> & { attempt: number; turn: number };

/** The agent has been given the prompt of this turn. */
export type PromptedReport = { kind: "prompted"; turn: number };

export type ProgressReport =
  | Extract<RunEvent, { kind: "progress" } | { kind: "activity" }>
  | UsageReport
  | PromptedReport;

/** A turn that has ended, before another one follows in the same run. */
export interface EndedTurn {
  turn: number;
  outcome: TurnOutcome;
  work?: SavedWork;
  /** Checks of which some failed: that is the message of the next turn. */
  checks?: CheckResult[];
}

export type RecordChange =
  | {
    kind: "session";
    /** The session that the next attempt resumes; absent if the agent cannot resume one. */
    session: TaskState["session"];
    isResumed: boolean;
    /** The work starts over, because the session of an earlier attempt is lost. */
    startsOver: boolean;
  }
  /** The agent has had the answer to a request that was parked. */
  | { kind: "late_answer"; id: string }
  /** `elapsed_ms`: since the attempt began. */
  | { kind: "progress"; reports: readonly ProgressReport[]; elapsed_ms: number }
  /** The agent has begun a turn of its own after this one, which is stored with the change. */
  | { kind: "own_turn"; ended: EndedTurn };

/** The task's state after the change, which does not end a turn. `entryOf`: what is kept of a usage that is told. */
export function changed(
  state: TaskState,
  change: Exclude<RecordChange, { kind: "own_turn" }>,
  entryOf: (report: UsageReport) => TurnEntry,
): TaskState {
  switch (change.kind) {
    case "session":
      return {
        ...state,
        session: withCost(change.session, state.session),
        ...progressAfter(state, change.isResumed),
        retry_count: state.retry_count + (change.startsOver ? 1 : 0),
        attempts: state.attempt > 1 ? withCurrent(state, { resumed: change.isResumed }) : state.attempts,
      };
    case "late_answer":
      return withoutAnswer(state, change.id);
    case "progress":
      return change.reports.reduce(
        (after, report) => {
          if (report.kind === "usage") return afterUsage(after, report, entryOf(report));
          if (report.kind === "prompted") return afterPrompt(after, report);
          return afterReport(after, report, change.elapsed_ms);
        },
        state,
      );
  }
}

/** The report may come late: the turn may be over. */
function afterPrompt(state: TaskState, { turn }: PromptedReport): TaskState {
  return state.turn === turn ? { ...state, prompted_turn: turn } : state;
}

/** The report may come late: the turn may be over. */
function afterUsage(
  state: TaskState,
  { attempt, turn, session_cost }: UsageReport,
  entry: TurnEntry,
): TaskState {
  if (isAnswered(state, attempt, turn)) return state;
  return withTurnUsed(withSessionCost(state, session_cost), entry);
}

/** What the session has cost so far. The next attempt in it counts from there. */
export function withSessionCost(state: TaskState, cost: Cost | undefined): TaskState {
  const { session } = state;
  return session && cost ? { ...state, session: { ...session, cost } } : state;
}

/** Whether the answer of this turn in this attempt is stored. */
export function isAnswered({ attempts }: TaskState, attempt: number, turn: number): boolean {
  return (attempts.find((one) => one.attempt === attempt)?.answered_turn ?? 0) >= turn;
}

/** What a session has cost is kept when it goes on. */
function withCost(session: TaskState["session"], before: TaskState["session"]): TaskState["session"] {
  if (session === undefined || before?.cost === undefined) return session;
  return session.session_id === before.session_id ? { ...session, cost: before.cost } : session;
}

function withCurrent(state: TaskState, more: Partial<Attempt>): Attempt[] {
  return withAttempt(state, state.attempt, more);
}

/** The attempts, with more known of one of them. */
export function withAttempt(state: TaskState, attempt: number, more: Partial<Attempt>): Attempt[] {
  return state.attempts.map((one) => one.attempt === attempt ? { ...one, ...more } : one);
}

function afterReport(
  state: TaskState,
  report: Exclude<ProgressReport, UsageReport | PromptedReport>,
  elapsed_ms: number,
): TaskState {
  if (report.kind === "activity") return active(state, report.current_step);
  const { completed_steps, total_steps } = report;
  const left_ms = completed_steps > 0
    ? Math.round((elapsed_ms / completed_steps) * (total_steps - completed_steps))
    : undefined;
  return progressed(state, report, left_ms);
}

/** Progress is the share of the plan's steps that are done. It stays below 100 until the task is completed. */
export function progressed(
  state: TaskState,
  plan: Pick<ProgressDetails, "current_step" | "steps"> & { completed_steps: number; total_steps: number },
  estimated_time_remaining: number | undefined,
): TaskState {
  const { completed_steps, total_steps, steps } = plan;
  const share = total_steps > 0 ? Math.floor((100 * completed_steps) / total_steps) : 0;
  const details: ProgressDetails = {
    current_step: plan.current_step ?? state.progress_details?.current_step,
    total_steps,
    completed_steps,
    estimated_time_remaining,
    steps,
  };
  return { ...state, progress: Math.min(99, Math.max(0, share)), progress_details: details };
}

/** The progress of work that goes on, or else starts over. Then its plan is kept for the agent that is told of it. */
export function progressAfter(
  { progress, progress_details, earlier_plan }: TaskState,
  goesOn: boolean,
): Pick<TaskState, "progress" | "progress_details" | "earlier_plan"> {
  if (goesOn) return { progress, progress_details, earlier_plan };
  return {
    progress: 0,
    progress_details: undefined,
    earlier_plan: progress_details?.steps ?? earlier_plan,
  };
}

/** Sets only the current step: what the agent does says nothing about how far it is. */
function active(state: TaskState, current_step: string): TaskState {
  return { ...state, progress_details: { ...state.progress_details, current_step } };
}
