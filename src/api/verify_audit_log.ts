import { isoTime } from "../clock/clock.ts";
import { BEGINNING_HASH } from "../domain/audit/audit_entry.ts";
import { keptAudit } from "./auditing.ts";
import { capability } from "./capability.ts";

export const verifyAuditLog = capability({
  type: "verify_audit_log",
  doc:
    "Computes the chain of the audit log again: whether an entry was changed, removed, inserted or moved. `head` is the hash of " +
    "the last entry; keep it elsewhere, and `audit verify FILE --head HASH` finds a log whose end was cut off.",
  permission: "admin",
  isSlow: true,
  limit: "log_queries_per_minute",
  errors: ["SERVICE_UNAVAILABLE"],
  example: { type: "verify_audit_log" },
  handle: async (_request, { audit, clock }) => {
    const kept = keptAudit(audit);
    await kept.settled();
    const { log } = kept;
    const reports = await log.verify();
    const bad = reports.find(({ ok }) => !ok);
    return {
      ok: bad === undefined,
      entries: reports.reduce((sum, { entries }) => sum + entries, 0),
      first_bad_seq: bad?.first_bad_seq,
      head: reports.find(({ node }) => node === log.node)?.head.hash ?? BEGINNING_HASH,
      chains: reports.map(({ head, ...report }) => ({ ...report, head_seq: head.seq, head: head.hash })),
      timestamp: isoTime(clock.now()),
    };
  },
});
