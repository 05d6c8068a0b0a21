/** The audit log of commands that work on a store's file themselves. */
import { Auditor } from "../access/auditor.ts";
import { keptIn } from "../api/audited_request.ts";
import type { Clock } from "../clock/clock.ts";
import { OWNER } from "../domain/actor.ts";
import { Masker } from "../domain/masking.ts";
import type { Store } from "../store/open.ts";

/** Carries out `work` as if a server had got this request from its owner. */
export type AuditedCommand = <T>(
  request: { type: string } & Record<string, unknown>,
  work: () => Promise<T>,
) => Promise<T>;

export async function auditedCommand(store: Store, clock: Clock): Promise<AuditedCommand> {
  const auditor = new Auditor({ log: await store.openAudit(), masker: new Masker([]), clock });
  return async (request, work) => {
    try {
      return await auditor.during({ actor: OWNER, action: request.type, ...keptIn(request) }, work);
    } finally {
      await auditor.close();
    }
  };
}
