/** The events of an attempt. */
import type { CheckResult } from "../check.ts";
import type { Failure } from "../failure.ts";
import type { RunEvent, RunOutcome } from "../run.ts";
import type { TurnMessage } from "../run_request.ts";
import type { SavedWork, StoredWorkspace } from "../workspace.ts";
import type { AttemptTimer } from "./effects.ts";

/** An event with its time in monotonic milliseconds. */
export type TimedEvent = AttemptEvent & { readonly at_ms: number };

export type AttemptEvent =
  /** What the agent reports while it works. */
  | { kind: "reported"; report: RunEvent }
  | EngineEvent
  | RequestEvent;

/** What an attempt needs to know of its task. */
export interface ClaimedTask {
  /** The number of the attempt; 0 before it is known. */
  readonly attempt: number;
  /** The number of the current turn, counted through all attempts of the task. */
  readonly turn: number;
  /** Whether an earlier attempt left a session that can be resumed. */
  readonly hasEarlierSession: boolean;
  /** A person retried the task, which counts as a restart whether or not the session can be resumed. */
  readonly isRetried: boolean;
  /** How often the task is tried again if the agent dies. */
  readonly attemptsLeft: number;
  /** How many attempts count so far, this one included. */
  readonly attemptsUsed: number;
  /** Whether the task may still wait for a provider that has too much to do. */
  readonly isPatient: boolean;
  /** How many messages wait for the end of the turn. */
  readonly waiting: number;
  /** How often failed checks may still go back to the agent. */
  readonly roundsLeft: number;
}

/** A turn that follows in the same run: it is stored. */
export interface NextTurn {
  readonly message: TurnMessage;
  /** How many messages still wait. */
  readonly waiting: number;
  /** Whether one of them does not wait for the end of this turn. */
  readonly interrupts: boolean;
  /** As of the claimed task. */
  readonly roundsLeft: number;
}

/** The results of effects, and the fate of the lease. */
type EngineEvent =
  /** The commit that claims the task is durable. */
  | ({ kind: "claimed" } & ClaimedTask)
  /** The claim failed: this attempt may not run the task. */
  | { kind: "abandoned" }
  /** `workspace`: what the task's record gets at the end, if there is no work to save. */
  | {
    kind: "prepared";
    working_dir: string;
    isWorkspaceOpen: boolean;
    workspace?: StoredWorkspace;
    notes?: SavedWork["notes"];
  }
  | { kind: "spawned"; takesTurns: boolean }
  /**
   * The workspace cannot be opened or the agent cannot be started. `failure` tells clients why. `working_dir` is absent
   * when not even the task's folder is known.
   */
  | { kind: "not_started"; failure: Failure; details: Record<string, unknown>; working_dir?: string }
  /** The whole process tree is gone. */
  | { kind: "agent_ended"; outcome: RunOutcome }
  /** A signal has reached the agent, or could not. */
  | { kind: "signalled"; signal: "pause" | "resume" }
  | { kind: "timer_fired"; timer: AttemptTimer }
  /** The write of progress has ended. */
  | { kind: "progress_written"; isStored: boolean }
  | { kind: "work_saved"; work: SavedWork }
  /** The checks have ended. `isWhole`: none was given up. */
  | { kind: "checked"; results: CheckResult[]; isWhole: boolean }
  /** Without `next` nothing is stored: no message waits, or the store fails. The end of the attempt decides what follows. */
  | { kind: "turn_committed"; next?: NextTurn }
  /** The run did not take the message, since it is over. */
  | { kind: "message_refused" }
  | { kind: "committed" }
  /** The result is not stored: the message that was to follow has been withdrawn, and no checks have run. */
  | { kind: "to_be_checked" }
  | { kind: "commit_failed"; isStoreClosed: boolean }
  | { kind: "lease_lost" }
  /** The server failed while it carried out an effect. */
  | { kind: "broke" };

/** Requests of clients and of the server. */
type RequestEvent =
  | { kind: "pause" }
  | { kind: "resume" }
  | { kind: "stop"; cause: "cancel" | "leave" | "budget" }
  /** So many messages wait now. `interrupts`: the newest does not wait for the end of the turn. */
  | { kind: "messages"; waiting: number; interrupts: boolean };
