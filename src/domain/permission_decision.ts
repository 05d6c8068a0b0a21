/** Decides what becomes of an agent's permission request. Rules that are narrower than the policy belong here. Pure. */
import type { PermissionPolicy } from "./task.ts";

/** What is known of a request besides its text. */
export interface RequestFacts {
  /** The places that it names outside the task's folders. No policy allows those. */
  outside: readonly string[];
  /** Whether it is for one of the server's own tools, given to a task that delegates. The tasks that it starts ask again. */
  isOwnTool: boolean;
}

/** `ask`: a person decides. */
export function decisionFor(
  policy: PermissionPolicy,
  { outside, isOwnTool }: RequestFacts,
): PermissionPolicy {
  if (isOwnTool) return policy === "deny" ? "deny" : "allow";
  return policy === "allow" && outside.length > 0 ? "ask" : policy;
}
