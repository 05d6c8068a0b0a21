/** Reads the demo agent's script from a prompt. Pure. */

export interface DemoScript {
  /** Titles of the plan. */
  steps: string[];
  /** Time per step. */
  delay_ms: number;
  /** The file it writes: a plain name inside its folder. */
  file: string;
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
];

/**
 * Reads `demo:NAME` and `demo:NAME=VALUE` from anywhere in a prompt: `steps` (1–50, default 4), `delay` (ms per step,
 * 0–60000, default 400), `file` (default demo.md), `ask`, `question`, `fail`, `hang` (each with a step number, default the
 * second), `refuse`.
 */
export function demoScript(prompt: string): DemoScript {
  const options = new Map<string, string>();
  for (const [, name, value] of prompt.matchAll(/\bdemo:([a-z]+)(?:=([A-Za-z0-9._-]+))?/g)) {
    options.set(name!, value ?? "");
  }
  const number = (name: string, fallback: number, least: number, most: number) => {
    const value = Number(options.get(name) || fallback);
    return Number.isFinite(value) ? Math.min(most, Math.max(least, Math.round(value))) : fallback;
  };
  const count = number("steps", 4, 1, 50);
  const step = (name: string) => options.has(name) ? number(name, Math.min(2, count), 1, count) : undefined;
  const file = options.get("file") ?? "";
  return {
    steps: Array.from(
      { length: count },
      (_, index) => TITLES[index] ?? `Go over it once more (${index + 1})`,
    ),
    delay_ms: number("delay", 400, 0, 60_000),
    file: /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(file) ? file : "demo.md",
    ask_at: step("ask"),
    question_at: step("question"),
    fail_at: step("fail"),
    hang_at: step("hang"),
    refuse: options.has("refuse"),
  };
}
