/** Checks: programs that look at a task's work after a turn that would complete it. Pure. */
import * as z from "zod";
import { Argv } from "./argv.ts";
import { CHECK_NAME } from "./check_text.ts";
import { ApiError } from "./errors.ts";
import { cutToBytes, utf8Length } from "./scalars.ts";

export const CheckName = z.string().regex(CHECK_NAME, {
  error: "1 to 40 letters, digits, '_' or '-'",
});

/** A program with its arguments, or the name of one in the configuration. */
export const Check = z.union([Argv, CheckName]);
export type Check = z.infer<typeof Check>;

export const Checks = z.array(Check).max(20);
export type Checks = z.infer<typeof Checks>;

export const CheckRounds = z.int().min(0).max(10);
export const CHECK_ROUNDS = 2;

/** How one check ended. */
export const CheckResult = z.object({
  command: z.string().describe("The program and its arguments, at most 300 characters."),
  ok: z.boolean(),
  exit_code: z.int().optional().describe("Absent if it did not end by itself, or could not be started."),
  duration_ms: z.int(),
  output: z.string().describe("The end of what it printed, at most 4 KiB."),
});
export type CheckResult = z.infer<typeof CheckResult>;

/** What is known once all checks of a turn have run. */
export interface CheckedTurn {
  readonly results: CheckResult[];
}

/** Runs a program in a task's folder. Never rejects. Without an exit code it was ended, or could not be started. */
export type RunCheck = (check: {
  task_id: string;
  program: readonly string[];
  folder: string;
  env: Readonly<Record<string, string>>;
  signal: AbortSignal;
}) => Promise<Pick<CheckResult, "exit_code" | "output">>;

/** How much of a check's output is kept, in bytes. */
export const CHECK_OUTPUT_MAX = 4096;
/** What all results may take as JSON, so that they fit beside the agent's answer. */
const RESULTS_BYTES_MAX = 12_000;
const COMMAND_MAX = 300;

/** The programs to run. `named`: the configuration's. Throws `CONFIGURATION_ERROR` for a name that it does not have. */
export function programsOf(
  checks: readonly Check[] = [],
  named: Readonly<Record<string, Argv>>,
): (readonly string[])[] {
  return checks.map((check) => {
    if (typeof check !== "string") return check;
    if (Object.hasOwn(named, check)) return named[check]!;
    throw new ApiError("CONFIGURATION_ERROR", `Check '${check}' is not configured`, {
      check,
      known: Object.keys(named),
    });
  });
}

/** The command as people read it. */
export function commandOf(program: readonly string[]): string {
  const command = program.join(" ");
  return command.length <= COMMAND_MAX ? command : `${command.slice(0, COMMAND_MAX - 1)}…`;
}

export function failedChecks(results: readonly CheckResult[]): CheckResult[] {
  return results.filter(({ ok }) => !ok);
}

/** How it ended, in words. */
export function checkWords(
  { command, ok, exit_code }: Pick<CheckResult, "command" | "ok" | "exit_code">,
): string {
  const how = exit_code === undefined ? "did not run to its end" : `failed with exit code ${exit_code}`;
  return `Check '${command}' ${ok ? "passed" : how}`;
}

/** The error of a task whose work does not pass. */
export function checkFailure(results: readonly CheckResult[]): string | undefined {
  const [first] = failedChecks(results);
  return first && `Check '${first.command}' failed`;
}

/** The results as they are kept: with so much of their outputs as fits. Those that failed keep the most. */
export function keptResults(results: readonly CheckResult[]): CheckResult[] {
  for (let max = CHECK_OUTPUT_MAX; max > 0; max = Math.floor(max / 2)) {
    const kept = results.map((one) => ({ ...one, output: endOf(one.output, one.ok ? max >> 2 : max) }));
    if (utf8Length(JSON.stringify(kept)) <= RESULTS_BYTES_MAX) return kept;
  }
  return results.map((one) => ({ ...one, command: cutToBytes(one.command, 80), output: "" }));
}

/** The end of the text, from a whole character on. */
function endOf(text: string, bytes: number): string {
  if (utf8Length(text) <= bytes) return text;
  const encoded = new TextEncoder().encode(text);
  let start = encoded.length - bytes;
  while (start < encoded.length && (encoded[start]! & 0xc0) === 0x80) start++;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(encoded.subarray(start));
}

/** What the agent is told of checks that failed. */
export function checkMessage(results: readonly CheckResult[]): string {
  const failed = failedChecks(results);
  const intro = failed.length === 1 ? "A check of your work failed." : "Checks of your work failed.";
  const parts = failed.map(({ command, exit_code, output }) => {
    const how = exit_code === undefined ? "did not run to its end" : `ended with exit code ${exit_code}`;
    const said = endOf(output, CHECK_OUTPUT_MAX).trim();
    const shown = said === "" ? "It printed nothing." : `The end of its output:\n\n${fenced(said)}`;
    return `${fencedLine(command)} ${how}. ${shown}`;
  });
  return [intro, ...parts, "Find the cause and fix it. All checks run again after your turn."].join("\n\n");
}

/** In a fence that the text does not end. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

function fencedLine(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.includes("`") ? `\`\` ${line} \`\`` : `\`${line}\``;
}
