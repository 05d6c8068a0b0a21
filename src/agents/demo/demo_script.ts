/** Reads the demo agent's script from a prompt. Pure. */

import { answeredComments, type DemoEdit, notedMessage, writtenFiles } from "./demo_edits.ts";

export interface DemoStep {
  /** As the plan shows it. */
  title: string;
  /** Absent for a step that only looks. */
  edit?: DemoEdit;
}

export interface DemoScript {
  steps: DemoStep[];
  /** Time per step. */
  delay_ms: number;
  /** The file that it writes unless the prompt shows others: a plain name inside its folder. */
  file: string;
  /** Whether the prompt says what to write. */
  isTold: boolean;
  /** The step, counted from 1, before which it asks for permission. */
  ask_at: number | undefined;
  /** The step before which it asks a person which word to write. */
  question_at: number | undefined;
  /** The step at which it fails with an error. */
  fail_at: number | undefined;
  /** The step at which it hangs until it is canceled. */
  hang_at: number | undefined;
  refuse: boolean;
}

const TITLES = [
  "Read the request",
  "Look through the folder",
  "Plan the change",
  "Write it down",
  "Check the result",
  "Tidy up",
] as const;

/** A step that adds a line about itself to the file. */
function lineStep(file: string, index: number): DemoStep {
  const title = TITLES[index] ?? `Go over it once more (${index + 1})`;
  return { title, edit: { file, title, change: (old, at) => `${old ?? ""}- ${at} ${title}\n` } };
}

/**
 * Reads `demo:NAME` and `demo:NAME=VALUE` from anywhere in a prompt: `steps` (1–50, default 4), `delay` (ms per step,
 * 0–60000, default 400), `file` (default demo.md), `ask`, `question`, `fail`, `hang` (each with a step number, default the
 * second), `refuse`. A prompt that shows files in blocks (```PATH) has them written, and one with review comments has each
 * answered in its place. `written`: the file that the session has last written so; a message without options is noted there.
 */
export function demoScript(prompt: string, written?: string): DemoScript {
  const options = new Map<string, string>();
  for (const [, name, value] of prompt.matchAll(/\bdemo:([a-z]+)(?:=([A-Za-z0-9._-]+))?/g)) {
    options.set(name!, value ?? "");
  }
  const number = (name: string, fallback: number, least: number, most: number) => {
    const value = Number(options.get(name) || fallback);
    return Number.isFinite(value) ? Math.min(most, Math.max(least, Math.round(value))) : fallback;
  };
  const shown = [...writtenFiles(prompt), ...answeredComments(prompt)];
  const isNote = shown.length === 0 && options.size === 0 && written !== undefined;
  const told = isNote ? [notedMessage(prompt, written)] : shown;
  const count = told.length > 0 ? told.length + 2 : number("steps", 4, 1, 50);
  const step = (name: string) => options.has(name) ? number(name, Math.min(2, count), 1, count) : undefined;
  const file = options.get("file") ?? "";
  const own_file = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(file) ? file : "demo.md";
  return {
    steps: told.length > 0
      ? [{ title: TITLES[0] }, ...told.map((edit) => ({ title: edit.title, edit })), {
        title: "Check the result",
      }]
      : Array.from({ length: count }, (_, index) => lineStep(own_file, index)),
    delay_ms: number("delay", 400, 0, 60_000),
    file: own_file,
    isTold: told.length > 0,
    ask_at: step("ask"),
    question_at: step("question"),
    fail_at: step("fail"),
    hang_at: step("hang"),
    refuse: options.has("refuse"),
  };
}
