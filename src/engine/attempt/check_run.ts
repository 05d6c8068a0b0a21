/** Runs the checks of a turn, and stores what the agent is told of those that failed. */
import { SERVER } from "../../domain/actor.ts";
import {
  CHECK_ROUNDS,
  checkMessage,
  type CheckResult,
  checkWords,
  failedChecks,
  programsOf,
} from "../../domain/check.ts";
import type { AttemptEvent } from "../../domain/attempt/events.ts";
import type { TaskRecord, TaskState } from "../../domain/task_record.ts";
import { withCheckMessage } from "../../domain/turns.ts";
import { partsOf, userMessage, userText } from "../../store/messages.ts";
import type { Besides } from "../../store/queue.ts";
import { runChecks } from "../check_sequence.ts";
import type { RunContext, RunSettings } from "../run_context.ts";

export class CheckRun {
  readonly #context: Pick<RunContext, "clock" | "settings" | "runCheck">;
  readonly #emit: (event: AttemptEvent) => void | Promise<void>;
  #stopped = new AbortController();

  constructor(
    context: Pick<RunContext, "clock" | "settings" | "runCheck">,
    emit: (event: AttemptEvent) => void | Promise<void>,
  ) {
    this.#context = context;
    this.#emit = emit;
  }

  /** The answer is an event. */
  run(task: TaskRecord, folder: string): void {
    this.#stopped = new AbortController();
    const { signal } = this.#stopped;
    this.#all(task, folder, signal).then(
      (results) => this.#emit({ kind: "checked", results, isWhole: !signal.aborted }),
      (error: Error) => this.#emit({ kind: "checked", results: [brokenCheck(error)], isWhole: true }),
    );
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #all(task: TaskRecord, folder: string, signal: AbortSignal): Promise<CheckResult[]> {
    const { clock, settings, runCheck } = this.#context;
    const { checks, env = {} } = settings.executionOf(task);
    if (!runCheck) return [];
    const programs = programsOf(checks, settings.checks);
    return await runChecks(clock, runCheck, programs, { task_id: task.id, folder, env, signal }, {
      begins: (command) =>
        void this.#emit({
          kind: "reported",
          report: { kind: "activity", current_step: `Check: ${command}`.slice(0, 200) },
        }),
      ended: (result) => this.#log(result),
    });
  }

  #log(result: CheckResult): void | Promise<void> {
    const { ok, exit_code, duration_ms, output } = result;
    return this.#emit({
      kind: "reported",
      report: {
        kind: "log",
        level: ok ? "info" : "warn",
        message: checkWords(result),
        source: "check",
        details: { exit_code, duration_ms, output },
      },
    });
  }
}

function brokenCheck(error: Error): CheckResult {
  return { command: "checks", ok: false, duration_ms: 0, output: error.message };
}

/** How often the agent of the task may still be told of failed checks. A command takes no message. */
export function roundsLeft(
  settings: Pick<RunSettings, "agents" | "agentFor" | "executionOf">,
  task: TaskRecord,
): number {
  const agent = task.state.attempts.at(-1)?.agent ?? settings.agentFor(task);
  if (settings.agents[agent]?.protocol !== "acp") return 0;
  const { check_rounds = CHECK_ROUNDS } = settings.executionOf(task);
  return Math.max(0, check_rounds - (task.state.check_rounds ?? 0));
}

/** The state in which the agent is told next of the checks that failed, and what is stored with it: `waits` unless it is delivered at once. */
export function withComplaint(
  task_id: string,
  state: TaskState,
  { checks, ended_at: at }: { checks?: CheckResult[]; ended_at: string },
): { state: TaskState; waits: Required<Besides>["sets"]; texts: Required<Besides>["sets"] } {
  if (checks === undefined || failedChecks(checks).length === 0) return { state, waits: [], texts: [] };
  const text = checkMessage(checks);
  const { state: next, message } = withCheckMessage(state, { parts: partsOf(text), at, by: SERVER });
  const { turn = 1, attempt } = state;
  return {
    state: next,
    waits: [userMessage(task_id, message, { turn, attempt, state: "queued" })],
    texts: userText(task_id, message.number, text),
  };
}
