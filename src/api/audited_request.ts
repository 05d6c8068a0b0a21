/** What the audit log keeps of a request: what it is about, and the fields that are listed here. Pure. */
import type { Asked } from "../access/auditor.ts";
import { boundedText } from "../domain/audit/audit_details.ts";
import type { Session } from "./capability.ts";

/** Messages that change nothing, besides those that get, list or request something. Any other leaves an entry. */
const READING: ReadonlySet<string> = new Set([
  "ping",
  "batch",
  "create_report",
  "subscribe_to_updates",
  "unsubscribe_from_updates",
  "verify_audit_log",
]);

/** Whether each message of this type leaves an entry. */
export function isAudited(type: string): boolean {
  return !READING.has(type) && !/^(get|list|request)_/.test(type);
}

/** The fields that say what a request is about; the first that is there counts. */
const TARGETS = ["task_id", "key_id", "session_id", "agent", "pid", "delivery_id", "id", "name"] as const;

/**
 * The fields that entries keep, as they are. Prompts, descriptions, messages, variables, parameters and keys are none of them:
 * people write secrets into all of these.
 */
const KEPT = [
  "key.name",
  "key.permissions",
  "key.expires_in_days",
  "key.projects",
  "key.tenant",
  "task.type",
  "task.priority",
  "task.timeout",
  "task.dependencies",
  "task.scheduled_time",
  "task.recurring",
  "task.metadata.project",
  "task.execution.agent",
  "task.execution.model",
  "task.execution.mode",
  "task.execution.working_dir",
  "task.execution.isolation",
  "task.execution.permissions",
  "task.execution.max_cost_usd",
  "task.execution.max_tokens",
  "task.execution.delegate",
  "changes.priority",
  "changes.timeout",
  "changes.dependencies",
  "changes.scheduled_time",
  "changes.metadata.project",
  "changes.execution.agent",
  "changes.execution.permissions",
  "changes.execution.max_cost_usd",
  "changes.execution.max_tokens",
  "recurring",
  "scheduled_time",
  "task_ids",
  "archived",
  "fresh",
  "max_cost_usd",
  "max_tokens",
  "question_id",
  "action",
  "permission_id",
  "option_id",
  "decision",
  "remember",
  "method",
  "into",
  "include_dependencies",
  "resolve",
  "draft",
  "verdict",
  "mode",
  "message_id",
  "template",
  "older_than_days",
  "dry_run",
  "signal",
  "limits",
  "override",
  "lift_override",
  "suspend",
  "resume",
  "scaling",
].map((path) => path.split("."));

/** Where the names of the fields count, whose values are not kept. */
const NAMED = ["changes", "task"];

/** What a valid request asks for, in the words of the audit log. */
export function askedIn(type: string, request: object, session: Session): Asked {
  const details: Record<string, unknown> = {};
  for (const path of KEPT) keep(path, request, details);
  const { task } = request as { task?: { id?: unknown } };
  // A new task has an id. Of one that is changed, it counts which fields were.
  const changed = NAMED.find((name) =>
    isObject(request, name) && (task?.id === undefined || name !== "task")
  );
  if (changed !== undefined) details.changed = namesIn((request as Record<string, object>)[changed]!);
  return { ...askedBy(type, session), target: targetOf(request), details };
}

/** What a request asks for that was not valid, so that hardly any of it is kept. */
export function triedIn(type: string, message: unknown, session: Session): Asked {
  return { ...askedBy(type, session), target: targetOf(message) };
}

function askedBy(type: string, { actor, limits }: Session): Pick<Asked, "actor" | "ip" | "action"> {
  return { actor, ip: limits.client, action: type };
}

function targetOf(message: unknown): string | undefined {
  if (message === null || typeof message !== "object") return undefined;
  const fields = message as Record<string, unknown>;
  const { id } = fields.task as { id?: unknown } | null ?? {};
  const found = id ?? TARGETS.map((name) => fields[name]).find((value) => value !== undefined);
  return typeof found === "string" || typeof found === "number" ? boundedText(String(found)) : undefined;
}

/** The names of the fields, and of those of their `execution`. */
function namesIn(fields: object): string[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    name === "execution" && value !== null && typeof value === "object"
      ? Object.keys(value).map((inner) => `execution.${inner}`)
      : [name]
  );
}

function isObject(fields: object, name: string): boolean {
  const value = (fields as Record<string, unknown>)[name];
  return value !== null && typeof value === "object";
}

function keep([name, ...rest]: readonly string[], from: unknown, to: Record<string, unknown>): void {
  if (name === undefined || from === null || typeof from !== "object" || !Object.hasOwn(from, name)) return;
  const value = (from as Record<string, unknown>)[name];
  if (value === undefined) return;
  if (rest.length === 0) return void (to[name] = value);
  const inner = (to[name] ?? {}) as Record<string, unknown>;
  keep(rest, value, inner);
  if (Object.keys(inner).length > 0) to[name] = inner;
}
