/** Answers of people to permission requests that are remembered: the same call is not asked about again. Pure. */
import * as z from "zod";
import { tenantOf } from "./tenant_id.ts";
import { Actor } from "./actor.ts";
import { PermissionDecision, RememberedCall } from "./permission_request.ts";

/** Where an answer counts: in its task, or in all tasks of its project. */
export const RememberScope = z.enum(["task", "project"]);
export type RememberScope = z.infer<typeof RememberScope>;

export const Remembered = RememberedCall.extend({
  scope: RememberScope,
  task_id: z.string().describe("The task that asked."),
  project: z.string().optional().describe("The project of that task, if the answer counts in all of it."),
  decision: PermissionDecision,
  title: z.string().describe("What the agent asked for."),
  outside: z.array(z.string()).optional().describe(
    "The places outside the task's folders that the call named.",
  ),
  at: z.string().describe("ISO 8601"),
  by: Actor,
});
export type Remembered = z.infer<typeof Remembered>;

/** A call for which an answer may be remembered. */
export interface AskedCall {
  call: RememberedCall;
  /** The places outside the task's folders that it names. */
  outside: readonly string[];
}

/** A command that is longer is not remembered, nor are more files. */
const LONGEST_COMMAND = 8192;
const MOST_PATHS = 50;

/** What the call is known by; undefined if nothing tells it from others. */
export function knownBy(
  { agent, kind, command, paths }: RememberedCall,
): RememberedCall | undefined {
  // For other tools a command is one input of several.
  if (kind === "execute") {
    if (command === undefined) return undefined;
    return command.trim() === "" || command.length > LONGEST_COMMAND ? undefined : { agent, kind, command };
  }
  const all = [...new Set(paths)].sort();
  return all.length === 0 || all.length > MOST_PATHS ? undefined : { agent, kind, paths: all };
}

export function isSameCall(a: RememberedCall, b: RememberedCall): boolean {
  return a.agent === b.agent && a.kind === b.kind && a.command === b.command &&
    JSON.stringify(a.paths) === JSON.stringify(b.paths);
}

/** Whether two answers count in the same place. */
export function isSameScope(a: Remembered, b: Remembered): boolean {
  if (a.scope !== b.scope || tenantOf(a.task_id) !== tenantOf(b.task_id)) return false;
  return a.scope === "task" ? a.task_id === b.task_id : a.project === b.project;
}

/** What was answered to the same call: in the task first, then in its project. */
export function recalled(
  all: Iterable<Remembered>,
  { task_id, project }: { task_id: string; project: string | undefined },
  { call, outside }: AskedCall,
): PermissionDecision | undefined {
  let found: Remembered | undefined;
  for (const one of all) {
    const counts = one.scope === "task"
      ? one.task_id === task_id
      : one.project === project && tenantOf(one.task_id) === tenantOf(task_id);
    if (!counts || !isSameCall(one, call)) continue;
    // The same words may lead elsewhere in another folder.
    const goesOut = outside.some((place) => one.outside?.includes(place) !== true);
    if (one.decision === "allow" && goesOut) continue;
    if (found === undefined || one.scope === "task") found = one;
  }
  return found?.decision;
}
