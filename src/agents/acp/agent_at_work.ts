/** The agent of a run. One whose process cannot load the earlier session is started again, once, with a new session. */
import type { SupervisedProcess } from "../supervision/supervised_process.ts";
import type { WireObject } from "../makes/agent_make.ts";
import { LONGEST_ERROR, SessionLost, withWords } from "./agent_failure.ts";
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
    try {
      return await this.#link.conversation.hold();
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      if (this.#options.isStopping()) throw error.cause;
      await this.#beginAnew(error);
      return await this.#link.conversation.hold();
    }
  }

  async #beginAnew(lost: SessionLost): Promise<void> {
    const { spawn, isStopping, isPaused, warn, turn, request } = this.#options;
    const why = withWords(lost.cause, await this.#link.wordsOn(lost.cause));
    await warn(cut(`The earlier session cannot be loaded, a new one begins: ${why}`, LONGEST_ERROR));
    await this.#link.end();
    if (isStopping()) throw lost.cause;
    const process = await spawn();
    turn.forget();
    this.#link = new AgentLink({ ...this.#options, process, request: { ...request, resume: undefined } });
    if (isPaused()) await process.pause();
    // Whoever stopped the run meanwhile has ended only the process of that time.
    if (isStopping()) throw lost.cause;
  }
}
