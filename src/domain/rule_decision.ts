/**
 * What permission rules say about a tool call: the first that matches decides. An `allow` needs to be sure of all that the call
 * does; for a `deny` and an `ask` it is enough that a part of it may be meant, whatever a shell puts in for itself. Pure.
 */
import { matchesCommand, mayMatchCommand } from "./command_glob.ts";
import type { PermissionRule } from "./permission_rule.ts";
import { quoted, shellParts } from "./shell_parts.ts";
import { allCommands, fromProgram, type Started, startedBy } from "./started_commands.ts";
import type { PermissionPolicy } from "./task.ts";
import { isKnown } from "./unknown_text.ts";

/** A tool call as rules look at it. */
export interface RuledCall {
  /** The agent's name in the configuration. */
  agent: string;
  kind: string;
  /** What a shell is to run, if the call tells. */
  command?: string;
  /** The files that the call names, resolved. */
  paths: readonly string[];
  /** What may be files in its command, resolved. */
  mentions: readonly string[];
  /** The call names more files than are looked at. */
  isTooMuch: boolean;
}

/** Whether a resolved file is one of those that a rule's glob means. `isWide`: rather one too many than one too few. */
export type MatchesPath = (glob: string, path: string, isWide: boolean) => boolean;

export interface RuleVerdict {
  decision: PermissionPolicy;
  /** The rule that decided; absent if one only made it uncertain. */
  rule?: PermissionRule;
  /** The rule means what the call could be: a shell puts in some of its command for itself. */
  isSuspicion?: boolean;
}

/** The rule that decided, in words; undefined if none did. */
export function ruleWords({ rule, isSuspicion }: RuleVerdict): string | undefined {
  if (rule === undefined) return undefined;
  const { decision, command, path, kind, agent } = rule;
  const what = [kind, command, path, agent && `of ${agent}`].filter((one) => one !== undefined).join(" ");
  const rest = isSuspicion ? ", since it is not certain what this runs" : "";
  return `${decision} ${what === "" ? "everything" : what}${rest}`;
}

/** Undefined: no rule matches, and none could. */
export function ruleDecision(
  rules: readonly PermissionRule[],
  call: RuledCall,
  matchesPath: MatchesPath,
): RuleVerdict | undefined {
  return decided(rules, call, matchesPath, 0);
}

/** More programs than start each other in a command that is allowed. */
const MOST_DEEP = 5;

function decided(
  rules: readonly PermissionRule[],
  call: RuledCall,
  matchesPath: MatchesPath,
  depth: number,
): RuleVerdict | undefined {
  let isUncertain = false;
  for (const rule of rules) {
    if (rule.agent !== undefined && rule.agent !== call.agent) continue;
    if (rule.kind !== undefined && rule.kind !== call.kind) continue;
    if (rule.decision === "allow") {
      if (!isAllowed(rule, call, matchesPath)) continue;
      const isCommand = call.kind === "execute" || call.command !== undefined;
      if (isCommand && !isWhollyAllowed(rules, call, matchesPath, depth)) continue;
      return isUncertain ? { decision: "ask" } : { decision: "allow", rule };
    }
    const match = held(rule, call, matchesPath);
    if (match === "yes") return { decision: rule.decision, rule };
    if (match === "maybe") return { decision: rule.decision, rule, isSuspicion: true };
    if (match === "unknown") isUncertain = true;
  }
  return isUncertain ? { decision: "ask" } : undefined;
}

function isAllowed({ path, command }: PermissionRule, call: RuledCall, matchesPath: MatchesPath): boolean {
  if (command !== undefined) {
    if (call.kind !== "execute" || call.command === undefined) return false;
    if (!matchesCommand(command, call.command.trim())) return false;
  }
  if (path === undefined) return true;
  const all = [...call.paths, ...call.mentions];
  return !call.isTooMuch && call.paths.length > 0 && all.every((one) => matchesPath(path, one, false));
}

/** Whether a command is one program, and what that starts is allowed too. */
function isWhollyAllowed(
  rules: readonly PermissionRule[],
  call: RuledCall,
  matchesPath: MatchesPath,
  depth: number,
): boolean {
  if (call.command === undefined || depth > MOST_DEEP) return false;
  const { parts, isPlain } = shellParts(call.command);
  // What stands for unknown text comes from here alone.
  if (!isPlain || depth === 0 && !isKnown(call.command)) return false;
  const started = startedBy(fromProgram(parts[0] ?? []));
  if (started === "unclear") return false;
  return started.every((one) => {
    const inner = { ...call, command: textOf(one) };
    return decided(rules, inner, matchesPath, depth + 1)?.decision === "allow";
  });
}

/** Whether a rule that denies or asks means the call. */
function held(rule: PermissionRule, call: RuledCall, matchesPath: MatchesPath): Held {
  const matches = [commandHeld(rule, call), pathHeld(rule, call, matchesPath)];
  return (["no", "unknown", "maybe"] as const).find((one) => matches.includes(one)) ?? "yes";
}

type Held = "yes" | "maybe" | "no" | "unknown";

function commandHeld({ command: glob }: PermissionRule, { kind, command }: RuledCall): Held {
  if (glob === undefined) return "yes";
  if (command === undefined) return kind === "execute" ? "unknown" : "no";
  const all = [[command.trim()], ...allCommands(command)];
  const found = all.filter((words) => mayMatchCommand(glob, words));
  if (found.length > 0) return found.some((words) => words.every(isKnown)) ? "yes" : "maybe";
  return shellParts(command).parts.length === 0 && command.trim() !== "" ? "unknown" : "no";
}

function pathHeld({ path }: PermissionRule, call: RuledCall, matchesPath: MatchesPath): Held {
  if (path === undefined) return "yes";
  const all = [...call.paths, ...call.mentions];
  if (all.some((one) => matchesPath(path, one, true))) return "yes";
  return call.paths.length === 0 || call.isTooMuch ? "unknown" : "no";
}

/** Words as a shell would have to read them to get them. */
function textOf(started: Started): string {
  return "script" in started ? started.script : quoted(started.words);
}
