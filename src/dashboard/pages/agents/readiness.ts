/** Whether an agent can work, in words, with the color of a status. Pure. */
import type { ListedAgent } from "../../../protocol/basic_messages.ts";

export interface Readiness {
  words: string;
  color: "completed" | "needs" | "pending";
}

export function readinessOf(
  { installed, login, protocol, found_at, is_default, task_types }: ListedAgent,
): Readiness {
  // Of an agent that no task gets unasked, nobody waits for an installation.
  const isUsed = is_default || task_types.length > 0;
  if (!installed) return { words: "Not installed", color: isUsed ? "needs" : "pending" };
  if (login === "needed") return { words: "Log in first", color: "needs" };
  if (login === "ok" || protocol === "command") return { words: "Ready", color: "completed" };
  return found_at === undefined
    ? { words: "Not checked yet", color: "pending" }
    : { words: "Starts; login not known", color: "pending" };
}
