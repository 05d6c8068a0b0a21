/** Answers of people to the open requests and questions of agents at work. */
import type { Actor } from "../domain/actor.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { chosenOption, type PermissionAnswer } from "../domain/permission_answer.ts";
import type { QuestionAnswer } from "../domain/question.ts";
import { holdsSlot, type TaskState } from "../domain/task_record.ts";
import { checkedContent } from "../protocol/question_content.ts";
import type { TaskMemory } from "../read/task_index.ts";
import type { RunningAttempt } from "./attempt/running_attempt.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { foundTask } from "./found_task.ts";

export type GivenPermission = PermissionAnswer & { task_id: string; permission_id: string };
export type GivenAnswer = QuestionAnswer & { task_id: string; question_id: string };

export class AgentAnswers {
  readonly #dispatcher: Pick<Dispatcher, "active">;
  readonly #tasks: TaskMemory;

  constructor(dispatcher: Pick<Dispatcher, "active">, tasks: TaskMemory) {
    this.#dispatcher = dispatcher;
    this.#tasks = tasks;
  }

  /** Answers an agent's open permission request. Returns the id of the chosen option. */
  permission({ task_id, permission_id, ...answer }: GivenPermission, by: Actor): string {
    const { state } = foundTask(task_id, this.#tasks);
    const run = this.#runOf(task_id, state);
    const open = run?.permissions ?? [];
    const request = open.find((one) => one.permission_id === permission_id);
    const option = request && chosenOption(answer, request);
    // Another answer, or the timeout, may have come first although the request is still listed.
    if (option && run?.answerPermission(permission_id, option.option_id, by)) return option.option_id;
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
