/** Answers of people to the open requests and questions of agents at work. */
import { recordAction } from "../store/audit/audited_action.ts";
import type { Actor } from "../domain/actor.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { chosenOption, type PermissionAnswer } from "../domain/permission_answer.ts";
import { permissionAnswer, questionAnswer } from "../domain/parked.ts";
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
  readonly #dispatcher: Pick<Dispatcher, "active" | "parked">;
  readonly #tasks: TaskMemory;
  readonly #options: AnswersOptions;

  constructor(dispatcher: Pick<Dispatcher, "active" | "parked">, tasks: TaskMemory, options: AnswersOptions) {
    this.#dispatcher = dispatcher;
    this.#tasks = tasks;
    this.#options = options;
  }

  /**
   * Answers an agent's open permission request. What is to be remembered, or told to the agent, is stored before the agent gets
   * the answer, and taken back if another answer was faster.
   */
  async permission(given: GivenPermission, by: Actor): Promise<AnsweredPermission> {
    const { task_id, permission_id, remember, message, ...answer } = given;
    let task = foundTask(task_id, this.#tasks);
    const run = await this.#settledRunOf(task_id);
    const { state } = task = foundTask(task_id, this.#tasks);
    const open = (run ?? state.parked)?.permissions ?? [];
    const request = open.find((one) => one.permission_id === permission_id);
    const option = request && chosenOption(answer, request);
    if (request && option) {
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
        // An agent at work has the answer before it is stored.
        if (run) await recordAction();
        // Another answer, or the timeout, may have come first although the request is still listed.
        const isTaken = run
          ? run.answerPermission(permission_id, option_id, by)
          : await this.#dispatcher.parked.answer(task_id, permissionAnswer(request, kind, by), by);
        if (isTaken) return { option_id, remembered_id, message_id };
      } catch (error) {
        if (remembered_id !== undefined) await remembered.forget(remembered_id, by);
        throw error;
      }
      if (remembered_id !== undefined) await remembered.forget(remembered_id, by);
      if (message_id !== undefined) await withdraw(task_id, message_id, by);
      // It stays open without its agent.
      if (run?.isParking) return await this.permission(given, by);
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
  async question(given: GivenAnswer, by: Actor): Promise<void> {
    const { task_id, question_id, action, content = {} } = given;
    foundTask(task_id, this.#tasks);
    const run = await this.#settledRunOf(task_id);
    const { state } = foundTask(task_id, this.#tasks);
    const open = (run ?? state.parked)?.questions ?? [];
    const question = open.find((one) => one.question_id === question_id);
    const isForm = action === "accept" && question?.schema !== undefined;
    const answer = isForm ? { action, content: await checkedContent(question.schema!, content) } : { action };
    if (question) {
      if (run) await recordAction();
      const isTaken = run
        ? run.answerQuestion(question_id, answer, by)
        : await this.#dispatcher.parked.answer(task_id, questionAnswer(question, short(answer), by), by);
      if (isTaken) return;
      if (run?.isParking) return await this.question(given, by);
    }
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "question_id",
      question_id,
      open.map((one) => one.question_id).filter((id) => id !== question_id),
      `Task '${task_id}' has no open question '${question_id}'`,
      { current_status: state.status },
    );
  }

  /** The attempt of the task. One that is being ended, so that its requests stay open without it, is waited for. */
  async #settledRunOf(task_id: string): Promise<RunningAttempt | undefined> {
    const run = this.#runOf(task_id, foundTask(task_id, this.#tasks).state);
    if (!run?.isParking) return run;
    await run.over;
    return undefined;
  }

  /** The agent of a task that has just been cancelled is still being ended. */
  #runOf(task_id: string, state: TaskState): RunningAttempt | undefined {
    return holdsSlot(state) ? this.#dispatcher.active.get(task_id) : undefined;
  }
}

/** The longest answer that is stored, in characters of JSON. */
const LONGEST_STORED = 200_000;

function short(answer: QuestionAnswer): QuestionAnswer {
  const length = JSON.stringify(answer.content ?? {}).length;
  if (length <= LONGEST_STORED) return answer;
  const expected = `at most ${LONGEST_STORED} characters of JSON`;
  throw fieldProblem("INVALID_FIELD_VALUE", "content", undefined, expected);
}
