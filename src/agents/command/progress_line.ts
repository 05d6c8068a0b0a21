/** Lines on stdout by which a command reports its progress. Pure. */
import * as z from "zod";
import type { RunEvent } from "../../domain/run.ts";
import { firstCharacters } from "../reporting/first_characters.ts";

export const MAX_STEP_CHARACTERS = 200;

const ProgressLine = z.strictObject({
  progress: z.object({
    completed_steps: z.int().min(0),
    total_steps: z.int().min(1),
    current_step: z.string().nullish(),
  }).refine(({ completed_steps, total_steps }) => completed_steps <= total_steps),
});

type Progress = Extract<RunEvent, { kind: "progress" }>;

const BEGINNING = '{"progress":{';

/** Whether a line that is not finished may become a progress line. */
export function mayBeProgress(text: string): boolean {
  const begun = text.replace(/\s+/g, "");
  return begun !== "" && (BEGINNING.startsWith(begun) || begun.startsWith(BEGINNING));
}

/** The progress that a line reports; undefined for any other line. */
export function progressOf(line: string): Progress | undefined {
  if (!/^\s*\{/.test(line) || !line.includes('"progress"')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined; // Other text that only looks like a progress line.
  }
  const { success, data } = ProgressLine.safeParse(value);
  if (!success) return undefined;
  const { current_step, ...steps } = data.progress;
  const event: Progress = { kind: "progress", ...steps };
  if (current_step != null) event.current_step = firstCharacters(current_step, MAX_STEP_CHARACTERS);
  return event;
}
