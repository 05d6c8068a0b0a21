/** Which entries of the audit log somebody asks for. Pure. */
import { epochOf } from "../../clock/clock.ts";
import { outerId } from "../tenant_id.ts";
import type { AuditEntry, AuditOutcome } from "./audit_entry.ts";

export interface AuditFilter {
  /** The id of the actor; its kind if it has no id, such as `owner`. */
  actor?: string;
  action?: string;
  target?: string;
  outcome?: AuditOutcome;
  /** ISO 8601; entries of this time are included. */
  start?: string;
  end?: string;
}

/** `tenant`: the only one whose entries are seen. */
export function auditMatcher(filter: AuditFilter, tenant?: string): (entry: AuditEntry) => boolean {
  const { actor, action, target, outcome } = filter;
  const start_ms = filter.start === undefined ? -Infinity : epochOf(filter.start);
  const end_ms = filter.end === undefined ? Infinity : epochOf(filter.end);
  return (entry) => {
    const at_ms = epochOf(entry.time);
    return (tenant === undefined || entry.actor.tenant === tenant) &&
      (actor === undefined || (entry.actor.id ?? entry.actor.kind) === actor) &&
      (action === undefined || entry.action === action) &&
      (target === undefined || isAbout(entry, target, tenant !== undefined)) &&
      (outcome === undefined || entry.outcome === outcome) &&
      at_ms >= start_ms && at_ms <= end_ms;
  };
}

/** A message may be about several tasks, which its details name. `isOfTenant`: the wanted id is as its tenant calls it. */
function isAbout({ target, details }: AuditEntry, wanted: string, isOfTenant: boolean): boolean {
  const { task_ids } = details as { task_ids?: unknown };
  const ids = [target, ...Array.isArray(task_ids) ? task_ids : []].filter((id) => typeof id === "string");
  return ids.some((id) => id === wanted || (isOfTenant && outerId(id) === wanted));
}
