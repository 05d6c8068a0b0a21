/** Which modes of an agent a task may name. Its `permissions` decide, and no mode weakens them. Pure. */
import type { PermissionPolicy } from "../../domain/task.ts";
import type { AgentMake } from "../makes/agent_make.ts";

/** Whether the agent does more without asking in this mode than the policy lets it. */
export function tooFree(make: Pick<AgentMake, "unasked">, mode: string, policy: PermissionPolicy): boolean {
  switch (make.unasked(mode)) {
    case "nothing":
      return false;
    case "edits":
      return policy !== "allow";
    case "everything":
      // Even "allow" does not cover what is outside the workspace.
      return true;
  }
}
