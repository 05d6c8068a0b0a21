/** Builds the prompts for an agent. Pure. */
import type { DependencyResult, EarlierWork, RunRequest } from "../../domain/run_request.ts";
import { cutToBytes } from "../../domain/scalars.ts";
import { oneLine } from "./wire_value.ts";

/** Metadata beyond this many characters of JSON is left out. */
const MOST_METADATA = 16 * 1024;
/** The most bytes of what is told of earlier work, and of its parts. */
const TOLD_BYTES = 12 * 1024;
const ANSWER_BYTES = 2048;
/** The most bytes of what is told of the tasks that this one depends on, and how many files of each. */
const OTHERS_BYTES = 96 * 1024;
const OTHERS_FILES = 50;
const MOST_STEPS = 50;
const LINE_CHARACTERS = 200;
const REASON_CHARACTERS = 500;

const HALF_DONE = "Its work may be half done in this folder.";

type Block = { type: "text"; text: string };

const textBlock = (text: string): Block => ({ type: "text", text });

/**
 * The content blocks that begin a session: the task's prompt unchanged, its context, what the tasks did that it depends on, and what earlier sessions did, each
 * in a block of its own. `follows`: a message comes after them, which the turn is about.
 */
export function firstPrompt(
  task: RunRequest["task"],
  earlier: EarlierWork | undefined,
  follows: boolean = false,
): Block[] {
  const blocks = [textBlock(task.prompt)];
  const context: string[] = [];
  if (task.files_pattern !== undefined) context.push(`Files concerned (glob): ${task.files_pattern}`);
  if (task.metadata !== undefined && Object.keys(task.metadata).length > 0) {
    const json = JSON.stringify(task.metadata);
    context.push(json.length > MOST_METADATA ? "Metadata: too long to be shown" : `Metadata: ${json}`);
  }
  if (context.length > 0) blocks.push(textBlock(`Context of the task\n${context.join("\n")}`));
  if (task.dependencies?.length) blocks.push(textBlock(whatOthersDid(task.dependencies)));
  const isKnown = earlier !== undefined && hasWorked(earlier);
  if (isKnown || follows) blocks.push(textBlock(whatWasDone(isKnown ? earlier : undefined, follows)));
  return blocks;
}

function whatOthersDid(dependencies: readonly DependencyResult[]): string {
  const told = dependencies.map(({ task_id, description, answer, files, review, isHere }) =>
    [
      `Task ${task_id}: ${oneLine(description, LINE_CHARACTERS)}`,
      standOf(review, isHere),
      answer ? `Its last answer\n${cutToBytes(answer.trim(), ANSWER_BYTES)}` : "",
      listOf("Files that it changed", files.slice(0, OTHERS_FILES)),
      files.length > OTHERS_FILES ? "- and more" : "",
    ].filter(Boolean).join("\n")
  );
  const intro =
    "This task depends on others, which have ended. This is what their agents answered and changed:";
  return cutToBytes([intro, ...told].join("\n\n"), OTHERS_BYTES);
}

function standOf(review: DependencyResult["review"], isHere: boolean): string {
  if (review === "discarded") return "Its changes were discarded.";
  return isHere ? "Its changes are in your folder already." : "";
}

/** The prompt of a session that goes on. It has the task's prompt already. */
export function goOnPrompt(earlier: EarlierWork | undefined): Block[] {
  if (earlier === undefined) return [textBlock("continue")];
  return [
    textBlock(
      `Continue where you stopped. Your turn ended before your work was done: ${reasonOf(earlier)}. ` +
        "Your last step may be half done, so check it first.",
    ),
  ];
}

/** Whether anything is known that an agent did for the task. */
export function hasWorked({ answer, plan, steps, files }: EarlierWork): boolean {
  return [answer ?? "", plan, steps, files].some((part) => part.length > 0);
}

function whatWasDone(earlier: EarlierWork | undefined, follows: boolean): string {
  const { answer, plan = [], steps = [], files = [], asked = [] } = earlier ?? {};
  const told = [
    follows ? beforeMessage(earlier) : beforeWork(earlier),
    listOf("What you were asked after that", asked),
    listOf(
      "The plan",
      plan.slice(0, MOST_STEPS).map(({ title, status }) =>
        `[${status === "completed" ? "x" : " "}] ${title}`
      ),
    ),
    listOf("Files that were changed", files),
    listOf("The last steps", steps),
    answer ? `The last words\n${cutToBytes(answer.trim(), ANSWER_BYTES)}` : "",
  ];
  return cutToBytes(told.filter(Boolean).join("\n\n"), TOLD_BYTES);
}

function beforeWork(earlier: EarlierWork | undefined): string {
  return `You began this task in an earlier session, which ended before the work was done: ${
    reasonOf(earlier)
  }. ${HALF_DONE} Look at what is there before you change it, keep what is right, and continue from there.`;
}

function beforeMessage(earlier: EarlierWork | undefined): string {
  const state = earlier?.stopped === undefined
    ? "Look at what is there before you change it."
    : `Your last turn ended before its work was done: ${reasonOf(earlier)}. ${HALF_DONE}`;
  return "That is what you were asked first. You have worked on it in an earlier session, which cannot be loaded any more. " +
    `${state} What you are asked now follows at the end.`;
}

function reasonOf(earlier: EarlierWork | undefined): string {
  return oneLine(earlier?.stopped ?? "the reason is not known", REASON_CHARACTERS).replace(/[.\s]+$/, "");
}

function listOf(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return [title, ...lines.map((line) => `- ${oneLine(line, LINE_CHARACTERS)}`)].join("\n");
}
