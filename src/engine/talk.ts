/** Messages to the agents of tasks: they are sent, and taken back while they wait. Each resolves once its change is stored. */
import { isoTime } from "../clock/clock.ts";
import type { Actor } from "../domain/actor.ts";
import { cascade, failuresRead, waitAgain } from "../domain/cascade.ts";
import { posted, withdrawn } from "../domain/conversation.ts";
import { readiness } from "../domain/dependencies.ts";
import { isDue } from "../domain/due.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { type Delivery, messageId, type MessageMode, type MessageSource } from "../domain/message.ts";
import { holdsSlot, type TaskRecord, type TaskState } from "../domain/task_record.ts";
import { isFinished } from "../domain/task_values.ts";
import { forgottenMessage, partsOf, userMessage, userText } from "../store/messages.ts";
import { foundTask } from "./found_task.ts";
import type { RunContext } from "./run_context.ts";

export interface Said {
  text: string;
  source: MessageSource;
  mode?: MessageMode;
  /** Ids of files. */
  attachments?: readonly string[];
  /** What else changes about the task in the same commit. It may throw to refuse the message. */
  also?(state: TaskState): TaskState;
}

export interface TalkOptions
  extends Pick<RunContext, "clock" | "store" | "index" | "settings" | "attachments"> {
  /** Checks files, and keeps them until they are used. Throws for one that is not there. */
  claim(ids: readonly string[], task_id: string, field: string): void;
  /** Throws if the task cannot go on after its end. */
  requireReopenable(task: TaskRecord): void;
}

/** A message that was accepted. */
export interface Sent {
  message_id: string;
  /** The turn that it will probably begin. */
  turn: number;
  delivery: Delivery;
}

/** What else is stored or deleted in the same commit. */
export type Entries = Partial<ReturnType<RunContext["store"]["reviews"]["entries"]>>;

export class Talk {
  readonly #options: TalkOptions;

  constructor(options: TalkOptions) {
    this.#options = options;
  }

  /** Throws `ApiError`: `TASK_NOT_FOUND`, `INVALID_FIELD_VALUE` if the task takes no message. */
  async say(
    task_id: string,
    { text, source, mode, attachments, also = (state) => state }: Said,
    by: Actor,
  ): Promise<Sent> {
    const { clock, store, index, claim, requireReopenable } = this.#options;
    const task = foundTask(task_id, store.tasks);
    this.#requireListener(task);
    if (isFinished(task.state.status)) requireReopenable(task);
    if (attachments?.length) claim(attachments, task_id, "attachments");
    const about = { source, by, mode: mode === "next" ? undefined : mode, parts: partsOf(text) };
    let sent!: Sent;
    await store.tasks.update((view) => {
      const found = foundTask(task_id, view);
      // Another agent may have been given to it meanwhile.
      this.#requireListener(found);
      const now = clock.now();
      const at = isoTime(now);
      const graph = index.graphOf(view);
      const ready = readiness(found.spec, graph.find);
      const given = { ...about, at, attachments: attachments?.length ? [...attachments] : undefined };
      const before = { ...found, state: also(found.state) };
      const { state, message, turn, delivery } = posted(before, given, {
        readiness: ready,
        due: isDue(found, now),
        at,
        was: found.state,
      });
      sent = { message_id: messageId(message.number), turn, delivery };
      const states = new Map([[task_id, state]]);
      const after = delivery === "reopened" ? waitAgain(graph, states, now) : states;
      const attempt = state.attempt + (holdsSlot(state) ? 0 : 1);
      return {
        updates: [...after].map(([id, one]) => ({ id, state: one })),
        reads: failuresRead(after),
        sets: [
          userMessage(task_id, message, { turn, attempt, state: "queued" }),
          ...userText(task_id, message.number, text),
        ],
        deletes: forgottenMessage(task_id, message.number, state.waiting),
      };
    }, by);
    return sent;
  }

  /** Throws `ApiError`: `TASK_NOT_FOUND`, `INVALID_FIELD_VALUE` if the message does not wait. */
  async withdraw(task_id: string, message_id: string, by: Actor, besides: Entries): Promise<void> {
    const { clock, store, index } = this.#options;
    await store.tasks.update((view) => {
      const { state: before, ...rest } = foundTask(task_id, view);
      const { state, message } = withdrawn({ ...rest, state: before }, message_id);
      const { turn = 1, attempt } = before;
      const now = clock.now();
      const states = cascade(index.graphOf(view), new Map([[task_id, state]]), now);
      return {
        updates: [...states].map(([id, one]) => ({ id, state: one })),
        reads: failuresRead(states),
        sets: [
          userMessage(task_id, message, { turn, attempt, state: "withdrawn" }),
          ...besides.sets ?? [],
        ],
        deletes: besides.deletes,
      };
    }, by);
  }

  /** A command takes no messages. An agent that is not configured fails its task later. */
  #requireListener(task: TaskRecord): void {
    const { settings } = this.#options;
    const agent = settings.agentFor(task);
    if (settings.agents[agent]?.protocol !== "command") return;
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "task_id",
      task.id,
      "a task of an agent that speaks ACP",
      `Agent '${agent}' of task '${task.id}' is a command, which takes no messages`,
      { current_status: task.state.status },
    );
  }
}
