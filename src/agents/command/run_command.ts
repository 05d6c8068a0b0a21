/** `"protocol": "command"`: any program, its lines as the log, its exit code as the outcome. */
import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import type { Run, RunEvent, RunListener, RunOutcome, RunRequest } from "../../domain/run.ts";
import { createActivity } from "../supervision/activity.ts";
import { withoutNul } from "../supervision/environment.ts";
import { readLines } from "../supervision/lines.ts";
import { createOutputTail } from "../supervision/output_tail.ts";
import type { RunHost } from "../supervision/supervisor.ts";

const log = getLogger(["opencode-agents", "agents"]);

const MAX_ERROR_CHARACTERS = 1000;
const MAX_STEP_CHARACTERS = 200;

const ProgressLine = z.strictObject({
  progress: z.strictObject({
    completed_steps: z.int().min(0),
    total_steps: z.int().min(1),
    current_step: z.string().optional(),
  }).refine(({ completed_steps, total_steps }) => completed_steps <= total_steps),
});

type Progress = Extract<RunEvent, { kind: "progress" }>;

/**
 * The agent's command with the task's texts in place of `{id}`, `{type}`, `{description}`, `{prompt}` and
 * `{files_pattern}`. A text stays within its argument and is not searched for placeholders again. The program's
 * own name is not replaced: a task's text never chooses what is run.
 */
export function fillCommand(command: string[], task: RunRequest["task"]): string[] {
  const texts: Record<string, string> = {
    id: task.id,
    type: task.type,
    description: task.description,
    prompt: task.prompt,
    files_pattern: task.files_pattern ?? "",
  };
  const [program = "", ...args] = command;
  const fill = (arg: string) =>
    arg.replace(/\{(id|type|description|prompt|files_pattern)\}/g, (_, name) => withoutNul(texts[name]!));
  return [program, ...args.map(fill)];
}

/** The progress that a line of stdout reports; undefined for a line of another kind. */
export function progressOf(line: string): Progress | undefined {
  if (!line.startsWith("{") || !line.includes('"progress"')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined; // Text that happens to look like it.
  }
  const { success, data } = ProgressLine.safeParse(value);
  if (!success) return undefined;
  const { current_step, ...steps } = data.progress;
  const event: Progress = { kind: "progress", ...steps };
  if (current_step !== undefined) event.current_step = cut(current_step, MAX_STEP_CHARACTERS);
  return event;
}

/** What an exit means. `last_line` is the last of stderr. */
export function outcomeOf(
  exit: { code: number; signal: string | null },
  last_line: string,
  output: string,
): RunOutcome {
  const outcome = { output, exit_code: exit.code };
  if (exit.code === 0 && !exit.signal) return { status: "completed", ...outcome };
  const cause = exit.signal ? `Killed by ${exit.signal}` : `Exit code ${exit.code}`;
  const error = last_line === "" ? cause : `${cause}: ${last_line}`;
  return { status: "failed", error: cut(error, MAX_ERROR_CHARACTERS), ...outcome };
}

/** At most `max` characters, none of them cut in half. */
function cut(text: string, max: number): string {
  return text.length <= max ? text : [...text].slice(0, max).join("");
}

/** Starts the program. See `AgentRunner.start` for errors and what the listener's promises do. */
export async function startCommand(request: RunRequest, listener: RunListener, host: RunHost): Promise<Run> {
  const { clock, supervisor } = host;
  const process = await supervisor.spawn({
    command: fillCommand(request.agent.command, request.task),
    request,
  });
  let exited = false;
  let stopped = false;

  /** A listener that fails is a bug of ours; the program must not be blocked by it. */
  const tell = async (event: RunEvent): Promise<void> => {
    try {
      await listener(event);
    } catch (error) {
      log.error("listener of {task} failed: {error}", { task: request.task.id, error });
    }
  };

  async function follow(): Promise<RunOutcome> {
    // It is told everything in its arguments and environment. An error means that it is gone already.
    process.stdin.close().catch(() => {});
    await tell({ kind: "started", pid: process.pid });
    const tail = createOutputTail();
    let reports_progress = false;
    let last_error_line = "";
    const activity = createActivity(clock, (line) => {
      if (!reports_progress) return tell({ kind: "activity", current_step: cut(line, MAX_STEP_CHARACTERS) });
    });
    const stdout = readLines(process.stdout, async (text, ends_line) => {
      tail.add(ends_line ? `${text}\n` : text);
      const progress = progressOf(text);
      if (progress) {
        reports_progress = true;
        return await tell(progress);
      }
      await tell({ kind: "log", level: "info", message: text, source: "stdout" });
      if (text.trim() !== "") activity.set(text);
    });
    const stderr = readLines(process.stderr, async (text) => {
      if (text.trim() !== "") last_error_line = text.trim();
      await tell({ kind: "log", level: "warn", message: text, source: "stderr" });
    });
    const exit = await process.status;
    exited = true;
    // What it left running ends with it; only then are its pipes sure to close.
    await process.end({ stdin_grace_ms: 0 });
    await Promise.all([stdout, stderr]);
    await activity.end();
    const outcome = outcomeOf(exit, last_error_line, tail.text());
    if (!stopped) return outcome;
    return { status: "stopped", output: outcome.output, exit_code: exit.code };
  }

  const outcome = follow().catch(async (error): Promise<RunOutcome> => {
    log.error("run of {task} failed: {error}", { task: request.task.id, error });
    await process.end({ stdin_grace_ms: 0 });
    return {
      status: "failed",
      error: cut(`The run could not be followed: ${error}`, MAX_ERROR_CHARACTERS),
      output: "",
    };
  });

  return {
    pid: process.pid,
    outcome,
    async stop() {
      stopped ||= !exited;
      await process.end({ stdin_grace_ms: 0 });
    },
    pause: () => process.pause(),
    resume: () => process.resume(),
    answerPermission: () => false,
  };
}
