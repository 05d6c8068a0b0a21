/** What the health report says of the server's certificate. Pure. */
import { isoTime } from "../../clock/clock.ts";
import type { HealthFinding } from "../../protocol/system_messages.ts";

/** How long before its end a certificate is a health issue. */
const SOON_MS = 14 * 86_400_000;

export function certificateFindings(
  { valid_from_ms, valid_to_ms }: { valid_from_ms: number; valid_to_ms: number },
  now_ms: number,
): HealthFinding[] {
  if (now_ms >= valid_to_ms) {
    return [{
      code: "CERTIFICATE_EXPIRED",
      severity: "critical",
      message: `The certificate has expired at ${isoTime(valid_to_ms)}. Replace the files of server.tls`,
    }];
  }
  if (now_ms < valid_from_ms) {
    return [{
      code: "CERTIFICATE_NOT_YET_VALID",
      severity: "critical",
      message: `The certificate is not valid before ${isoTime(valid_from_ms)}`,
    }];
  }
  if (valid_to_ms - now_ms > SOON_MS) return [];
  return [{
    code: "CERTIFICATE_EXPIRES_SOON",
    severity: "warning",
    message: `The certificate expires at ${isoTime(valid_to_ms)}. Replace the files of server.tls`,
  }];
}
