/** The state of one attempt, in the server's memory. */
import type { CheckedTurn } from "../check.ts";
import type { PermissionRequest } from "../permission_request.ts";
import type { Question } from "../question.ts";
import type { RunOutcome, TurnOutcome } from "../run.ts";
import type { RetryByKind } from "../retrying.ts";
import type { SavedWork } from "../workspace.ts";
import type { Deadline, PersonWait, Silence } from "./clocks.ts";
import type { ProgressReport } from "./record_change.ts";
import type { ClaimedTask } from "./events.ts";
import type { RuntimeStatus } from "./runtime_status.ts";

/** The settings of an attempt. They do not change. Times are in milliseconds. */
export interface AttemptRules {
  /** The agent's name in the configuration. */
  agent: string;
  /** The node that runs it. Its sessions are on that machine. */
  node: string;
  /** How long each turn may take. */
  timeout_ms: number;
  /** A silent agent is reported after `unresponsive_after_ms` and ended after `unresponsive_limit_ms`. 0: never. */
  unresponsive_after_ms: number;
  unresponsive_limit_ms: number;
  /** How long the agent may wait for a person before it is ended, if its session can be loaded. 0: it is not. */
  park_ms: number;
  /** Whether a task whose provider refuses it for a time waits. */
  waits_for_provider: boolean;
  /** What is configured for kinds of failures. */
  retry: RetryByKind;
  /** Whether checks run before a turn completes the task. */
  hasChecks: boolean;
  /** Which event shows that the agent is at work: a command has no session. */
  ready_on: "started" | "session";
}

/**
 * - `claiming`: the task is being claimed by a commit.
 * - `preparing`: the working folder is being found and the workspace opened.
 * - `starting`: the agent's process is being spawned.
 * - `working`: the process runs.
 * - `closing`: the process is gone; its reports are being stored and its work saved.
 * - `saving`: the result is being committed.
 * - `settled`: over. No event changes anything.
 */
export type AttemptPhase =
  | "claiming"
  | "preparing"
  | "starting"
  | "working"
  | "closing"
  | "saving"
  | "settled";

/**
 * Why the agent is ended. `leave`: the server shuts down. `bug`: the server failed. `message`: for a message that does not wait,
 * by an agent that takes only one prompt. `budget`: a bound on its use has been reached. `park`: nobody answers what it asks.
 */
export type StopCause =
  | "budget"
  | "cancel"
  | "timeout"
  | "silence"
  | "lease_lost"
  | "leave"
  | "bug"
  | "message"
  | "park";

export interface AttemptState extends ClaimedTask {
  readonly rules: AttemptRules;
  readonly phase: AttemptPhase;
  /** Monotonic milliseconds. */
  readonly began_ms: number;
  /** A turn has ended, and its commit is under way: whether another one follows is not known yet. */
  readonly isBetween: boolean;
  /** The turn is being ended for a message, or will be as soon as it has begun. */
  readonly isInterrupted: boolean;
  /** The agent has been given the prompt of the turn. */
  readonly isPrompted: boolean;
  /** The turn is stored, but the run was over before it could be given the message. */
  readonly isUntaken: boolean;
  /** Whether the run accepts a prompt after its first turn. */
  readonly takesTurns: boolean;
  readonly hasSession: boolean;
  /** Whether the next attempt can resume the session. */
  readonly isResumable: boolean;
  /** Whether it also keeps a turn that is ended while the agent waits for a person. */
  readonly isParkable: boolean;
  /** The agent has said or done something in its session. */
  readonly isAtWork: boolean;
  /** The agent asks its model again, which has not answered. */
  readonly isRetrying: boolean;
  readonly working_dir?: string;
  /** The agent has reported that its process runs. */
  readonly isStarted: boolean;
  /** The agent is at work: its start no longer loads the machine. */
  readonly isReady: boolean;
  /** A client has paused the task. */
  readonly isPaused: boolean;
  /** The process may be stopped: from a pause until SIGCONT has arrived. */
  readonly isFrozen: boolean;
  /** The first reason to end the agent. */
  readonly stop?: StopCause;
  /** The lease is lost: the attempt writes nothing more. */
  readonly isLost: boolean;
  /** Open requests, the oldest first. */
  readonly permissions: readonly PermissionRequest[];
  /** Open questions, the oldest first. */
  readonly questions: readonly Question[];
  readonly deadline: Deadline;
  readonly silence: Silence;
  readonly wait: PersonWait;
  /** Progress that waits for the write before it: the newest report of each kind. */
  readonly unwritten: readonly ProgressReport[];
  readonly isWriting: boolean;
  /** Whether there is work to save. */
  readonly isWorkspaceOpen: boolean;
  /** The work is being saved after a turn that another one follows. */
  readonly isSaving: boolean;
  /** How that turn ended. */
  readonly ended?: TurnOutcome;
  /** Whether the save of its work should end soon. */
  readonly isSaveStopped: boolean;
  /** What was saved of its work. */
  readonly work?: SavedWork;
  /** The checks run. The turn has ended, or the agent has. */
  readonly isChecking: boolean;
  /** The checks are to end soon: a message has come, or the task is ended. */
  readonly isCheckStopped: boolean;
  /** How the checks of the turn ended. */
  readonly checked?: CheckedTurn;
  /** How the agent ended, from `closing` on. */
  readonly outcome?: RunOutcome;
  /** The store has not accepted the result yet. */
  readonly isUnsaved: boolean;
  /** The next try to commit the result waits for a timer. */
  readonly isWaitingToSave: boolean;
}

/** An attempt before the commit that claims its task. */
export function newAttempt(rules: AttemptRules, at_ms: number): AttemptState {
  return {
    rules,
    phase: "claiming",
    began_ms: at_ms,
    attempt: 0,
    turn: 0,
    waiting: 0,
    isBetween: false,
    isInterrupted: false,
    isPrompted: false,
    isUntaken: false,
    takesTurns: false,
    hasEarlierSession: false,
    isRetried: false,
    attemptsLeft: 0,
    attemptsUsed: 0,
    isPatient: true,
    hasSession: false,
    isResumable: false,
    isParkable: false,
    isAtWork: false,
    isRetrying: false,
    isStarted: false,
    isReady: false,
    isPaused: false,
    isFrozen: false,
    isLost: false,
    permissions: [],
    questions: [],
    deadline: { left_ms: rules.timeout_ms },
    silence: { heard_ms: at_ms, isListening: false, isLong: false, hasTimer: false },
    wait: { heard_ms: at_ms, hasTimer: false },
    unwritten: [],
    isWriting: false,
    isWorkspaceOpen: false,
    isSaving: false,
    isSaveStopped: false,
    isChecking: false,
    isCheckStopped: false,
    roundsLeft: 0,
    isUnsaved: false,
    isWaitingToSave: false,
  };
}

/** Whether the agent has stopped until a person answers it. */
export function waitsForPerson({ permissions, questions }: AttemptState): boolean {
  return permissions.length > 0 || questions.some((question) => question.agent_goes_on !== true);
}

export function runtimeStatus(state: AttemptState): RuntimeStatus {
  if (state.stop !== undefined || state.phase === "settled") return "stopping";
  if (state.isPaused) return "paused";
  if (!state.isStarted) return "starting";
  if (state.permissions.length > 0) return "waiting_for_permission";
  if (waitsForPerson(state)) return "waiting_for_answer";
  if (state.silence.isLong) return "unresponsive";
  return state.isRetrying ? "retrying" : "running";
}
