/**
 * The agent of a run. One whose process does not come up to load the earlier session is started again, once, and one
 * whose process cannot load it is started again with a new session.
 */
import type { RunRequest } from "../../domain/run_request.ts";
import type { SupervisedProcess } from "../supervision/supervised_process.ts";
import type { WireObject } from "../makes/agent_make.ts";
import { LONGEST_ERROR, SessionLost, StartFailed, withWords } from "./agent_failure.ts";
import { AgentLink } from "./agent_link.ts";
import type { ConversationOptions } from "./conversation.ts";
import { cut } from "./wire_value.ts";

export interface AgentAtWorkOptions extends ConversationOptions {
  /** Starts another process of the same agent. */
  spawn: () => Promise<SupervisedProcess>;
  /** Whether the run is being ended, so that nothing must be started any more. */
  isStopping: () => boolean;
  warn: (message: string) => Promise<void>;
}

export class AgentAtWork {
  readonly #options: AgentAtWorkOptions;
  #link: AgentLink;

  constructor(options: AgentAtWorkOptions) {
    this.#options = options;
    this.#link = new AgentLink(options);
  }

  /** The process at work now. */
  get link(): AgentLink {
    return this.#link;
  }

  /** Returns the prompt's result. Rejects with `AgentFailure`, or with `ApiError` if the agent cannot be started again. */
  async converse(): Promise<WireObject> {
    const { request } = this.#options;
    try {
      return await this.#withSession(request);
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      if (request.resume?.adopted) throw error.cause;
      await this.#startAgain(error, "The earlier session cannot be loaded, a new one begins");
      return await this.#link.conversation.hold({ ...request, resume: undefined });
    }
  }

  async #withSession(request: RunRequest): Promise<WireObject> {
    try {
      return await this.#link.conversation.hold(request);
    } catch (error) {
      if (!(error instanceof StartFailed)) throw error;
      await this.#startAgain(error, "The agent did not start, it is started again");
      return await this.#link.conversation.hold(request).catch((again) => {
        throw again instanceof StartFailed ? again.cause : again;
      });
    }
  }

  async #startAgain({ cause }: SessionLost | StartFailed, what: string): Promise<void> {
    const { spawn, isStopping, isPaused, warn, turns } = this.#options;
    if (isStopping()) throw cause;
    const why = withWords(cause, await this.#link.wordsOn(cause));
    await warn(cut(`${what}: ${why}`, LONGEST_ERROR));
    await this.#link.end();
    await turns.transcript.endMessage();
    if (isStopping()) throw cause;
    const process = await spawn();
    turns.release();
    turns.forget();
    this.#link = new AgentLink({ ...this.#options, process });
    if (isPaused()) await process.pause();
    // Whoever stopped the run meanwhile has ended only the process of that time.
    if (isStopping()) throw cause;
  }
}
