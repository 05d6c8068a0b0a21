/** What a task asks for and a plain command cannot be held to. Pure. */
import type { RunRequest } from "../../domain/run_request.ts";
import { CHOICES, takes } from "./fill_command.ts";

/** A sentence for the task's log on each wish that may have no effect. */
export function unkeptWishes(
  { agent, agent_name, ...choices }: RunRequest,
): string[] {
  const unkept: string[] = [];
  for (const choice of CHOICES) {
    const value = choices[choice];
    if (value === undefined || takes(agent.command, choice)) continue;
    unkept.push(
      `The ${choice} '${value}' may have no effect: the command of agent '${agent_name}' has no {${choice}}. ` +
        `It is passed on in TASK_${choice.toUpperCase()} only`,
    );
  }
  return unkept;
}
