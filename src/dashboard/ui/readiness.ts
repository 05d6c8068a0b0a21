/** Whether an agent can work, in words, with the color of a status. Pure. */
import type { ListedAgent } from "../../protocol/basic_messages.ts";

export interface Readiness {
  words: string;
  color: "completed" | "needs" | "pending";
}

/** Whether tasks get it that name no agent. */
export function isUsed({ is_default, task_types }: ListedAgent): boolean {
  return is_default || task_types.length > 0;
}

export function readinessOf(agent: ListedAgent): Readiness {
  const { installed, login, protocol, found_at } = agent;
  // Nobody waits for the installation of others.
  if (!installed) return { words: "Not installed", color: isUsed(agent) ? "needs" : "pending" };
  if (agent.sandbox_problem !== undefined) return { words: "No sandbox", color: "needs" };
  if (login === "needed") return { words: "Log in first", color: "needs" };
  if (agent.held_until !== undefined) return { words: "Held by its provider", color: "needs" };
  if (login === "ok" || protocol === "command") return { words: "Ready", color: "completed" };
  return found_at === undefined
    ? { words: "Not checked yet", color: "pending" }
    : { words: "Starts; login not known", color: "pending" };
}
