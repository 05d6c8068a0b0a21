/**
 * How messages change a task's state: one is sent, or withdrawn. Each function returns the next state. It throws `ApiError` if
 * the task does not allow the change.
 */
import { requireSettled } from "./expected_status.ts";
import { fieldProblem } from "./field_problem.ts";
import { type Delivery, messageId, messageNumber, WAITING_MAX, type WaitingMessage } from "./message.ts";
import { withTurnEnded } from "./attempt/task_transitions.ts";
import { closedAgain, reopened } from "./reopening.ts";
import { numbering, withMessage } from "./turns.ts";
import { type Readiness, settle } from "./transitions.ts";
import { holdsSlot, type TaskRecord, type TaskState } from "./task_record.ts";
import { isFinished } from "./task_values.ts";

export interface Posted {
  state: TaskState;
  message: WaitingMessage;
  /** The turn that it will probably begin. */
  turn: number;
  delivery: Delivery;
}

type NewMessage = Omit<WaitingMessage, "number">;

/**
 * A message is sent. `readiness`, `due`: of the task, should it go on after its end. `was`: what it is again if the message is
 * withdrawn then.
 */
export function posted(
  task: TaskRecord,
  given: NewMessage,
  { readiness, due, at, was = task.state }: {
    readiness: Readiness;
    due: boolean;
    at: string;
    was?: TaskState;
  },
): Posted {
  const { status, waiting = [] } = task.state;
  if (waiting.length >= WAITING_MAX) {
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "task_id",
      task.id,
      `a task with fewer than ${WAITING_MAX} waiting messages`,
      `${WAITING_MAX} messages wait for task '${task.id}' already: wait until one is delivered, or withdraw one`,
      { current_status: status },
    );
  }
  requireSettled(task, "reopen");
  const { state: numbered, number } = withMessage(task.state);
  const message: WaitingMessage = { number, ...given };
  // One that does not wait passes those that do, but not its like.
  const patient = waiting.findIndex((one) => one.mode !== "now");
  const place = given.mode === "now" && patient !== -1 ? patient : waiting.length;
  const attached = [...task.state.attached ?? [], ...given.attachments ?? []];
  if (attached.length > ATTACHED_MAX) throw tooManyFiles(attached.length - (given.attachments?.length ?? 0));
  const sent = {
    ...numbered,
    waiting: waiting.toSpliced(place, 0, message),
    attached: attached.length > 0 ? attached : undefined,
    check_rounds: undefined,
  };
  const state = given.mode === "now" ? withTurnEnded(sent) : sent;
  const turn = turnOf(state, message);
  if (!isFinished(status)) {
    const delivery = status === "running" && given.mode === "now" ? "now" : "queued";
    return { state, message, turn, delivery };
  }
  const again = settle(reopened(state, waiting.map((one) => one.number), was), readiness, due, at);
  // What it depends on has failed: the message waits until the task can go on.
  if (isFinished(again.status)) return { state, message, turn, delivery: "queued" };
  return { state: again, message, turn, delivery: "reopened" };
}

/** How many files a task may be given with its messages. */
const ATTACHED_MAX = 200;

function tooManyFiles(had: number) {
  const message =
    `The task has been given ${had} files with its messages already: at most ${ATTACHED_MAX} are kept`;
  return fieldProblem(
    "INVALID_FIELD_VALUE",
    "attachments",
    undefined,
    `at most ${ATTACHED_MAX - had} files`,
    message,
  );
}

/** The turn that a waiting message will begin, if nothing passes it. */
export function turnOf({ turn = 1, waiting = [] }: TaskState, { number }: { number: number }): number {
  return turn + 1 + Math.max(0, waiting.findIndex((one) => one.number === number));
}

/**
 * A message that waits is taken back. If the task went on only for it, and no attempt has begun, the task is again as it was.
 */
export function withdrawn(
  task: TaskRecord,
  message_id: string,
): { state: TaskState; message: WaitingMessage } {
  const { state } = task;
  const { waiting = [], reopened: before } = state;
  const number = messageNumber(message_id);
  const message = waiting.find((one) => one.number === number);
  if (message === undefined) throw notWaiting(task, message_id);
  const rest = waiting.filter((one) => one !== message);
  const left = { ...state, waiting: rest.length > 0 ? rest : undefined };
  const isOnlyFor = before !== undefined && !holdsSlot(state) &&
    rest.every((one) => before.waited.includes(one.number));
  return { state: isOnlyFor ? closedAgain(left) : left, message };
}

function notWaiting({ id, state }: TaskRecord, message_id: string) {
  const { waiting = [], status } = state;
  const number = messageNumber(message_id);
  const isKnown = number !== undefined && number <= numbering(state).last;
  return fieldProblem(
    "INVALID_FIELD_VALUE",
    "message_id",
    message_id,
    waiting.map((one) => messageId(one.number)),
    isKnown
      ? `Message '${message_id}' of task '${id}' does not wait any more`
      : `Task '${id}' has no message '${message_id}'`,
    { current_status: status },
  );
}
