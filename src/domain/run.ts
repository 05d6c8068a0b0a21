/**
 * The interface between the engine, which decides when a task runs, and the agents, which run it. One `Run` is one
 * attempt of one task by one agent process. It has one turn, or several if the agent supports them.
 */
import type { Actor } from "./actor.ts";
import type { OfferNews } from "./agent_offer.ts";
import type { Cost } from "./cost.ts";
import type { Failure } from "./failure.ts";
import type { LogLevel } from "./log_entry.ts";
import type { LeftProcess } from "./output.ts";
import type { PermissionRequest } from "./permission_request.ts";
import type { Question, QuestionAction, QuestionAnswer } from "./question.ts";
import type { TurnMessage } from "./run_request.ts";
import type { PlanStep } from "./task.ts";

/** What a run reports. Progress comes from the agent's own plan or todo list, never from a timer. */
export type RunEvent =
  | { kind: "started"; pid: number }
  /** The agent is ready to work: over ACP, the session is open. `resumed`: an earlier session continues. `opened_at`: ISO 8601, when the session was new. */
  /** `forgetful`: the session does not keep a turn that is ended before its time. */
  | {
    kind: "session";
    session_id: string;
    opened_at?: string;
    resumable: boolean;
    resumed: boolean;
    forgetful?: boolean;
  }
  /** The agent has been given the prompt of the turn. */
  | { kind: "prompted" }
  /** The agent has said or done something in its session, after the prompt. Reported once. */
  | { kind: "at_work" }
  | {
    kind: "progress";
    completed_steps: number;
    total_steps: number;
    current_step?: string;
    /** The first steps of the plan. The counts cover the whole plan. */
    steps?: PlanStep[];
  }
  | { kind: "activity"; current_step: string }
  /** The agent asks its model again. `current_step`: what went wrong and which try it is, at most 200 characters. */
  | { kind: "retrying"; current_step: string }
  /**
   * The agent has been silent for a while, which is no sign of life. `current_step`: for how long, and what it was at.
   * `isLong`: the log says so too.
   */
  | { kind: "silent"; current_step: string; isLong: boolean }
  /** The agent goes on after `retrying` or `silent`. `current_step`: what it does now, if that is known. */
  | { kind: "recovered"; current_step?: string }
  | { kind: "log"; level: LogLevel; message: string; source: string; details?: Record<string, unknown> }
  | { kind: "permission_requested"; request: PermissionRequest }
  | {
    kind: "permission_settled";
    permission_id: string;
    outcome: string;
    by: "client" | "policy" | "rule" | "memory" | "timeout" | "end";
    /** The request that was answered after its agent had been ended, if the agent has that answer now. */
    late?: string;
  }
  | { kind: "question_asked"; question: Question }
  | {
    kind: "question_settled";
    question_id: string;
    action: QuestionAction;
    by: "client" | "timeout" | "end";
    /** As with a permission. */
    late?: string;
  }
  /** The agent has given a sign of life that is no other report, such as output that is not a whole line. */
  | { kind: "sign" }
  /** What the turn has used so far. `session_cost`: as in its outcome. */
  | { kind: "usage"; usage: Record<string, unknown>; session_cost?: Cost }
  /** What the agent turns out to offer, for lists and pickers. */
  | { kind: "offer"; news: OfferNews }
  /** The turn has ended as `outcome` says, but the agent has begun another of itself. */
  | { kind: "own_turn"; outcome: TurnOutcome }
  /** A turn has ended and the run waits for `Run.next`, for 15 minutes. Only runs that have `next` report this. */
  | { kind: "turn_ended"; outcome: TurnOutcome };

/** What a provider has told when it refused a turn for a time. */
export interface Refusal {
  /** When it takes requests again, if it has told: ISO 8601. The engine judges whether to believe that. */
  until?: string;
  /** The model that is refused, by the name that tasks choose it by, if the agent's other models are not. */
  model?: string;
  /** For people, in the provider's own words: at most 200 characters. */
  reason: string;
}

/** How a turn ended. */
export interface TurnOutcome {
  /** `stopped`: ended because the engine called `stop` or `interrupt`. */
  status: "completed" | "failed" | "stopped";
  /** Present if the turn failed. The message has at most 1,000 characters. */
  failure?: Failure;
  /** With a failure of kind `provider_limit` or `overloaded`, if the agent has told more than that. */
  refusal?: Refusal;
  /** The agent's answer (ACP: its last message; command: the end of stdout), at most 32 KiB of UTF-8. */
  output: string;
  stop_reason?: string;
  /** Of this turn alone. */
  usage?: Record<string, unknown>;
  /** What the session has cost from its beginning, if the agent tells. */
  session_cost?: Cost;
  /** What a person should know although the work is completed, such as a question that nobody answered. */
  warnings?: string[];
}

/** How the run ended: as its last turn did, with the exit code of the process if that decided it. */
export interface RunOutcome extends TurnOutcome {
  exit_code?: number;
  /** What the turn left at work, if anything. It has been ended with the agent. */
  left_running?: LeftProcess[];
}

export interface Stopping {
  /** What the agent asks stays open without it: nothing is reported of its end. */
  parks?: boolean;
}

export interface Run {
  readonly pid: number;
  /** Settles once, after the whole process tree is gone. Never rejects. */
  readonly outcome: Promise<RunOutcome>;
  /**
   * Ends the run through the protocol, then stdin, then signals to the whole tree. Settles when all processes are gone.
   * Idempotent.
   */
  stop(how?: Stopping): Promise<void>;
  /** SIGSTOP to the whole tree. */
  pause(): Promise<void>;
  /** SIGCONT to the whole tree. */
  resume(): Promise<void>;
  /**
   * Gives the agent a message in its running turn. Resolves to false if the agent takes none there, or the turn has ended:
   * then the message is still the caller's to deliver. Rejects if that is unknown. Absent if the agent never takes one.
   */
  steer?(message: TurnMessage): Promise<boolean>;
  /**
   * Answers `turn_ended`: begins the next turn with the message, or ends the run. Returns false if no turn has ended or the
   * run is over: then the message is still the caller's to deliver. Absent if the agent takes only one prompt.
   */
  next?(message: TurnMessage | undefined): boolean;
  /**
   * Ends the present turn through the protocol. Its end is reported as that of any turn, `stopped` unless the agent was faster;
   * the process and the session stay. An agent that does not end its turn is ended, as `unresponsive`. Does nothing between
   * turns. Absent if the agent takes only one prompt.
   */
  interrupt?(): void;
  /**
   * Answers an open permission request. Returns false if it is not open any more, or has no such option: of several
   * answers one counts.
   */
  answerPermission(permission_id: string, option_id: string, by: Actor): boolean;
  /** Answers an open question. Returns false if it is not open any more. Absent if the agent asks none. */
  answerQuestion?(question_id: string, answer: QuestionAnswer, by: Actor): boolean;
}

/**
 * Receives a run's reports in order. The agent's output is not read on until a returned promise settles, so an agent
 * that prints megabytes cannot fill the server's memory.
 */
export type RunListener = (event: RunEvent) => void | Promise<void>;
