/** Where requests meet the audit log: each that changes something leaves an entry, and each that is refused is noted. */
import type { Auditor } from "../access/auditor.ts";
import { ApiError } from "../domain/errors.ts";
import { askedIn, isAudited, triedIn } from "./audited_request.ts";
import type { Session } from "./capability.ts";

/** Handles a valid request. */
export function audited(
  audit: Auditor,
  { type, request, session }: { type: string; request: object; session: Session },
  handle: () => object | Promise<object>,
): object | Promise<object> {
  if (isAudited(type)) return audit.during(askedIn(type, request, session), handle);
  const noted = (error: unknown): never => {
    audit.noteRefusal(triedIn(type, request, session), error);
    throw error;
  };
  try {
    const answer = handle();
    return answer instanceof Promise ? answer.catch(noted) : answer;
  } catch (error) {
    return noted(error);
  }
}

/**
 * A request has failed before it was handled. `type`: undefined if the server knows none of its name. Resolves when its entry is
 * stored; returns nothing if nobody has to wait.
 */
export function auditFailure(
  audit: Auditor,
  { type, message, session }: { type: string | undefined; message: unknown; session: Session },
  error: unknown,
): Promise<void> | undefined {
  const tried = triedIn(type ?? "unknown", message, session);
  if (type !== undefined && isAudited(type)) return audit.failed(tried, error);
  audit.noteRefusal(tried, error);
}

/** Throws `SERVICE_UNAVAILABLE` if no audit log is kept. */
export function keptAudit(audit: Auditor | undefined): Auditor {
  if (audit) return audit;
  throw new ApiError("SERVICE_UNAVAILABLE", "This server keeps no audit log", {
    field: "audit.enabled",
    expected: 'audit.enabled: true, or security.auth: "required"',
  });
}
