/** What a task asks for and a plain command cannot be held to. Pure. */
import type { RunRequest } from "../../domain/run.ts";
import { takesModel } from "./fill_command.ts";

/** A sentence for the task's log on each wish that may have no effect. */
export function unkeptWishes(
  { agent, agent_name, model, permissions, namesPermissions }: RunRequest,
): string[] {
  const unkept: string[] = [];
  if (model !== undefined && !takesModel(agent.command)) {
    unkept.push(
      `The model '${model}' may have no effect: the command of agent '${agent_name}' has no {model}. ` +
        "It is passed on in TASK_MODEL only",
    );
  }
  if (permissions === "deny" || namesPermissions && permissions === "ask") {
    unkept.push(
      `permissions: "${permissions}" has no effect: agent '${agent_name}' is a command, which asks for no permission ` +
        "before it acts. Use an agent that speaks the Agent Client Protocol",
    );
  }
  return unkept;
}
