/** What one make of agent does its own way. The protocol's own ways are in `acp.ts`. */
import type { RunRequest } from "../../domain/run.ts";

/** A JSON object as an agent sent it, nothing about it checked. */
export type WireObject = Record<string, unknown>;

/** What an agent's own update says about the turn as a whole: it has failed, or it goes on after all. */
export type TurnSign = "failed" | "going_on";

export interface AgentProfile {
  readonly name: "opencode" | "claude" | "codex" | "gemini" | "generic";
  /** How a user gets the program and an account for it, to be shown when it cannot be started. */
  readonly install: string;
  /** Variables the agent needs to behave as a task's agent; the configuration and the task may override them. */
  environment(request: RunRequest): Record<string, string>;
  /** Arguments added to the configured command. */
  arguments(request: RunRequest): string[];
  /** Session modes in order of preference; the first that the agent offers is set, none leaves it as it is. */
  readonly modes: readonly string[];
  /** Whether a session of a killed agent may be loaded by a new one. */
  readonly resumes: boolean;
  /** Whether the usage in the prompt's result is that of the last model call only. */
  readonly usage_of_last_call: boolean;
  /** Reads failures that the agent hides behind `end_turn`. */
  turnSign(update: WireObject): TurnSign | undefined;
  /** Lines on stderr that are chatter, logged as `debug` instead of `warn`. */
  readonly chatter: RegExp | undefined;
}
