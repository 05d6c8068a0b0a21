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

interface Kept {
  readonly [name: string]: true | Kept;
}

/**
 * The fields that entries keep, as they are. Prompts, descriptions, messages, variables, parameters and keys are none of them:
 * people write secrets into all of these.
 */
const KEPT: Kept = {
  key: {
    name: true,
    permissions: true,
    expires_in_days: true,
    projects: true,
    tenant: true,
  },
  task: {
    type: true,
    priority: true,
    timeout: true,
    dependencies: true,
    scheduled_time: true,
    recurring: true,
    metadata: {
      project: true,
    },
    execution: {
      agent: true,
      model: true,
      mode: true,
      working_dir: true,
      isolation: true,
      permissions: true,
      max_cost_usd: true,
      max_tokens: true,
      delegate: true,
    },
  },
  changes: {
    priority: true,
    timeout: true,
    dependencies: true,
    scheduled_time: true,
    metadata: {
      project: true,
    },
    execution: {
      agent: true,
      permissions: true,
      max_cost_usd: true,
      max_tokens: true,
    },
  },
  recurring: true,
  scheduled_time: true,
  task_ids: true,
  archived: true,
  fresh: true,
  max_cost_usd: true,
  max_tokens: true,
  question_id: true,
  action: true,
  permission_id: true,
  option_id: true,
  decision: true,
  remember: true,
  method: true,
  into: true,
  include_dependencies: true,
  resolve: true,
  draft: true,
  verdict: true,
  mode: true,
  message_id: true,
  template: true,
  older_than_days: true,
  dry_run: true,
  signal: true,
  limits: true,
  override: true,
  lift_override: true,
  suspend: true,
  resume: true,
  scaling: true,
};

/** Where the names of the fields count, whose values are not kept. */
const NAMED = ["changes", "task"];

/** What a valid request asks for, in the words of the audit log. */
export function askedIn(type: string, request: object, session: Session): Asked {
  return { ...askedBy(type, session), ...keptIn(request) };
}

/** What the log keeps of a valid request. */
export function keptIn(request: object): Pick<Asked, "target" | "details"> {
  const details = keptOf(request, KEPT);
  const { task } = request as { task?: { id?: unknown } };
  // A new task has an id. Of one that is changed, it counts which fields were.
  const changed = NAMED.find((name) =>
    isObject(request, name) && (task?.id === undefined || name !== "task")
  );
  if (changed !== undefined) details.changed = namesIn((request as Record<string, object>)[changed]!);
  return { target: targetOf(request), details };
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

function keptOf(from: object, kept: Kept): Record<string, unknown> {
  const details: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(from)) {
    const how = Object.hasOwn(kept, name) ? kept[name] : undefined;
    if (how === undefined || value === undefined || value === null) continue;
    if (how === true) details[name] = value;
    else if (typeof value === "object") {
      const inner = keptOf(value, how);
      if (Object.keys(inner).length > 0) details[name] = inner;
    }
  }
  return details;
}
