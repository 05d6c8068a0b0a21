/** Which agent a task is with. */
import type { Task } from "../../../domain/task.ts";
import { agentAtWorkOn } from "../../data/machine.ts";
import type { AttemptView } from "./timeline.ts";

/** The agent at work, else the one of the last attempt, else the one that the task names. Undefined: chosen at its start. */
export function agentName({ id, execution }: Task, attempts: readonly AttemptView[]): string | undefined {
  return agentAtWorkOn(id)?.type ?? attempts.at(-1)?.agent ?? execution?.agent;
}
