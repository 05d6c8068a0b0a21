/** The steps of an agent's plan or todo list. Agents send the whole list each time. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { RunEvent } from "../../domain/run.ts";
import type { PlanStep } from "../../domain/task.ts";
import { listOf, objectOf, oneLine, textOf } from "./wire_value.ts";

export type Progress = Extract<RunEvent, { kind: "progress" }>;

/** How many steps are kept with the task. The task's record is written again at each step. */
const STEPS_SHOWN = 50;
const SHOWN_CHARACTERS = 200;

/** The whole list of steps in a plan's update; undefined for any other update. */
export function planOf(update: Record<string, unknown>): PlanStep[] | undefined {
  if (update.sessionUpdate !== "plan" && update.sessionUpdate !== "plan_update") return undefined;
  return stepsOf(update.entries ?? objectOf(update.plan)?.entries);
}

/**
 * All steps of a plan or todo list, whichever of the usual fields has their titles; undefined if `value` is no list. The
 * bound of a message bounds them too.
 */
export function stepsOf(value: unknown): PlanStep[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const steps: PlanStep[] = [];
  for (const item of listOf(value)) {
    const entry = objectOf(item);
    const title = textOf(entry?.content) ?? textOf(entry?.description) ?? textOf(entry?.title);
    // A step that was dropped is no longer part of the work.
    if (entry === undefined || title === undefined || entry.status === "cancelled") continue;
    const status = entry.status === "completed" || entry.status === "in_progress" ? entry.status : "pending";
    steps.push({ title: oneLine(title, 500), status });
  }
  return steps;
}

/** The counts of these steps; `current_step` is the one in progress. */
export function progressOf(steps: PlanStep[]): Progress {
  const current = steps.find((step) => step.status === "in_progress");
  return {
    kind: "progress",
    completed_steps: steps.filter((step) => step.status === "completed").length,
    total_steps: steps.length,
    current_step: current?.title,
    steps: steps.slice(0, STEPS_SHOWN).map(({ title, status }) => ({
      title: oneLine(title, SHOWN_CHARACTERS),
      status,
    })),
  };
}

export function sameProgress(a: Progress | undefined, b: Progress): boolean {
  return isDeepStrictEqual(a, b);
}
