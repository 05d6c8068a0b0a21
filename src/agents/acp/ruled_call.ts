/** Asks the rules of a run about the tool calls of its agent. */
import { relative } from "node:path";
import { isInside } from "../../domain/path_inside.ts";
import type { RememberedCall } from "../../domain/permission_request.ts";
import { knownBy } from "../../domain/remembered.ts";
import type { RunRules } from "../../domain/run_request.ts";
import { pathMatcher } from "../../domain/path_globs.ts";
import { type RuledCall, ruleDecision, type RuleVerdict } from "../../domain/rule_decision.ts";
import { commandOf } from "./permission_places.ts";
import { resolvedGlobs, resolvedPlaces, type ScopeFolders } from "./permission_scope.ts";
import { textOf } from "./wire_value.ts";

export interface RulingOptions {
  rules: RunRules;
  agent: string;
  /** Where relative globs start. */
  root: string;
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
  { rules, home, root }: RulingOptions,
): Promise<RuleVerdict | undefined> {
  const globs = await resolvedGlobs(rules.list, home);
  return ruleDecision(rules.list, call, await pathMatcher(globs, root));
}

/** What an answer to the call would be remembered for; undefined if nothing tells the call from others. */
export function rememberedCall(
  { agent, kind, command, paths, isTooMuch }: RuledCall,
  root: string,
): RememberedCall | undefined {
  if (isTooMuch) return undefined;
  const places = paths.map((path) => isInside(root, path) ? relative(root, path) || "." : path);
  return knownBy({ agent, kind, command, paths: places });
}
