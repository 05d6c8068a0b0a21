/** Agents' questions, and how they are answered. */
import type { Question, QuestionAnswer } from "../../domain/question.ts";
import type { Task } from "../../domain/task.ts";
import { client } from "./server.ts";
import { put, taskOf } from "./tasks.ts";

/** The questions without an answer, the oldest first. */
export function openQuestions(task: Task): Question[] {
  return task.pending_questions ?? [];
}

/** Rejects like `client.request`, also if someone else answered first. */
export async function answerQuestion(
  task_id: string,
  question_id: string,
  answer: QuestionAnswer,
): Promise<void> {
  await client.request("answer_question", { task_id, question_id, ...answer });
  const task = taskOf(task_id);
  if (!task) return;
  const left = openQuestions(task).filter((other) => other.question_id !== question_id);
  const { pending_questions: _, ...rest } = task;
  put(left.length > 0 ? { ...rest, pending_questions: left } : rest);
}
