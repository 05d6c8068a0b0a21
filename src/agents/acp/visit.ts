/** A visit to an agent without a task: a few requests, then it is ended. It uses no model. */
import type { Clock } from "../../clock/clock.ts";
import type { RunRequest } from "../../domain/run_request.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import { EventQueue } from "../reporting/event_queue.ts";
import { createLastWords, failureReason } from "../reporting/last_words.ts";
import type { SupervisedProcess } from "../supervision/supervised_process.ts";
import { zoneOf } from "./agent_moment.ts";
import { verdictOf } from "./agent_failure.ts";
import { type AcpConnection, connectAgent } from "./connection.ts";
import type { AgentCall, SessionBounds } from "./agent_call.ts";
import { StderrLog } from "./stderr_log.ts";
import { objectOf } from "./wire_value.ts";

export interface Visit {
  clock: Clock;
  request: RunRequest;
  make: AgentMake;
  process: SupervisedProcess;
  bounds: SessionBounds;
  signal: AbortSignal;
  /** What is wrong if `signal` aborts. */
  late: string;
}

/** What the agent tells besides its replies. */
export interface Heard {
  update?(update: WireObject): Promise<void>;
  notice?(method: string, params: WireObject): Promise<void>;
}

/**
 * Lets `use` send requests, then ends the process, also when `signal` aborts. Returns what went wrong, and undefined if
 * nothing did. Rejects with what `use` throws besides the agent's failures.
 */
export async function visit(
  { clock, request, make, process, signal, late }: Visit,
  heard: Heard,
  use: (call: AgentCall) => Promise<void>,
): Promise<string | undefined> {
  const stop = () => void process.end();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  const stderr = new StderrLog({
    clock,
    task_id: request.task.id,
    stderr: process.stderr,
    chatter: make.chatter,
    events: new EventQueue(request.task.id, () => {}),
    onBytes() {},
  });
  const junk = createLastWords();
  const zone = zoneOf(request);
  let connection: AcpConnection | undefined;
  try {
    connection = await connectAgent({
      clock,
      zone,
      process,
      onBytes() {},
      update: async (params) => await heard.update?.(objectOf(params.update) ?? {}),
      notice: async (method, params) => await heard.notice?.(method, params),
      junk: (line) => Promise.resolve(junk.add(line)),
      permission: () => Promise.resolve({ outcome: { outcome: "cancelled" } }),
      question: () => Promise.resolve({ action: "cancel" }),
      questionCompleted() {},
      promptAnswered() {},
      unoffered: () => Promise.resolve(false),
      isPaused: () => false,
    });
    await use(connection.call);
    return undefined;
  } catch (error) {
    if (signal.aborted) return late;
    await process.end();
    await stderr.ended;
    const last_words = failureReason(stderr.words, junk);
    const { failure } = verdictOf(error, {
      task_id: request.task.id,
      last_words,
      login_advice: make.login.advice,
      at: { now_ms: clock.now(), zone },
    });
    return failure?.message;
  } finally {
    signal.removeEventListener("abort", stop);
    await process.end();
    connection?.close();
  }
}
