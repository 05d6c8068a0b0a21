/** Where one attempt of a task stands, in its server's memory. */
import type { PermissionRequest } from "../permission_request.ts";
import type { RunOutcome } from "../run.ts";
import type { Deadline, Silence } from "./clocks.ts";
import type { ProgressReport } from "./record_change.ts";
import type { RuntimeStatus } from "./runtime_status.ts";

/** What holds for the whole attempt. Times are in milliseconds. */
export interface AttemptRules {
  /** The agent's name in the configuration. */
  agent: string;
  /** How long each turn may take. */
  timeout_ms: number;
  /** An agent that gives no sign of life is reported after the first, and ended after the second; 0: never. */
  unresponsive_after_ms: number;
  unresponsive_limit_ms: number;
  /** Which event shows that the agent is at work: a command has no session. */
  ready_on: "started" | "session";
}

/**
 * - `claiming`: the commit that takes the task is under way.
 * - `preparing`: the working folder is looked for and the workspace opened.
 * - `starting`: the agent's process is being spawned.
 * - `working`: the process is there.
 * - `closing`: the process is gone; what it reported is being stored, and its workspace closed.
 * - `saving`: the result is being committed.
 * - `settled`: over. Nothing happens any more.
 */
export type AttemptPhase =
  | "claiming"
  | "preparing"
  | "starting"
  | "working"
  | "closing"
  | "saving"
  | "settled";

/** Why the agent is ended. `leave`: the server ends. `bug`: the server failed. */
export type StopCause = "cancel" | "timeout" | "silence" | "lease_lost" | "leave" | "bug";

export interface AttemptState {
  readonly rules: AttemptRules;
  readonly phase: AttemptPhase;
  /** Monotonic milliseconds. */
  readonly began_ms: number;
  /** The number of the attempt; 0 before it is known. */
  readonly attempt: number;
  /** The number of the turn that the agent works on; it counts through all attempts of the task. */
  readonly turn: number;
  /** Prompts of the turns that follow. */
  readonly messages: readonly string[];
  /** Whether the run accepts a prompt after its first turn. */
  readonly takesTurns: boolean;
  /** Whether an earlier attempt has left a session to go on with. */
  readonly hasEarlierSession: boolean;
  readonly hasSession: boolean;
  readonly working_dir?: string;
  /** The agent has said that its process runs. */
  readonly isStarted: boolean;
  /** The agent is at work: its start no longer burdens the machine. */
  readonly isReady: boolean;
  /** A client has paused the task. */
  readonly isPaused: boolean;
  /** The process is stopped, or may be: after a pause until the signal to go on has arrived. */
  readonly isFrozen: boolean;
  /** The first reason to end the agent. */
  readonly stop?: StopCause;
  /** The lease is lost: nothing is written any more. */
  readonly isLost: boolean;
  /** Open requests, the oldest first. */
  readonly permissions: readonly PermissionRequest[];
  readonly deadline: Deadline;
  readonly silence: Silence;
  /** Progress that waits for the write before it; of each kind the newest. */
  readonly unwritten: readonly ProgressReport[];
  readonly isWriting: boolean;
  readonly isWorkspaceOpen: boolean;
  /** How the agent ended, from `closing` on. */
  readonly outcome?: RunOutcome;
  /** The store has refused the result so far. */
  readonly isUnsaved: boolean;
  /** The result is committed again when its timer fires. */
  readonly isWaitingToSave: boolean;
}

/** An attempt before the commit that takes its task. */
export function newAttempt(rules: AttemptRules, at_ms: number): AttemptState {
  return {
    rules,
    phase: "claiming",
    began_ms: at_ms,
    attempt: 0,
    turn: 0,
    messages: [],
    takesTurns: false,
    hasEarlierSession: false,
    hasSession: false,
    isStarted: false,
    isReady: false,
    isPaused: false,
    isFrozen: false,
    isLost: false,
    permissions: [],
    deadline: { left_ms: rules.timeout_ms },
    silence: { heard_ms: at_ms, isListening: false, isLong: false, hasTimer: false },
    unwritten: [],
    isWriting: false,
    isWorkspaceOpen: false,
    isUnsaved: false,
    isWaitingToSave: false,
  };
}

export function runtimeStatus(state: AttemptState): RuntimeStatus {
  if (state.stop !== undefined || state.phase === "settled") return "stopping";
  if (state.isPaused) return "paused";
  if (!state.isStarted) return "starting";
  if (state.permissions.length > 0) return "waiting_for_permission";
  return state.silence.isLong ? "unresponsive" : "running";
}
