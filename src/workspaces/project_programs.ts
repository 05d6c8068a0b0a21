/** The programs that run for tasks beside their agents: a project's `setup` and `teardown` of worktrees, and checks. */
import { getLogger } from "@logtape/logtape";
import { joinedBytes } from "../domain/bytes.ts";
import { CHECK_OUTPUT_MAX, type RunCheck } from "../domain/check.ts";
import { ApiError } from "../domain/errors.ts";
import type { Clock } from "../clock/clock.ts";
import { commonVariables, pickVariables } from "../host/processes/common_variables.ts";
import {
  type ProgramEnd,
  type ProgramRun,
  type RunProgram,
  whyEnded,
} from "../host/processes/contained_program.ts";
import { endTree } from "../host/processes/end_tree.ts";
import { processLists } from "../host/processes/process_lists.ts";
import { createTree } from "../host/processes/process_tree.ts";

const log = getLogger(["opencode-agents", "workspaces"]);

/** How much of what a program printed its error repeats. */
const LINES = 20;
const WORDS_MAX = 4000;
const OUTPUT_MAX = 16_000_000;
const TEARDOWN_MS = 60_000;
/** No task may take longer: its own timeout ends its checks. */
const CHECK_MS = 86_400_000;
/** How long what a check has left running may tidy up. */
const LEFT_MS = 2_000;
/** Of the server's variables, besides those that every program gets. */
const OWN_VARIABLES = ["TMPDIR", "USER", "LOGNAME"];

export interface ProgramHost {
  clock: Clock;
  run: RunProgram;
  server_env: Record<string, string>;
  marks?: Record<string, string>;
  /** Has what runs for the task run in its agent's sandbox, if that has one: it may run what the agent has written. */
  boxed?: Boxed;
}

/** Throws `SERVICE_UNAVAILABLE` if there can be no sandbox. `folder`: where the program starts. */
export type Boxed = (
  task_id: string,
  folder: string,
  program: Pick<ProgramRun, "program" | "args" | "env">,
) => Promise<{ run: Pick<ProgramRun, "program" | "args" | "env">; end(): Promise<void> } | undefined>;

export interface InWorktree {
  task_id: string;
  /** The folder that they run in. */
  folder: string;
  repository: string;
  env?: Record<string, string>;
}

/** Runs the programs one after another, for `bound_ms` in all. Throws `ApiError` with the last lines of one that fails. */
export async function runSetup(
  host: ProgramHost,
  programs: readonly (readonly string[])[],
  bound_ms: number,
  where: InWorktree,
  signal?: AbortSignal,
): Promise<void> {
  const until_ms = host.clock.monotonic() + bound_ms;
  for (const program of programs) {
    const left_ms = Math.max(0, until_ms - host.clock.monotonic());
    const problem = await problemOf(host, program, left_ms, bound_ms, where, signal);
    if (problem === undefined) continue;
    throw new ApiError("FILESYSTEM_ERROR", `The project's setup failed: ${program.join(" ")}: ${problem}`, {
      operation: "setup",
      command: program,
      file_path: where.folder,
    });
  }
}

/** Runs all of them, whatever becomes of one. Returns what went wrong. */
export async function runTeardown(
  host: ProgramHost,
  programs: readonly (readonly string[])[],
  where: InWorktree,
): Promise<string[]> {
  const problems: string[] = [];
  for (const program of programs) {
    const problem = await problemOf(host, program, TEARDOWN_MS, TEARDOWN_MS, where);
    if (problem !== undefined) problems.push(`${program.join(" ")}: ${problem}`);
  }
  return problems;
}

/** Runs checks: for a task's own time, with the end of what they print. What one leaves running is ended with it. */
export function checkRunner(host: ProgramHost): RunCheck {
  const lists = processLists(host.clock);
  return async ({ task_id, program: [program = "", ...args], folder, env, signal }) => {
    const tail = new Tail(CHECK_OUTPUT_MAX);
    const mark = { OPENCODE_AGENTS_CHECK: crypto.randomUUID() };
    try {
      const end = await runBoxed(host, task_id, folder, {
        program,
        args,
        env: { ...variablesFor(host, task_id, env), ...mark },
        bound_ms: CHECK_MS,
        signal,
        output_max: OUTPUT_MAX,
        printed: (bytes) => tail.add(bytes),
      });
      return { exit_code: end.why === "ended" ? end.code : undefined, output: tail.text };
    } catch (error) {
      return { output: `It cannot be run: ${(error as Error).message}` };
    } finally {
      // Such as a daemon, which has left the group.
      const rest = createTree(lists, [], { all: [`OPENCODE_AGENTS_CHECK=${mark.OPENCODE_AGENTS_CHECK}`] });
      await endTree(host.clock, rest, LEFT_MS).catch((error) => {
        log.warn("it is not known what a check of task {id} has left running: {error}", {
          id: task_id,
          error,
        });
      });
    }
  };
}

/** The last bytes of what comes in parts. */
class Tail {
  readonly #max: number;
  #bytes = new Uint8Array();

  constructor(max: number) {
    this.#max = max;
  }

  /** Does not keep the bytes that it is given. */
  add(bytes: Uint8Array): void {
    this.#bytes = joinedBytes([this.#bytes, bytes.slice(-this.#max)]).slice(-this.#max);
  }

  /** From a whole character on. */
  get text(): string {
    const bytes = this.#bytes;
    let start = 0;
    if (bytes.length === this.#max) { while (start < 4 && (bytes[start]! & 0xc0) === 0x80) start++; }
    return new TextDecoder().decode(bytes.subarray(start));
  }
}

function variablesFor(
  { server_env, marks }: ProgramHost,
  task_id: string,
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  const usual = pickVariables(server_env, [...commonVariables(server_env), ...OWN_VARIABLES]);
  return { ...usual, ...env, TASK_ID: task_id, ...marks };
}

async function runBoxed(
  { run, boxed }: ProgramHost,
  task_id: string,
  folder: string,
  program: Omit<ProgramRun, "cwd">,
): Promise<ProgramEnd> {
  const box = await boxed?.(task_id, folder, program);
  try {
    return await run({ ...program, ...box?.run, cwd: folder });
  } finally {
    await box?.end();
  }
}

async function problemOf(
  host: ProgramHost,
  [program = "", ...args]: readonly string[],
  left_ms: number,
  bound_ms: number,
  { task_id, folder, repository, env }: InWorktree,
  signal?: AbortSignal,
): Promise<string | undefined> {
  let end: ProgramEnd;
  try {
    end = await runBoxed(host, task_id, folder, {
      program,
      args,
      env: variablesFor(host, task_id, { ...env, OPENCODE_AGENTS_REPOSITORY: repository }),
      bound_ms: left_ms,
      signal,
      output_max: OUTPUT_MAX,
    });
  } catch (error) {
    return `it cannot be run: ${(error as Error).message}`;
  }
  if (end.why !== "ended") return whyEnded(end.why, { bound_ms, output_max: OUTPUT_MAX });
  return end.code === 0 ? undefined : `exit code ${end.code}${lastLines(end)}`;
}

function lastLines({ stdout, stderr }: Extract<ProgramEnd, { why: "ended" }>): string {
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trimEnd()).filter(Boolean)
    .join("\n");
  const lines = text.split("\n").slice(-LINES).join("\n").slice(-WORDS_MAX);
  return lines === "" ? "" : `\n${lines}`;
}
