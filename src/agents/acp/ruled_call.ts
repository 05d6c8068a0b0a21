/** Asks the rules of a run about the tool calls of its agent. */
import type { RunRules } from "../../domain/run_request.ts";
import { pathMatcher } from "../../domain/path_globs.ts";
import { type RuledCall, ruleDecision, type RuleVerdict } from "../../domain/rule_decision.ts";
import { commandOf } from "./permission_places.ts";
import { resolvedGlobs, resolvedPlaces, type ScopeFolders } from "./permission_scope.ts";
import { textOf } from "./wire_value.ts";

export interface RulingOptions {
  rules: RunRules;
  agent: string;
  /** What `~` stands for. */
  home: string | undefined;
}

/** The call as rules look at it. */
export async function ruledCall(
  call: Record<string, unknown>,
  folders: ScopeFolders,
  { agent, home }: Pick<RulingOptions, "agent" | "home">,
): Promise<RuledCall> {
  const places = await resolvedPlaces(call, folders, home);
  return { agent, kind: textOf(call.kind) ?? "other", command: commandOf(call), ...places };
}

/** What the rules say of a call; undefined for nothing. Links may have changed since the last call, so they are looked at anew. */
export async function ruled(
  call: RuledCall,
  { rules, home }: RulingOptions,
): Promise<RuleVerdict | undefined> {
  const globs = await resolvedGlobs(rules.list, home);
  return ruleDecision(rules.list, call, await pathMatcher(globs, rules.root));
}
