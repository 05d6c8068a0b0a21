import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const answerQuestion = capability({
  type: "answer_question",
  doc:
    "Answers an agent's question, announced as `question_asked`: with the values of its form, which are checked " +
    "against the question's schema, or by saying that the page was visited (`accept`); without an answer (`decline`); " +
    "or by putting it off (`cancel`). The first answer counts.",
  permission: "write",
  errors: ["TASK_NOT_FOUND"],
  example: {
    type: "answer_question",
    task_id: "task_456",
    question_id: "ask_1",
    action: "accept",
    content: { question_0: "Redis" },
  },
  handle: async (request, { commands, clock }, { actor }) => {
    await commands.answerQuestion(request, actor);
    const { task_id, question_id, action } = request;
    return { task_id, question_id, action, by: actor, timestamp: isoTime(clock.now()) };
  },
});
