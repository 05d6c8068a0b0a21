/** The official ACP client over a supervised process. Calls are bounded and fail clearly if the agent is gone. */
import { stripVTControlCharacters } from "node:util";
import { type Clock, within } from "../../clock/clock.ts";
import type { PermissionAnswer } from "./permissions.ts";
import type { ElicitationAnswer } from "./questions.ts";
import { AgentFailure, AgentGone, AgentLate, AgentRefusal } from "./agent_failure.ts";
import { troubleOfError } from "./error_trouble.ts";
import { providersText } from "./model_trouble.ts";
import type { AgentCall } from "./agent_call.ts";
import { acpStream, type StreamListener } from "./stream.ts";
import { LineTooLongError } from "./message_lines.ts";
import { UnfinishedLine } from "./unfinished_line.ts";
import { UNOFFERED, type Unoffered } from "./unoffered.ts";
import type { WireObject } from "../makes/agent_make.ts";
import { codeText } from "../reporting/exit_status.ts";
import type { SupervisedProcess } from "../supervision/supervised_process.ts";
import { cut, objectOf, textOf } from "./wire_value.ts";

/** How long to wait for what the agent wrote before it exited. A child of it may keep the pipe open for longer. */
const LAST_WORDS_MS = 500;
/** How long an agent may take to exit after it closed its stdout. Then it is reported as still running. */
const EXIT_AFTER_CLOSE_MS = 2000;

/** JSON-RPC's code. */
const METHOD_NOT_FOUND = -32601;

/** How many times its bound an agent may take that is never silent for so long. */
const MOST_SILENCES = 10;

export interface AcpConnectionOptions extends Omit<StreamListener, "onBytes"> {
  clock: Clock;
  /** Of the agent. */
  zone: string;
  process: SupervisedProcess;
  onBytes(): void;
  permission(params: WireObject, signal: AbortSignal): Promise<PermissionAnswer>;
  question(params: WireObject, signal: AbortSignal): Promise<ElicitationAnswer>;
  /** A page that the agent sent a person to has done its work. */
  questionCompleted(params: WireObject): void;
  /** A request for what this client does not offer. Returns whether it has an empty answer; otherwise it is refused. */
  unoffered(method: Unoffered): Promise<boolean>;
  /** The bounds of calls stand still while the agent is paused. */
  isPaused(): boolean;
}

export interface AcpConnection {
  call: AgentCall;
  /** Settles when the message is written or the agent is gone. */
  notify(method: string, params: WireObject): Promise<void>;
  close(): void;
}

export async function connectAgent(options: AcpConnectionOptions): Promise<AcpConnection> {
  // Loaded with the first task that needs it: the schemas cost 60 ms and 20 MB.
  const { client, RequestError } = await import("@agentclientprotocol/sdk");
  const { clock, process } = options;
  let exit: { code: number; signal: string | null } | undefined;
  let broken: unknown;

  let heard = 0;
  const unfinished = new UnfinishedLine(clock, (text) => void options.junk(text, "not finished"));
  const stream = acpStream(process.stdin, process.stdout, {
    update: (params) => options.update(params),
    notice: (method, params) => options.notice(method, params),
    junk: (line, why) => options.junk(line, why),
    promptAnswered: () => options.promptAnswered(),
    onBytes(chunk) {
      heard++;
      unfinished.take(chunk);
      options.onBytes();
    },
  });
  const answering = client({ name: "opencode-agents" })
    .onRequest(
      "session/request_permission",
      (params) => objectOf(params) ?? {},
      (context) => options.permission(context.params, context.signal),
    )
    .onRequest(
      "elicitation/create",
      (params) => objectOf(params) ?? {},
      (context) => options.question(context.params, context.signal),
    )
    .onNotification(
      "elicitation/complete",
      (params) => objectOf(params) ?? {},
      (context) => options.questionCompleted(context.params),
    );
  for (const method of UNOFFERED) {
    answering.onRequest(method, (params) => objectOf(params) ?? {}, async () => {
      if (await options.unoffered(method)) return {};
      throw new RequestError(METHOD_NOT_FOUND, `This client does not offer ${method}`, { method });
    });
  }
  const connection = answering
    .connect({ writable: stream.writable, readable: noticingErrors(stream.readable, (e) => broken ??= e) });
  void process.status.then(async (status) => {
    exit = status;
    await within(clock, LAST_WORDS_MS, connection.closed, undefined);
    connection.close();
  });

  async function whyGone(method: string, waiting_for: string): Promise<AgentFailure> {
    if (broken instanceof LineTooLongError) return new AgentFailure(`The agent printed ${broken.message}`);
    await within(clock, EXIT_AFTER_CLOSE_MS, process.status, undefined);
    if (exit === undefined) {
      return new AgentGone(`Agent closed its output before ${waiting_for}`, undefined, method);
    }
    const how = exit.signal === null
      ? `exited with code ${codeText(exit.code)}`
      : `was ended by ${exit.signal}`;
    return new AgentGone(`Agent ${how} before ${waiting_for}`, exit.code, method);
  }

  const call: AgentCall = async (method, params, bound_ms, of_silence) => {
    const waiting_for = method === "session/prompt" ? "the end of its turn" : `it answered ${method}`;
    const reply = connection.agent.request<unknown>(method, params);
    try {
      const result = await bounded(reply, bound_ms, of_silence !== undefined);
      if (result === LATE) {
        throw new AgentLate(`The agent did not answer ${method} within ${Math.round(bound_ms / 1000)} s`);
      }
      return objectOf(result) ?? {};
    } catch (error) {
      if (error instanceof AgentFailure) throw error;
      if (error instanceof RequestError) {
        const text = refusalText(method, error);
        const at = { now_ms: clock.now(), zone: options.zone };
        throw new AgentRefusal(text, error.code, troubleOfError(error, text, at));
      }
      throw await whyGone(method, waiting_for);
    }
  };

  async function bounded<T>(
    reply: Promise<T>,
    bound_ms: number,
    of_silence: boolean,
  ): Promise<T | typeof LATE> {
    if (bound_ms === Infinity) return await reply;
    const step_ms = Math.min(bound_ms, 1000);
    const answered = reply.then(() => {}, () => {});
    let all_ms = of_silence ? MOST_SILENCES * bound_ms : bound_ms;
    let left_ms = bound_ms;
    let heard_before = heard;
    while (left_ms > 0 && all_ms > 0) {
      if (await within(clock, Math.min(step_ms, left_ms), answered, LATE) !== LATE) return await reply;
      if (options.isPaused()) continue;
      left_ms = of_silence && heard > heard_before ? bound_ms : left_ms - step_ms;
      all_ms -= step_ms;
      heard_before = heard;
    }
    return LATE;
  }

  return {
    call,
    async notify(method, params) {
      // An agent that is gone needs no notice.
      await connection.agent.notify(method, params).catch(() => {});
    },
    close() {
      unfinished.end();
      connection.close();
    },
  };
}

const LATE = Symbol("late");

/** The error's message, with the details that some agents put only into its `data`. */
function refusalText(method: string, error: { code: number; message: string; data?: unknown }): string {
  const data = objectOf(error.data);
  const detail = textOf(error.data) ?? textOf(data?.details) ?? textOf(data?.message);
  const told = stripVTControlCharacters(error.message).trim();
  const message = told === "" ? `error ${error.code} in answer to ${method}` : providersText(told);
  return cut(detail === undefined || message.includes(detail) ? message : `${message}: ${detail}`, 1000);
}

/** The same stream, with its error passed to `notice`: the connection does not say why it closed. */
function noticingErrors<T>(stream: ReadableStream<T>, notice: (error: unknown) => void): ReadableStream<T> {
  const reader = stream.getReader();
  return new ReadableStream<T>({
    async pull(controller) {
      try {
        const { value, done } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        notice(error);
        controller.error(error);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
