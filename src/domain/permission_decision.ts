/** Decides what becomes of an agent's permission request: rules first, then the policy. Pure. */
import type { PermissionDecision } from "./permission_request.ts";
import type { PermissionRule } from "./permission_rule.ts";
import type { RuleVerdict } from "./rule_decision.ts";
import type { PermissionPolicy } from "./task.ts";

/** What is known of a request besides its text. */
export interface RequestFacts {
  /** What the rules say of it, if they do. */
  ruled?: RuleVerdict;
  /** What a person has answered to the same call before, if that is remembered. */
  recalled?: PermissionDecision;
  /** The places that it names outside the task's folders. No policy allows those. */
  outside: readonly string[];
  /** Whether it is for one of the server's own tools, given to a task that delegates. The tasks that it starts ask again. */
  isOwnTool: boolean;
}

export interface PermissionVerdict {
  /** `ask`: a person decides. */
  decision: PermissionPolicy;
  by: "rule" | "policy" | "memory";
}

/** What is remembered answers what a person would be asked, and keeps denied what was. */
export function decisionFor(policy: PermissionPolicy, facts: RequestFacts): PermissionVerdict {
  const verdict = unaskedDecision(policy, facts);
  const { recalled } = facts;
  if (recalled === undefined || verdict.decision === "deny") return verdict;
  return recalled === "deny" || verdict.decision === "ask" ? { decision: recalled, by: "memory" } : verdict;
}

function unaskedDecision(
  policy: PermissionPolicy,
  { ruled, outside, isOwnTool }: RequestFacts,
): PermissionVerdict {
  // Rules about files that are not told mean no tool of the server.
  if (ruled !== undefined && !(isOwnTool && ruled.rule === undefined)) {
    const { decision, rule } = ruled;
    // A rule that names neither files nor a command has none outside in mind.
    const isGeneral = rule !== undefined && rule.path === undefined && rule.command === undefined;
    const goesOut = decision === "allow" && isGeneral && outside.length > 0;
    return { decision: goesOut ? "ask" : unlessStricter(policy, ruled), by: "rule" };
  }
  if (isOwnTool) return { decision: policy === "deny" ? "deny" : "allow", by: "policy" };
  return { decision: policy === "allow" && outside.length > 0 ? "ask" : policy, by: "policy" };
}

/** Where no rule is sure, and nothing would be allowed anyway, nobody need be asked. */
function unlessStricter(policy: PermissionPolicy, { decision, rule }: RuleVerdict): PermissionPolicy {
  return rule === undefined && policy === "deny" ? "deny" : decision;
}

/** To which policy an agent must be held, so that it asks for what rules decide. */
export function heldTo(
  policy: PermissionPolicy,
  rules: readonly PermissionRule[],
  agent: string,
): PermissionPolicy {
  const others = rules.some((rule) =>
    (rule.agent === undefined || rule.agent === agent) && rule.decision !== policy
  );
  return others ? "ask" : policy;
}
