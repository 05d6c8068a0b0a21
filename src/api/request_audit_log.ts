import { isoTime } from "../clock/clock.ts";
import { auditMatcher } from "../domain/audit/audit_filter.ts";
import { auditPage } from "../store/audit/audit_pages.ts";
import { keptAudit } from "./auditing.ts";
import { capability } from "./capability.ts";

export const requestAuditLog = capability({
  type: "request_audit_log",
  doc:
    "Returns entries of the audit log that match a filter, in pages, by default the newest first. Each change, each sign-in and " +
    "each refusal has one; refusals of the same client within a minute are summed up.",
  permission: "admin",
  showsInnerIds: true,
  errors: ["FILTER_VALIDATION_ERROR", "SERVICE_UNAVAILABLE"],
  example: {
    type: "request_audit_log",
    filter: { action: "revoke_key", outcome: "ok", start: "2026-11-01T00:00:00Z" },
    limit: 50,
  },
  handle: async ({ filter = {}, limit, cursor, order }, { audit, clock, scopeOf }, { identity }) => {
    const kept = keptAudit(audit);
    await kept.settled();
    const matches = auditMatcher(filter, scopeOf(identity)?.tenant);
    const page = await auditPage(kept.log, { matches, limit, cursor, order });
    return { ...page, timestamp: isoTime(clock.now()) };
  },
});
