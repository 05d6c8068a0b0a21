/**
 * Answers to what an agent asked before it was ended to give its slot back. It is told of them when it goes on, and gets each once
 * if it asks the same again.
 */
import type { LateAnswer } from "../../domain/parked.ts";
import { cut, oneLine } from "./wire_value.ts";

type Late<K extends LateAnswer["kind"]> = Extract<LateAnswer, { kind: K }>;

const TITLE_CHARACTERS = 500;
const CONTENT_CHARACTERS = 32_768;

export class LateAnswers {
  #left: readonly LateAnswer[];

  constructor(answers: readonly LateAnswer[]) {
    this.#left = answers;
  }

  permission(call: string): Late<"permission"> | undefined {
    return this.#take((one) => one.kind === "permission" && one.call === call) as
      | Late<"permission">
      | undefined;
  }

  question(call: string): Late<"question"> | undefined {
    return this.#take((one) => one.kind === "question" && one.call === call) as Late<"question"> | undefined;
  }

  #take(isWanted: (answer: LateAnswer) => boolean): LateAnswer | undefined {
    const found = this.#left.find(isWanted);
    this.#left = this.#left.filter((one) => one !== found);
    return found;
  }
}

/** What the agent is told of them; undefined if there is none. */
export function lateAnswersText(answers: readonly LateAnswer[]): string | undefined {
  if (answers.length === 0) return undefined;
  const intro = "You had asked a person, and were stopped until the answer came. This is the answer:";
  return [intro, ...answers.map((answer) => `- ${wordsOf(answer)}`)].join("\n");
}

function wordsOf(answer: LateAnswer): string {
  const title = oneLine(answer.title, TITLE_CHARACTERS);
  if (answer.kind === "permission") {
    return answer.chosen.startsWith("allow")
      ? `Permission is given: ${title}. Do it now, in the same way: you are not asked again.`
      : `Permission is denied${
        answer.by ? "" : ", since nobody answered in time"
      }: ${title}. Go on without it.`;
  }
  switch (answer.action) {
    case "accept":
      return answer.content === undefined
        ? `Done: ${title}`
        : `The answer to "${title}" is ${cut(JSON.stringify(answer.content), CONTENT_CHARACTERS)}`;
    case "decline":
      return `No answer is given to "${title}". Go on without one.`;
    case "cancel":
      return `Nobody has answered "${title}"${answer.by ? "" : " in time"}. Go on without an answer.`;
  }
}
