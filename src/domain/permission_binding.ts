/** What it means that an agent cannot be held to a permission policy: it asks only if it wants to. Pure. */
import type { AgentConfig } from "./agent_config.ts";
import { fieldProblem } from "./field_problem.ts";
import { enforced } from "./sandbox.ts";
import type { RunRequest } from "./run_request.ts";
import type { PermissionPolicy } from "./task.ts";

/** What a task's log says at its start about how far its policy holds. */
export interface PolicyNote {
  level: "info" | "warn";
  message: string;
}

/** The note of a task whose agent cannot be held to its policy; undefined if there is nothing to hold back. */
export function unboundNote(
  { permissions, namesPermissions, rules, agent, agent_name }: Pick<
    RunRequest,
    "permissions" | "namesPermissions" | "rules" | "agent" | "agent_name"
  >,
): PolicyNote | undefined {
  if (permissions === "allow") return undefined;
  if (rules !== undefined) {
    const message = `permission_rules and permissions: "${rules.otherwise}" have no effect: `;
    return { level: "warn", message: message + unboundReason(agent_name, agent) };
  }
  // Nobody has chosen the default for this task.
  const level = permissions === "deny" || namesPermissions ? "warn" : "info";
  return { level, message: unboundText(permissions, agent_name, agent) };
}

function unboundText(policy: PermissionPolicy, name: string, agent: AgentConfig): string {
  return `permissions: "${policy}" has no effect: ${unboundReason(name, agent)}`;
}

function unboundReason(name: string, { protocol, sandbox }: AgentConfig): string {
  const held = enforced(sandbox) ? ". Only its sandbox holds it back" : "";
  return freeReason(name, protocol) + held;
}

function freeReason(name: string, protocol: AgentConfig["protocol"]): string {
  return protocol === "command"
    ? `agent '${name}' is a command, which asks for no permission before it acts`
    : `how agent '${name}' can be made to ask before it acts is not known, so it asks only if it wants to`;
}

/** Refuses a task that itself says `deny`. */
export function unboundProblem(name: string, agent: AgentConfig) {
  return fieldProblem(
    "INVALID_FIELD_VALUE",
    "task.execution.permissions",
    "deny",
    ["ask", "allow"],
    `${unboundText("deny", name, agent)}. Use an agent that can be held to it, such as opencode`,
    { agent: name },
  );
}
