/** How one asks an agent, and how long one waits for it. */
import type { WireObject } from "../makes/agent_make.ts";

/**
 * Sends one request. Rejects with `AgentFailure` if it is refused or not answered within `bound_ms`. `of_silence`: the
 * bound begins again with whatever the agent sends, up to ten times as long.
 */
export type AgentCall = (
  method: string,
  params: WireObject,
  bound_ms: number,
  of_silence?: "of_silence",
) => Promise<WireObject>;

export interface SessionBounds {
  initialize_ms: number;
  /** `session/new`. */
  session_ms: number;
  /** How long an agent that loads a session may be silent. It replays the session meanwhile. */
  load_ms: number;
  /** Setting mode and model. */
  setting_ms: number;
}
