/** What the owner's own commands, and agents, show where clients must show a certificate: made anew at each start, and kept nowhere else. */
import type { Clock } from "../clock/clock.ts";
import type { ClientPem } from "../domain/agent_access.ts";
import type { OwnersCertificate } from "../doors/tls/certificate_watch.ts";
import { Authority } from "./issued_certificates.ts";

const DAY_MS = 86_400_000;

/** The key of its authority is dropped, so that it signs nothing else. It says nothing about rights: tokens do. */
export async function ownersCertificate(
  clock: Clock,
): Promise<OwnersCertificate & { certificate: ClientPem }> {
  const now_ms = clock.now();
  // Of no further use once the server has stopped, which may be in years.
  const period = { from_ms: now_ms - DAY_MS, to_ms: now_ms + 3650 * DAY_MS };
  const authority = await Authority.create("opencode-agents owner", period);
  const { cert, key, fingerprint } = await authority.forClient("opencode-agents owner", period);
  return { authority: authority.cert, fingerprint, certificate: { cert, key } };
}
