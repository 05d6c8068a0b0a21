/** Decides what becomes of an agent's permission request. Rules that are narrower than the policy belong here. Pure. */
import type { PermissionPolicy } from "./task.ts";

/**
 * `ask`: a person decides.
 *
 * @param outside the places of the request that are outside the task's folders. No policy allows those.
 */
export function decisionFor(policy: PermissionPolicy, outside: readonly string[]): PermissionPolicy {
  return policy === "allow" && outside.length > 0 ? "ask" : policy;
}
