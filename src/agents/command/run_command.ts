/** Runs an agent of `"protocol": "command"`: any program. Its lines are the log and its exit code is the outcome. */
import { getLogger } from "@logtape/logtape";
import type { Run, RunListener, RunOutcome, RunRequest } from "../../domain/run.ts";
import { createActivity } from "../reporting/activity.ts";
import { EventQueue } from "../reporting/event_queue.ts";
import { readLines } from "../reporting/lines.ts";
import { createOutputTail } from "../reporting/output_tail.ts";
import type { SupervisedProcess } from "../supervision/supervised_process.ts";
import type { RunHost } from "../supervision/supervisor.ts";
import { fillCommand } from "./fill_command.ts";
import { firstCharacters } from "./first_characters.ts";
import { MAX_STEP_CHARACTERS, progressOf } from "./progress_line.ts";

const log = getLogger(["opencode-agents", "agents"]);

const MAX_ERROR_CHARACTERS = 1000;

/** Starts the program. For errors and the listener's promises, see `AgentRunner.start`. */
export async function startCommand(request: RunRequest, listener: RunListener, host: RunHost): Promise<Run> {
  const { clock, supervisor } = host;
  const events = new EventQueue(request.task.id, listener);
  const process = await supervisor.spawn({
    command: fillCommand(request.agent.command, request.task),
    request,
  });
  let exited = false;
  let stopped = false;

  async function follow(): Promise<RunOutcome> {
    // The program gets everything in its arguments and environment. Closing fails if it has already ended.
    process.stdin.close().catch(() => {});
    await events.emit({ kind: "started", pid: process.pid });
    const tail = createOutputTail();
    let reports_progress = false;
    let last_error_line = "";
    const activity = createActivity(clock, (line) => {
      if (reports_progress) return;
      return events.emit({ kind: "activity", current_step: firstCharacters(line, MAX_STEP_CHARACTERS) });
    });
    const stdout = readLines(process.stdout, async (text, ends_line) => {
      tail.add(ends_line ? `${text}\n` : text);
      const progress = progressOf(text);
      if (progress) {
        reports_progress = true;
        return await events.emit(progress);
      }
      await events.note("info", text, "stdout");
      if (text.trim() !== "") activity.set(text);
    });
    const stderr = readLines(process.stderr, async (text) => {
      if (text.trim() !== "") last_error_line = text.trim();
      await events.note("warn", text, "stderr");
    });
    const exit = await process.status;
    exited = true;
    // Ends the processes that it left running. Only then are its pipes sure to close.
    await end(process);
    await Promise.all([stdout, stderr]);
    await activity.end();
    const outcome = outcomeOf(exit, last_error_line, tail.text());
    if (!stopped) return outcome;
    return { status: "stopped", output: outcome.output, exit_code: exit.code };
  }

  const outcome = follow().catch(async (error): Promise<RunOutcome> => {
    log.error("run of {task} failed: {error}", { task: request.task.id, error });
    await end(process);
    return {
      status: "failed",
      error: firstCharacters(`The run could not be followed: ${error}`, MAX_ERROR_CHARACTERS),
      output: "",
    };
  });

  return {
    pid: process.pid,
    outcome,
    async stop() {
      stopped ||= !exited;
      await end(process);
    },
    pause: () => process.pause(),
    resume: () => process.resume(),
    answerPermission: () => false,
  };
}

/** Sends SIGTERM at once, since a plain command does not react to a closed stdin. */
function end(process: SupervisedProcess): Promise<void> {
  return process.end({ stdin_grace_ms: 0 });
}

/** The outcome for an exit status. `last_line`: the last line of stderr. */
export function outcomeOf(
  exit: { code: number; signal: string | null },
  last_line: string,
  output: string,
): RunOutcome {
  const outcome = { output, exit_code: exit.code };
  if (exit.code === 0 && !exit.signal) return { status: "completed", ...outcome };
  const cause = exit.signal ? `Killed by ${exit.signal}` : `Exit code ${exit.code}`;
  const error = last_line === "" ? cause : `${cause}: ${last_line}`;
  return { status: "failed", error: firstCharacters(error, MAX_ERROR_CHARACTERS), ...outcome };
}
