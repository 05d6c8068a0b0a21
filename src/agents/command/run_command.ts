/** Runs an agent of `"protocol": "command"`: any program. Its lines are the log and its exit code is the outcome. */
import { stripVTControlCharacters } from "node:util";
import { getLogger } from "@logtape/logtape";
import { unboundNote } from "../../domain/permission_binding.ts";
import { keptText, PlacedFiles } from "../attachments/placed_files.ts";
import { given } from "../../domain/given_fields.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Run, RunListener, RunOutcome } from "../../domain/run.ts";
import type { AttachmentFile, RunRequest } from "../../domain/run_request.ts";
import { createActivity } from "../reporting/activity.ts";
import { EventQueue } from "../reporting/event_queue.ts";
import { type ExitStatus, exitText } from "../reporting/exit_status.ts";
import { createLastWords, failureReason } from "../reporting/last_words.ts";
import { leftWords } from "../../protocol/left_words.ts";
import { leftAfterWait } from "../reporting/left_running.ts";
import { lifeSigns } from "../reporting/life_signs.ts";
import { createOutputTail } from "../reporting/output_tail.ts";
import { type OutputPart, readOutput } from "../reporting/program_output.ts";
import type { SupervisedProcess } from "../supervision/supervised_process.ts";
import { acpMake } from "../makes/acp_make.ts";
import type { AgentMake } from "../makes/agent_make.ts";
import { type AgentMoment, zoneOf } from "../acp/agent_moment.ts";
import { kindOfText } from "../acp/failure_kind.ts";
import { refusalOf, troubleInText } from "../acp/model_trouble.ts";
import type { RunHost } from "../supervision/supervisor.ts";
import { fillCommand } from "./fill_command.ts";
import { firstCharacters, firstPrinted } from "../reporting/first_characters.ts";
import { MAX_STEP_CHARACTERS, mayBeProgress, progressOf } from "./progress_line.ts";
import { withToldLimit } from "./told_limit.ts";
import { unkeptWishes } from "./unkept_wishes.ts";

const log = getLogger(["opencode-agents", "agents"]);

const MAX_ERROR_CHARACTERS = 1000;
/** How many of the last lines may tell a limit. */
const LAST_LINES = 3;

/** Starts the program. For errors and the listener's promises, see `AgentRunner.start`. */
export async function startCommand(
  request: RunRequest,
  listener: RunListener,
  host: RunHost,
  make: Pick<AgentMake, "lineSign" | "environment" | "standard" | "kept"> = acpMake,
): Promise<Run> {
  refuseMcpServers(request);
  const { clock, supervisor } = host;
  const events = new EventQueue(request.task.id, listener);
  const placed = new PlacedFiles(request.working_dir, request.task.id);
  const process = await spawn().catch(async (error) => {
    await placed.remove();
    throw error;
  });
  let exited = false;
  let stopped = false;
  let paused = false;

  /** A command gets all attachments as files of its workspace. */
  async function spawn(): Promise<SupervisedProcess> {
    const attachments: AttachmentFile[] = [];
    for (const file of request.attachments ?? []) {
      attachments.push({ ...file, path: await placed.place(file) });
    }
    const given = { ...request, attachments };
    return await supervisor.spawn({
      command: fillCommand(request.agent.command, request.task, given),
      request: given,
      // Those of others are for the program as it speaks the protocol.
      defaults: make.standard?.protocol === "command" ? make.environment(given) : undefined,
      kept: make.kept,
    });
  }

  async function follow(): Promise<RunOutcome> {
    // The program gets everything in its arguments and environment.
    process.closeStdin();
    await events.emit({ kind: "started", pid: process.pid });
    for (const unkept of unkeptWishes(request)) void events.note("warn", unkept, "command");
    const unbound = unboundNote(request);
    // That a command asks for nothing is worth a word only where somebody wanted it to.
    if (unbound?.level === "warn") void events.note("warn", unbound.message, "command");
    const tail = createOutputTail();
    const said = { stdout: createLastWords(), stderr: createLastWords() };
    let reports_progress = false;
    /** The line that shows that it has failed. */
    let failed_line: string | undefined;
    const activity = createActivity(clock, (line) => {
      if (!reports_progress) return events.emit({ kind: "activity", current_step: line });
    });
    const doing = (text: string) => {
      const step = firstPrinted(text, MAX_STEP_CHARACTERS);
      if (step !== "") activity.set(step);
    };
    const onBytes = lifeSigns(clock, () => void events.emit({ kind: "sign" }));

    const note = ({ kind, text, news }: OutputPart, source: "stdout" | "stderr") => {
      if (kind !== "draft") said[source].add(text);
      // The end of a line that has been shown already is not news, nor is a change of colors.
      if (text !== "" && stripVTControlCharacters(news) === "") return;
      return events.note(source === "stdout" ? "info" : "warn", news, source);
    };
    const stdout = readOutput(process.stdout, {
      clock,
      onBytes,
      onRedraw: doing,
      isHeld: mayBeProgress,
      part(part) {
        const progress = part.kind === "line" ? progressOf(part.text) : undefined;
        if (progress) {
          reports_progress = true;
          return events.emit(progress);
        }
        const sign = part.kind === "line" ? make.lineSign(part.text) : undefined;
        if (sign !== undefined) failed_line = sign === "failed" ? part.text : undefined;
        if (part.kind !== "draft") tail.add(part.kind === "line" ? `${part.text}\n` : part.text);
        const noted = note(part, "stdout");
        doing(part.text);
        return noted;
      },
    });
    const stderr = readOutput(process.stderr, {
      clock,
      onBytes,
      onRedraw: doing,
      part: (part) => note(part, "stderr"),
    });
    const exit = await process.status;
    exited = true;
    const { left } = stopped ? { left: [] } : await leftAfterWait({
      clock,
      list: () => process.left.list(),
      wait_ms: request.wait_for_background_ms ?? 0,
      onWait(left) {
        const text = `The command has ended, and waits for ${leftWords(left)}`;
        void events.note("info", text, "command");
        doing(text);
      },
      isPaused: () => paused,
      isStopping: () => stopped,
    });
    if (left.length > 0) {
      void events.note("warn", `Left at work, and ended with the command: ${leftWords(left)}`, "command");
    }
    // Ends the processes that it left running. Only then are its pipes sure to close.
    await end(process);
    await Promise.all([stdout, stderr]);
    const kept = await placed.remove();
    if (kept.length > 0) void events.note("info", keptText(kept), "command");
    await activity.end();
    const at = { now_ms: clock.now(), zone: zoneOf(request) };
    const reason = failureReason(said.stderr, said.stdout);
    const last_lines = tail.text().trimEnd().split("\n").slice(-LAST_LINES);
    const outcome = failed_line !== undefined && exit.code === 0
      ? { ...outcomeOf(exit, "", tail.text()), ...failureOf(failed_line, request.model, at) }
      : withToldLimit(
        outcomeOf(exit, reason, tail.text()),
        [...reason.split("\n"), ...last_lines],
        request.model,
        at,
      );
    if (left.length > 0) outcome.left_running = left;
    if (!stopped) return outcome;
    return { status: "stopped", output: outcome.output, exit_code: exit.code };
  }

  const outcome = follow().catch(async (error): Promise<RunOutcome> => {
    log.error("run of {task} failed: {error}", { task: request.task.id, error });
    await end(process);
    return {
      status: "failed",
      failure: {
        kind: "bug",
        message: firstCharacters(`The run could not be followed: ${error}`, MAX_ERROR_CHARACTERS),
      },
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
    async pause() {
      paused = true;
      await process.pause();
    },
    async resume() {
      await process.resume();
      paused = false;
    },
    answerPermission: () => false,
  };
}

/** Sends SIGTERM at once, since a plain command does not react to a closed stdin. */
function end(process: SupervisedProcess): Promise<void> {
  return process.end({ stdin_grace_ms: 0 });
}

/** The outcome for an exit status. `reason`: what the program said of it. */
export function outcomeOf(exit: ExitStatus, reason: string, output: string): RunOutcome {
  const outcome = { output, exit_code: exit.code };
  if (exit.code === 0 && !exit.signal) return { status: "completed", ...outcome };
  const error = reason === "" ? exitText(exit) : `${exitText(exit)}: ${reason}`;
  const message = firstCharacters(error, MAX_ERROR_CHARACTERS);
  return { status: "failed", failure: { kind: "command_failed", message }, ...outcome };
}

/** The failure of a program that exits with 0 although it has failed. */
function failureOf(
  line: string,
  model: string | undefined,
  at: AgentMoment,
): Pick<RunOutcome, "status" | "failure" | "refusal"> {
  const message = firstCharacters(`It printed: ${line}`, MAX_ERROR_CHARACTERS);
  const kind = kindOfText(line) ?? "command_failed";
  return given({
    status: "failed",
    failure: { kind, message },
    refusal: refusalOf(troubleInText(line, at, kind), model),
  });
}

/** A program that does not speak the protocol cannot be told of them. */
function refuseMcpServers({ agent_name, mcp_servers = [] }: RunRequest): void {
  if (mcp_servers.length === 0) return;
  const names = mcp_servers.map(({ name }) => name);
  throw new ApiError(
    "INVALID_FIELD_VALUE",
    `Agent '${agent_name}' is a command, which takes no MCP servers, so not '${names.join("', '")}'`,
    { field: "task.execution.mcp_servers", value: names, expected: "an agent that speaks ACP" },
  );
}
