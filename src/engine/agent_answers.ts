/** Answers of people to the open requests and questions of agents at work. */
import type { Actor } from "../domain/actor.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { chosenOption, type PermissionAnswer } from "../domain/permission_answer.ts";
import type { RememberScope } from "../domain/remembered.ts";
import type { QuestionAnswer } from "../domain/question.ts";
import { holdsSlot, type TaskState } from "../domain/task_record.ts";
import { checkedContent } from "../protocol/question_content.ts";
import type { TaskMemory } from "../read/task_index.ts";
import type { RunningAttempt } from "./attempt/running_attempt.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { RememberedAnswers } from "./remembered_answers.ts";
import { foundTask } from "./found_task.ts";

export type GivenPermission = PermissionAnswer & {
  task_id: string;
  permission_id: string;
  /** Where the same call is not asked about again. */
  remember?: RememberScope;
  /** What the agent is told with a denial. */
  message?: string;
};

/** What came of an answer. */
export interface AnsweredPermission {
  /** The id of the chosen option. */
  option_id: string;
  remembered_id?: string;
  message_id?: string;
}
export type GivenAnswer = QuestionAnswer & { task_id: string; question_id: string };

export interface AnswersOptions {
  remembered: Pick<RememberedAnswers, "entryFor" | "keep" | "forget">;
  /** Sends the task's agent a message that waits for the end of the turn. Returns its id. */
  say(task_id: string, text: string, by: Actor): Promise<string>;
  withdraw(task_id: string, message_id: string, by: Actor): Promise<void>;
}

export class AgentAnswers {
  readonly #dispatcher: Pick<Dispatcher, "active">;
  readonly #tasks: TaskMemory;
  readonly #options: AnswersOptions;

  constructor(dispatcher: Pick<Dispatcher, "active">, tasks: TaskMemory, options: AnswersOptions) {
    this.#dispatcher = dispatcher;
    this.#tasks = tasks;
    this.#options = options;
  }

  /**
   * Answers an agent's open permission request. What is to be remembered, or told to the agent, is stored before the agent gets
   * the answer, and taken back if another answer was faster.
   */
  async permission(
    { task_id, permission_id, remember, message, ...answer }: GivenPermission,
    by: Actor,
  ): Promise<AnsweredPermission> {
    const task = foundTask(task_id, this.#tasks);
    const { state } = task;
    const run = this.#runOf(task_id, state);
    const open = run?.permissions ?? [];
    const request = open.find((one) => one.permission_id === permission_id);
    const option = request && chosenOption(answer, request);
    if (request && option && run) {
      const { option_id, kind } = option;
      const decision = kind.startsWith("allow") ? "allow" : "deny";
      if (message !== undefined && decision === "allow") {
        throw fieldProblem("INVALID_FIELD_VALUE", "message", undefined, "no message with a permission");
      }
      const { remembered, say, withdraw } = this.#options;
      const entry = remember && remembered.entryFor(task, request, decision, remember, by);
      const remembered_id = entry && await remembered.keep(entry, by);
      let message_id: string | undefined;
      try {
        message_id = message === undefined ? undefined : await say(task_id, message, by);
        // Another answer, or the timeout, may have come first although the request is still listed.
        if (run.answerPermission(permission_id, option_id, by)) {
          return { option_id, remembered_id, message_id };
        }
      } catch (error) {
        if (remembered_id !== undefined) await remembered.forget(remembered_id, by);
        throw error;
      }
      if (remembered_id !== undefined) await remembered.forget(remembered_id, by);
      if (message_id !== undefined) await withdraw(task_id, message_id, by);
    }
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "permission_id",
      permission_id,
      open.filter((one) => one !== request).map((one) => one.permission_id),
      `Task '${task_id}' has no open permission request '${permission_id}'`,
      { current_status: state.status },
    );
  }

  /**
   * Answers an agent's open question. The first answer wins; later ones are refused like those to a question that is not
   * open. Content of an answer other than `accept`, or to a page to visit, is ignored.
   */
  async question({ task_id, question_id, action, content = {} }: GivenAnswer, by: Actor): Promise<void> {
    const { state } = foundTask(task_id, this.#tasks);
    const run = this.#runOf(task_id, state);
    const question = run?.questions.find((one) => one.question_id === question_id);
    const isForm = action === "accept" && question?.schema !== undefined;
    const answer = isForm ? { action, content: await checkedContent(question.schema!, content) } : { action };
    if (!question || !run?.answerQuestion(question_id, answer, by)) {
      throw fieldProblem(
        "INVALID_FIELD_VALUE",
        "question_id",
        question_id,
        run?.questions.map((one) => one.question_id).filter((id) => id !== question_id) ?? [],
        `Task '${task_id}' has no open question '${question_id}'`,
        { current_status: state.status },
      );
    }
  }

  /** The agent of a task that has just been cancelled is still being ended. */
  #runOf(task_id: string, state: TaskState): RunningAttempt | undefined {
    return holdsSlot(state) ? this.#dispatcher.active.get(task_id) : undefined;
  }
}
