/** The effects of an attempt. The engine carries them out in order. */
import type { CheckResult } from "../check.ts";
import type { LogLevel } from "../log_entry.ts";
import type { PermissionRequest } from "../permission_request.ts";
import type { Question } from "../question.ts";
import type { RunOutcome } from "../run.ts";
import type { TurnMessage } from "../run_request.ts";
import type { SavedWork } from "../workspace.ts";
import type { AttemptEnd } from "./task_transitions.ts";
import type { EndedTurn, RecordChange } from "./record_change.ts";

/** `silence` fires when the silence of the agent is due for a check, `park` when its wait for a person is. */
export type AttemptTimer = "deadline" | "silence" | "park" | "save_again";

/** The result to commit. */
export interface AttemptResult {
  attempt: number;
  turn: number;
  outcome: RunOutcome;
  end: AttemptEnd;
  /** Ended because the server shuts down. The next server takes the task up. */
  isLeft: boolean;
  /** What was saved of its work; absent if there was nothing to save. */
  work?: SavedWork;
  /** Whether the agent was given the prompt of the turn. */
  isPrompted: boolean;
  /** How the checks of the turn ended. `goesBack`: the agent is told of those that failed. */
  checks?: { results: CheckResult[]; goesBack: boolean };
  /** Its checks have not run, since a message follows. Without one the result must not complete the task. */
  isUnchecked: boolean;
  /** What the agent has asked, and nobody has answered. */
  open: { permissions: readonly PermissionRequest[]; questions: readonly Question[] };
}

export type AttemptEffect =
  /** Find the working folder and open the workspace; answered by `prepared` or `not_started`. */
  | { kind: "prepare" }
  /** The answer to `prepare` is no longer needed, and should come soon. */
  | { kind: "stop_preparing" }
  /** Answered by `spawned` or `not_started`. */
  | { kind: "start_agent" }
  /** `parks`: what it asks stays open. */
  | { kind: "stop_agent"; parks?: true }
  /** Answered by `signalled`. */
  | { kind: "signal_agent"; signal: "pause" | "resume" }
  /** Store the turn and take up the message that waits longest; answered by `turn_committed`. */
  | { kind: "commit_turn"; ended: EndedTurn }
  /** Answers the run's `turn_ended`: with the next message, or without one to end the run. */
  | { kind: "next_turn"; message?: TurnMessage }
  /** End the turn, but not the run. */
  | { kind: "interrupt_turn" }
  | { kind: "set_timer"; timer: AttemptTimer; ms: number }
  | { kind: "clear_timer"; timer: AttemptTimer }
  | { kind: "append"; level: LogLevel; message: string; source: string; details?: Record<string, unknown> }
  /** A change of kind `progress` is answered by `progress_written`. */
  | { kind: "write"; change: RecordChange }
  | { kind: "publish_permission"; request: PermissionRequest }
  | { kind: "publish_permission_end"; permission_id: string }
  | { kind: "publish_question"; question: Question }
  | { kind: "publish_question_end"; question_id: string }
  /** Report to clients how the agent is doing. */
  | { kind: "publish_agent" }
  /** Commit what the agent has changed in its workspace; answered by `work_saved`. `isOver`: the task is not tried again. */
  | { kind: "save_work"; isOver: boolean }
  /** The answer to `save_work` should come soon. */
  | { kind: "stop_saving" }
  /** Run the task's checks in its workspace; answered by `checked`. */
  | { kind: "run_checks" }
  /** The answer to `run_checks` should come soon. */
  | { kind: "stop_checks" }
  /** Answered by `committed`, `commit_failed` or `to_be_checked`. */
  | { kind: "commit_end"; result: AttemptResult }
  /** The agent has started: its start no longer loads the machine. */
  | { kind: "ready" }
  /** The slot is free. */
  | { kind: "release" };
