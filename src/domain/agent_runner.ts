/** What starts runs, and what else the server asks of the agents' programs. */
import type { AgentConfig } from "./agent_config.ts";
import type { OfferNews } from "./agent_offer.ts";
import type { AgentSession } from "./agent_session.ts";
import type { Run, RunListener } from "./run.ts";
import type { ProcessOrigin } from "./process_origin.ts";
import type { RunRequest } from "./run_request.ts";

/** An agent's program as it is found on this machine. */
export interface AgentProgram {
  /** The name of its make; undefined if it is none that the server knows. */
  make?: string;
  installed: boolean;
  /** How to install it, or what else to do about it. */
  install_advice: string;
  /** How to get it an account. */
  login_advice: string;
}

export interface AgentRunner {
  /**
   * Spawns the agent in its own process group, registers it with the reaper, and starts the work. Throws `ApiError`
   * (`SERVICE_UNAVAILABLE`, `FILE_NOT_FOUND`, …) if it cannot be started. The error says what to install.
   */
  start(request: RunRequest, listener: RunListener): Promise<Run>;
  /** Whether the agent can be held to `ask` and `deny`. Absent: each can. */
  canHold?(agent: AgentConfig): boolean;
  /** Whether the agent tells what its turns cost. Undefined, or absent: that is not known. */
  tellsCost?(agent: AgentConfig): boolean | undefined;
  /** Looks for the agent's program, without running it. */
  look?(agent: AgentConfig): Promise<AgentProgram>;
  /**
   * Starts the agent in a folder of its own, opens and closes a session, and ends it. `found` gets what it offers.
   * Returns why no session could be opened, if so, soon after `signal` aborts. Throws as `start` does.
   */
  probe?(
    name: string,
    agent: AgentConfig,
    found: (news: OfferNews) => void,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /**
   * Starts the agent in a folder of its own, asks for the sessions that it keeps of this folder, or of all, and ends it,
   * soon after `signal` aborts too. Throws `INVALID_FIELD_VALUE` if it has no list, `SERVICE_UNAVAILABLE` if it gives none.
   */
  sessions?(
    name: string,
    agent: AgentConfig,
    working_dir: string | undefined,
    signal: AbortSignal,
  ): Promise<AgentSession[]>;
  /** The command by which a person goes on with a session in the agent's own program; undefined if there is none. */
  sessionCommand?(agent: AgentConfig, session_id: string): string | undefined;
  /** Whether any agent is at work. Absent: there are no processes of agents on this machine. */
  readonly isAtWork?: boolean;
  /** The task that a process of this machine works for; undefined if it works for none, or if that cannot be seen. */
  taskOf?(process: ProcessOrigin): string | undefined;
  /** Told that a run is likely to start within milliseconds. What a start waits for then begins now. */
  expect?(): void;
  /**
   * Lets the agents run until `at_ms` on the monotonic clock, unless this is called again. Agents that still run then
   * are killed, even if this server is paused, and none starts after that: a start under way throws
   * `SERVICE_UNAVAILABLE`. Used if other nodes may take the tasks over.
   */
  keepUntil?(at_ms: number): void;
  /** Ends all processes that earlier servers on the same store left behind. Returns how many there were. */
  endStrays(): Promise<number>;
  /** Ends the helper processes, after all runs have ended. */
  close(): Promise<void>;
}
