/** One agent process, what it writes to stderr, and the conversation with it. */
import { within } from "../../clock/clock.ts";
import type { SupervisedProcess } from "../supervision/supervised_process.ts";
import { failureReason } from "../reporting/last_words.ts";
import { AgentGone, AgentLate } from "./agent_failure.ts";
import { Conversation, type ConversationOptions } from "./conversation.ts";
import { StderrLog } from "./stderr_log.ts";

/** How long to wait for what an agent has written to stderr. */
export const LAST_STDERR_MS = 500;

export class AgentLink {
  readonly process: SupervisedProcess;
  readonly stderr: StderrLog;
  readonly conversation: Conversation;
  readonly #clock: ConversationOptions["clock"];

  constructor(options: ConversationOptions) {
    const { clock, request, make, process, events, turns, onBytes } = options;
    this.#clock = clock;
    this.process = process;
    this.stderr = new StderrLog({
      clock,
      task_id: request.task.id,
      stderr: process.stderr,
      chatter: make.chatter,
      isTrouble: (line) => turns.hear({ from: "stderr", line }),
      events,
      onBytes,
    });
    this.conversation = new Conversation(options);
  }

  /** What the agent printed about its end or its silence; empty for nothing, and for other failures. */
  async wordsOn(error: unknown): Promise<string> {
    if (!(error instanceof AgentGone || error instanceof AgentLate)) return "";
    await within(this.#clock, LAST_STDERR_MS, this.stderr.ended, undefined);
    return failureReason(this.stderr.words, this.conversation.junk);
  }

  /** Ends the process. What it still sends is ignored. */
  async end(): Promise<void> {
    this.conversation.end();
    await this.process.end();
    this.conversation.close();
  }
}
