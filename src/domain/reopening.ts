/** A task goes on after its end, because a message waits. */
import { openAgain } from "./transitions.ts";
import { isFinished } from "./task_values.ts";
import type { Reopened, TaskState } from "./task_record.ts";
import type { AttemptEnd } from "./attempt/task_transitions.ts";

/** Work that is done has no more steps. */
const workDone = { progress: 0, progress_details: undefined, earlier_plan: undefined };

/**
 * The state of an ended task that waits for another attempt, in which the messages that wait are delivered. `was`: what it is
 * again if those are withdrawn that have not `waited` before.
 */
export function reopened(ended: TaskState, waited: readonly number[], was = ended): TaskState {
  const isCompleted = ended.status === "completed";
  // A retry would put back the dependents that failed with it, a message does not.
  const hasFailed = !isCompleted || ended.review === "discarded";
  const open = openAgain(ended);
  return {
    ...open,
    status: "queued",
    turn_over: isCompleted || ended.turn_over,
    reopened: { ...asItWas(was), waited: [...waited] },
    ...isCompleted ? workDone : {},
    keeps_dependents: hasFailed ? true : open.keeps_dependents,
  };
}

/** What goes back to what it was when the message that reopened the task is withdrawn. */
const RESTORED = [
  "status",
  "progress",
  "progress_details",
  "earlier_plan",
  "started_at",
  "completed_at",
  "error",
  "failure",
  "failed_dependency",
  "automatic_attempts",
  "review",
  "archived",
  "keeps_dependents",
  "turn_over",
] as const;

type Restored = Pick<TaskState, typeof RESTORED[number]>;

/** Those that are absent are undefined: stored values have no such keys, and what they are to replace must go. */
function restored(from: Restored): Restored {
  return Object.fromEntries(RESTORED.map((name) => [name, from[name]])) as Restored;
}

function asItWas(ended: TaskState): Omit<Reopened, "waited"> {
  return { ...restored(ended), reviewed: ended.milestones?.reviewed };
}

/** The state of a reopened task as it was before, but for its messages. */
export function closedAgain(state: TaskState): TaskState {
  const before = state.reopened!;
  const milestones = state.milestones && { ...state.milestones, reviewed: before.reviewed };
  return {
    ...state,
    not_before: undefined,
    paused_from: undefined,
    reopened: undefined,
    milestones,
    ...restored(before),
  };
}

/**
 * The state after the end of a task's attempt, or of the task: if a message waits, the task goes on. An agent that was never
 * given its prompt gets it first, so a task that fails for that reason keeps its messages.
 */
export function followedUp(
  state: TaskState,
  isPrompted: boolean,
  outcome?: AttemptEnd["outcome"],
): TaskState {
  if (!isFinished(state.status)) return state;
  const isOver = state.status === "completed" || isPrompted;
  const closed = state.status !== "completed" && isPrompted ? { ...state, turn_over: true } : state;
  const follows = state.waiting !== undefined && (isOver || outcome === "interrupted");
  return follows ? reopened(closed, []) : closed;
}
