/**
 * Messages into a running turn: an extension of the protocol that the agent declares. With `promptRequired`, an agent
 * whose turn has just ended leaves the message to the client, so that one that comes too late is not lost.
 */
import { AgentRefusal } from "./agent_failure.ts";
import type { AgentCall } from "./agent_call.ts";
import type { WireObject } from "../makes/agent_make.ts";

/** How long the agent may take to say whether the message has reached its turn. */
const STEER_MS = 30_000;

/**
 * Returns whether the message is part of the running turn now. If not, the agent has not taken it. Rejects with
 * `AgentFailure` if that is unknown, since the agent has died or does not answer.
 */
export async function steer(call: AgentCall, sessionId: string, prompt: WireObject[]): Promise<boolean> {
  try {
    const { outcome } = await call("_session/steering", {
      sessionId,
      prompt,
      _meta: { steering: { idleBehavior: "promptRequired" } },
    }, STEER_MS);
    return outcome === "injected";
  } catch (error) {
    if (error instanceof AgentRefusal) return false;
    throw error;
  }
}
