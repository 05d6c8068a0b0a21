/** The steps an agent says its work has: from ACP plans, and from the todo lists of its tool calls. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { RunEvent } from "../../domain/run.ts";
import type { PlanStep } from "../../domain/task.ts";
import { listOf, objectOf, oneLine, textOf } from "./wire_value.ts";

export type Progress = Extract<RunEvent, { kind: "progress" }>;

/** More steps than any plan has; the rest of a longer list is left out. */
const MOST_STEPS = 1000;
/** What of a plan is kept with the task, which is written anew at each step. */
const STEPS_SHOWN = 50;
const SHOWN_CHARACTERS = 200;

/**
 * The whole list of steps that an update carries, or undefined when it carries none. Agents send the whole
 * list each time. OpenCode's are in `rawInput.todos` of a tool call, and in `rawOutput.metadata.todos` when
 * a session is loaded again.
 */
export function planOf(update: Record<string, unknown>): PlanStep[] | undefined {
  switch (update.sessionUpdate) {
    case "plan":
    case "plan_update":
      return stepsOf(update.entries ?? objectOf(update.plan)?.entries);
    case "tool_call":
    case "tool_call_update":
      return stepsOf(objectOf(update.rawInput)?.todos) ??
        stepsOf(objectOf(objectOf(update.rawOutput)?.metadata)?.todos);
    default:
      return undefined;
  }
}

function stepsOf(value: unknown): PlanStep[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const steps: PlanStep[] = [];
  for (const item of listOf(value).slice(0, MOST_STEPS)) {
    const entry = objectOf(item);
    const title = textOf(entry?.content) ?? textOf(entry?.description) ?? textOf(entry?.title);
    // A step that was given up is no part of the work any more.
    if (entry === undefined || title === undefined || entry.status === "cancelled") continue;
    const status = entry.status === "completed" || entry.status === "in_progress" ? entry.status : "pending";
    steps.push({ title: oneLine(title, 500), status });
  }
  return steps;
}

/** What the steps amount to. `current_step` is the one in progress. */
export function progressOf(steps: PlanStep[]): Progress {
  const current = steps.find((step) => step.status === "in_progress");
  return {
    kind: "progress",
    completed_steps: steps.filter((step) => step.status === "completed").length,
    total_steps: steps.length,
    ...(current === undefined ? {} : { current_step: current.title }),
    steps: steps.slice(0, STEPS_SHOWN).map(({ title, status }) => ({
      title: oneLine(title, SHOWN_CHARACTERS),
      status,
    })),
  };
}

export function sameProgress(a: Progress | undefined, b: Progress): boolean {
  return isDeepStrictEqual(a, b);
}
